using Smvl.Formats;
using Smvl.Models;
using Smvl.Tensors;

namespace Smvl.Training;

/// <summary>
/// <c>trained_rows.safetensors</c> of a checkpoint: the float32 masters of rows whose matrices are stored in a narrower type, so that a
/// run continues from what it had. A run that trains no such rows has no such file.
/// </summary>
internal static class TrainedRowsFile
{
    private const string FileName = "trained_rows.safetensors";

    public static void Write(string folder, VisionLanguageModel model)
    {
        Parameter[] masters = [.. model.RowMasters];
        if (masters.Length > 0)
        {
            SafetensorsWriter.Write(Path.Combine(folder, FileName), masters.Select(rows => TensorSource.From(rows.Name, rows.Value)));
        }
    }

    /// <exception cref="SmvlException">the file is missing, or of another set of rows</exception>
    public static void Read(string folder, VisionLanguageModel model)
    {
        Parameter[] masters = [.. model.RowMasters];
        if (masters.Length == 0)
        {
            return;
        }

        using SafetensorsFile file = SafetensorsFile.Open(Path.Combine(folder, FileName));
        foreach (Parameter rows in masters)
        {
            if (!file.Tensors.TryGetValue(rows.Name, out Tensor? stored) || stored.Shape != rows.Shape || stored.DType != DType.F32)
            {
                throw new SmvlException(
                    $"the checkpoint lacks {rows.Name}", file.Path, $"F32{rows.Shape}", stored?.ToString() ?? "none", "start a new run in another output_dir");
            }

            using Tensor imported = model.Backend.Import(stored);
            model.Backend.Copy(rows.Value, imported);
        }

        model.StoreTrainedRows();
    }
}
