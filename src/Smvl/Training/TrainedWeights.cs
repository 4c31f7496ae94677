using Smvl.Formats;
using Smvl.Models;

namespace Smvl.Training;

/// <summary>The trained tensors of a checkpoint, a model's or an adapter's, taken back into the model that they were saved from.</summary>
internal static class TrainedWeights
{
    /// <param name="model">whose trainable parameters, and matrices of which rows are trained, are overwritten; the others are what they were</param>
    /// <param name="checkpoint">a folder that the same run wrote</param>
    /// <exception cref="SmvlException">a file missing or damaged, or another model's</exception>
    public static void Read(VisionLanguageModel model, string checkpoint)
    {
        if (model.Adapters is not null)
        {
            AdapterFolder.Load(model, checkpoint);
            return;
        }

        using CheckpointFolder folder = CheckpointFolder.Open(checkpoint);
        NameTable names = model.TakesPictures ? NameTable.For(model.Config) : NameTable.TextSource(model.TextConfig);
        IReadOnlyDictionary<string, Tensors.Tensor> stored = CheckpointWeights.Bind(folder, names);
        foreach (Parameter parameter in model.Parameters.Where(parameter => parameter.Trainable || parameter.Rows is not null))
        {
            using Tensors.Tensor imported = model.Backend.Import(stored[parameter.Name]);
            model.Backend.Copy(parameter.Value, imported);
        }
    }
}
