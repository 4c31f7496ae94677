using Smvl.Formats;
using Smvl.Formats.Gguf;
using Smvl.Tensors;

namespace Smvl.Models;

/// <summary>A GGUF file's tensors under our names, strictly: every tensor of the table found with its shape and a type that is computed with, every tensor found used.</summary>
internal static class GgufWeights
{
    /// <summary>Our name to the mapped tensor; valid while <paramref name="file"/> is open.</summary>
    /// <param name="file">a text model, or an mmproj</param>
    /// <param name="rows">all of the table's rows that belong into this file</param>
    /// <exception cref="SmvlException">a tensor missing, unknown, or of another shape or type</exception>
    public static IEnumerable<KeyValuePair<string, Tensor>> Bind(GgufFile file, IReadOnlyList<TensorName> rows)
    {
        HashSet<string> known = [.. rows.Select(row => row.Gguf)];
        string[] missing = [.. known.Where(name => !file.Tensors.ContainsKey(name))];
        string[] unknown = [.. file.Tensors.Keys.Where(name => !known.Contains(name))];
        if (missing.Length > 0 || unknown.Length > 0)
        {
            throw new SmvlException(
                missing.Length > 0 ? $"{missing.Length} tensors are missing" : $"{unknown.Length} tensors belong to no part of the model",
                file.Path,
                missing.Length > 0 ? NameList.Of(missing) : null,
                unknown.Length > 0 ? "not known: " + NameList.Of(unknown) : null,
                "the file's keys must describe its tensors");
        }

        return [.. rows.Select(row => KeyValuePair.Create(row.Ours, Checked(file, row)))];
    }

    private static Tensor Checked(GgufFile file, TensorName row)
    {
        Tensor tensor = file.Tensors[row.Gguf];
        if (tensor.Shape != row.Shape)
        {
            throw new SmvlException(
                $"tensor {row.Gguf} has another shape than the file's keys say", file.Path, $"{row.Shape}", $"{tensor.Shape}",
                "the file's keys must describe its tensors");
        }

        bool isMatrix = VisionLanguageModel.IsMatrix(row);
        return tensor.DType.IsFloat() || (isMatrix && tensor.DType.IsQuantized())
            ? tensor
            : throw new SmvlException(
                $"tensor {row.Gguf} has a type that is not computed with", file.Path,
                isMatrix ? "F32, F16, BF16, Q8_0, Q4_0, Q4_K or Q6_K" : "F32, F16 or BF16", $"{tensor.DType}");
    }
}
