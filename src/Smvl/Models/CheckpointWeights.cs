using Smvl.Formats;
using Smvl.Tensors;

namespace Smvl.Models;

/// <summary>
/// A folder's tensors under our names, strictly: every tensor of the table found with its shape and a float type, every tensor
/// found used, or known to be none of this model's.
/// </summary>
public static class CheckpointWeights
{
    /// <summary>Our name to the mapped tensor; valid while <paramref name="folder"/> is open.</summary>
    /// <exception cref="SmvlException">a tensor missing, unknown, or of another shape or type; a tied head that is no copy</exception>
    public static IReadOnlyDictionary<string, Tensor> Bind(CheckpointFolder folder, NameTable table)
    {
        var known = table.ToDictionary(row => row.HuggingFace);
        string[] missing = [.. table.Where(row => !folder.Tensors.ContainsKey(row.HuggingFace)).Select(row => row.HuggingFace)];
        string[] unknown = [.. folder.Tensors.Keys.Where(name => !known.ContainsKey(name) && !table.IsTiedHead(name) && !table.MayBeUnused(name))];
        if (missing.Length > 0 || unknown.Length > 0)
        {
            throw new SmvlException(
                missing.Length > 0 ? $"{missing.Length} tensors are missing" : $"{unknown.Length} tensors belong to no part of the model",
                folder.Folder,
                missing.Length > 0 ? NameList.Of(missing) : null,
                unknown.Length > 0 ? "not known: " + NameList.Of(unknown) : null,
                "config.json must describe the weights beside it");
        }

        var weights = new Dictionary<string, Tensor>();
        foreach (TensorName row in table)
        {
            weights.Add(row.Ours, Checked(folder, row));
        }

        CheckTiedHead(folder, table);
        return weights;
    }

    private static Tensor Checked(CheckpointFolder folder, TensorName row)
    {
        Tensor tensor = folder.Tensors[row.HuggingFace];
        if (tensor.Shape != row.Shape)
        {
            throw new SmvlException(
                $"tensor {row.HuggingFace} has another shape than config.json says",
                folder.FileOf(row.HuggingFace),
                $"{row.Shape}",
                $"{tensor.Shape}",
                "config.json must describe the weights beside it");
        }

        return tensor.DType.IsFloat()
            ? tensor
            : throw new SmvlException(
                $"tensor {row.HuggingFace} is no weight", folder.FileOf(row.HuggingFace), "F32, F16 or BF16", $"{tensor.DType}", "quantized checkpoints are not read");
    }

    /// <summary>Published checkpoints store a tied head as a copy of the embedding: compared here, then left alone.</summary>
    private static void CheckTiedHead(CheckpointFolder folder, NameTable table)
    {
        string? head = folder.Tensors.Keys.FirstOrDefault(table.IsTiedHead);
        if (head is not null && table.TiedEmbedding is TensorName embedding && !HostBytes.Equal(folder.Tensors[head], folder.Tensors[embedding.HuggingFace]))
        {
            throw new SmvlException(
                $"tensor {head} differs from {embedding.HuggingFace}",
                folder.FileOf(head),
                "a copy of it, as config.json ties them",
                "other values",
                "set tie_word_embeddings to false in config.json if the head is its own");
        }
    }
}
