using Smvl.Formats;
using Smvl.Tensors;
using Smvl.Text;

namespace Smvl.Models;

/// <summary>What <see cref="CheckpointInitializer"/> makes.</summary>
/// <param name="Preset">one of <see cref="Presets.Names"/></param>
/// <param name="Output">a new or empty folder</param>
/// <param name="Seed">the same seed, the same weights</param>
/// <param name="Tokenizer">a folder whose tokenizer files are copied</param>
public sealed record InitializeOptions(string Preset, string Output, long Seed = InitializeOptions.DefaultSeed, string? Tokenizer = null)
{
    public const long DefaultSeed = 42;

    /// <summary>Cores that draw the weights.</summary>
    public int Threads { get; init; } = ThreadCount.Default;
}

/// <summary>
/// Makes a checkpoint folder of random weights that looks like a published one: bf16, normal with deviation 0.02, norms one,
/// biases zero (what the models' own initialisation gives). The weights depend on preset and seed only.
/// </summary>
public static class CheckpointInitializer
{
    private const double Deviation = 0.02;

    /// <param name="options">which model, and where</param>
    /// <param name="notice">gets a line where something the tokenizer's files leave open is read as Qwen3 has it</param>
    /// <param name="progress">gets the share of bytes written, 0 to 1</param>
    /// <param name="cancellation">stops between two pieces and leaves nothing behind</param>
    /// <exception cref="SmvlException">no such preset, an output folder that is not empty, a tokenizer that does not fit</exception>
    /// <returns>parameters made</returns>
    public static long Initialize(
        InitializeOptions options, Action<string>? notice = null, Action<double>? progress = null, CancellationToken cancellation = default)
    {
        using StagedFolder staged = StagedFolder.Create(options.Output);
        Presets.WriteFiles(options.Preset, staged.Path);
        (NameTable table, TextConfig text) = Describe(staged.Path);
        if (options.Tokenizer is not null)
        {
            TokenizerCopy.Copy(options.Tokenizer, staged.Path, text, markers: [], notice: notice);
        }
        else
        {
            WriteStandIn(staged.Path, text);
        }

        CheckpointWriter.Write(staged.Path, [.. table.Select(row => Initial(row, options, cancellation))], progress: progress);
        staged.Commit();
        return table.Sum(row => row.Shape.Count);
    }

    private static (NameTable Table, TextConfig Text) Describe(string folder)
    {
        if (ConfigFile.Kind(folder) == CheckpointKind.Qwen3)
        {
            TextConfig text = ConfigFile.ReadTextSource(folder);
            return (NameTable.TextSource(text), text);
        }

        ModelConfig config = ConfigFile.ReadSmolVlm(folder);
        return (NameTable.SmolVlm(config), config.Text);
    }

    /// <summary>Bytes as tokens, with the special tokens where the configuration has their ids.</summary>
    private static void WriteStandIn(string folder, TextConfig text)
    {
        if (ConfigFile.Kind(folder) == CheckpointKind.Qwen3)
        {
            StandInTokenizer.Write(folder, QwenTokens.From(text.BosTokenId!.Value), QwenTokens.MessageEnd, QwenTokens.EndOfText);
            return;
        }

        int imageId = ConfigFile.ReadSmolVlm(folder).ImageTokenId;
        IReadOnlyList<AddedToken> tokens = new[] { SmolVlmTokens.Published, SmolVlmTokens.From(StandInTokenizer.Bytes) }
            .First(list => list.Any(token => token.Content == SmolVlmTokens.Image && token.Id == imageId));
        StandInTokenizer.Write(folder, tokens, SmolVlmTokens.End, SmolVlmTokens.Pad);
    }

    private static TensorSource Initial(TensorName row, InitializeOptions options, CancellationToken cancellation) =>
        row.Ours.EndsWith(".bias", StringComparison.Ordinal) ? InitialWeights.Constant(row.HuggingFace, DType.BF16, row.Shape, 0)
        : row.Shape.Rank == 1 ? InitialWeights.Constant(row.HuggingFace, DType.BF16, row.Shape, 1)   // the norms
        : InitialWeights.Normal(row.HuggingFace, DType.BF16, row.Shape, options.Seed, Deviation, options.Threads, cancellation);
}
