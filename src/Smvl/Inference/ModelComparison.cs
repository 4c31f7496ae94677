using Smvl.Models;
using Smvl.Tensors;

namespace Smvl.Inference;

/// <summary>What a comparison found.</summary>
/// <param name="Text">over the prompts without a picture</param>
/// <param name="Pictures">over those with one</param>
public sealed record ModelDistance(TokenDivergence Text, TokenDivergence Pictures)
{
    public TokenDivergence All => Text + Pictures;
}

/// <summary>
/// Two models over the same prompts, side by side: each reads the whole prompt as it stands (teacher forcing), and their next-token
/// distributions are compared. Logits are in memory for some positions at a time.
/// </summary>
internal static class ModelComparison
{
    /// <summary>Positions whose logits of both models are in memory at a time; of Qwen's vocabulary 78 MB.</summary>
    private const int PositionsAtOnce = 64;

    /// <param name="expected">the folder, which also lays the prompts out</param>
    /// <param name="actual">a model of the same vocabulary; one that takes no pictures is not shown any</param>
    /// <param name="prompts">what both read</param>
    /// <param name="progress">gets the share of tokens read, 0 to 1</param>
    /// <param name="cancellation">heard between blocks of the models</param>
    /// <exception cref="SmvlException">a prompt does not fit, or logits are not finite</exception>
    public static ModelDistance Compare(
        ModelFolder expected, VisionLanguageModel actual, ComparisonPrompts prompts, Action<double>? progress = null,
        CancellationToken cancellation = default) =>
        Compare(
            expected.Model, actual, [.. prompts.Prepare(expected).Where(item => actual.TakesPictures || !item.HasPicture)], progress, cancellation);

    /// <summary>The same over prompts that somebody else laid out.</summary>
    public static ModelDistance Compare(
        VisionLanguageModel expected, VisionLanguageModel actual, IReadOnlyList<(Prompt Prompt, bool HasPicture)> prompts, Action<double>? progress,
        CancellationToken cancellation)
    {
        double total = prompts.Sum(item => item.Prompt.Ids.Length);
        long read = 0;
        TokenDivergence text = TokenDivergence.None, pictures = TokenDivergence.None;
        foreach ((Prompt prompt, bool hasPicture) in prompts)
        {
            TokenDivergence found = Compare(expected, actual, prompt, cancellation);
            (text, pictures) = hasPicture ? (text, pictures + found) : (text + found, pictures);
            progress?.Invoke((read += prompt.Ids.Length) / total);
        }

        return new ModelDistance(text, pictures);
    }

    /// <summary>Over all positions but those before an image row, which no model ever chooses.</summary>
    private static TokenDivergence Compare(VisionLanguageModel expected, VisionLanguageModel actual, Prompt prompt, CancellationToken cancellation)
    {
        int image = expected.Config.ImageTokenId, width = expected.TextConfig.VocabularySize;
        int[] positions = [.. Enumerable.Range(0, prompt.Ids.Length).Where(t => t == prompt.Ids.Length - 1 || prompt.Ids[t + 1] != image)];
        using Tensor expectedRows = expected.Hidden(prompt, cancellation);
        using Tensor actualRows = actual.Hidden(prompt, cancellation);
        float[] wanted = new float[PositionsAtOnce * width], got = new float[PositionsAtOnce * width];
        TokenDivergence result = TokenDivergence.None;
        foreach (int[] some in positions.Chunk(PositionsAtOnce))
        {
            cancellation.ThrowIfCancellationRequested();
            Download(expected, expectedRows, some, wanted);
            Download(actual, actualRows, some, got);
            for (int i = 0; i < some.Length; i++)
            {
                result += TokenDivergence.Of(wanted.AsSpan(i * width, width), got.AsSpan(i * width, width));
            }
        }

        return double.IsFinite(result.MeanKl)
            ? result
            : throw new SmvlException("logits are not finite", "comparison", hint: "the weights are damaged or their training diverged");
    }

    private static void Download(VisionLanguageModel model, Tensor rows, ReadOnlySpan<int> positions, Span<float> logits)
    {
        using Tensor some = model.Logits(rows, positions);
        model.Backend.Download(some, logits[..(int)some.Count]);
    }
}
