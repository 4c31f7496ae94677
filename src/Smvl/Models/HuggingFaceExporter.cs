using Smvl.Formats;
using Smvl.Tensors;
using Smvl.Tensors.Cpu;
using Smvl.Text;
using Smvl.Training;

namespace Smvl.Models;

/// <summary>What <see cref="HuggingFaceExporter"/> writes.</summary>
/// <param name="Folder">a spliced or trained folder</param>
/// <param name="Output">a new or empty folder</param>
public sealed record HuggingFaceExportOptions(string Folder, string Output)
{
    /// <summary>Most bytes of tensors in one file.</summary>
    public long ShardBytes { get; init; } = CheckpointWriter.DefaultShardBytes;

    /// <summary>What the model card cannot know from the folder.</summary>
    public ModelCardFacts Facts { get; init; } = new();

    /// <summary>Cores to compute on.</summary>
    public int Threads { get; init; } = ThreadCount.Default;
}

/// <summary>
/// Writes a folder's model for others: every tensor in bfloat16, frozen and trained alike, with all that stock transformers loads and a
/// model card, and nothing of the run's state. The output appears whole or not at all.
/// </summary>
public static class HuggingFaceExporter
{
    public const string CardName = "README.md";

    /// <param name="options">what to write, and where</param>
    /// <param name="check">looks at the written folder before it gets its place; what it throws leaves nothing behind</param>
    /// <param name="notice">gets a line where the folder leaves something open</param>
    /// <param name="progress">gets the share of bytes written, 0 to 1</param>
    /// <param name="cancellation">stops between two pieces and leaves nothing behind</param>
    /// <exception cref="SmvlException">a folder that is not whole, or an output that is not empty</exception>
    public static void Export(
        HuggingFaceExportOptions options, Action<ModelFolder, string>? check = null, Action<string>? notice = null,
        Action<double>? progress = null, CancellationToken cancellation = default)
    {
        using CpuBackend backend = new(options.Threads);
        using ModelFolder model = ModelFolder.Open(options.Folder, backend, notice);
        string name = Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(options.Output)));
        string card = ModelCard.Of(model, name, options.Facts);
        using StagedFolder staged = StagedFolder.Create(options.Output);
        model.WriteAs(staged.Path, DType.BF16, options.ShardBytes, progress, cancellation);
        string template = Path.Combine(staged.Path, ChatTemplate.FileName);
        if (!File.Exists(template))
        {
            File.WriteAllText(template, ChatTemplate.Jinja);
        }

        File.WriteAllText(Path.Combine(staged.Path, CardName), card);
        check?.Invoke(model, staged.Path);
        staged.Commit();
    }
}
