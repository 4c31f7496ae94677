using Smvl.Inference;
using Smvl.Tensors;
using Smvl.Tensors.Cpu;

namespace Smvl.Models;

/// <summary>How far an export is from its folder.</summary>
/// <param name="LargestWeightDifference">of a weight and its rounding</param>
/// <param name="Distance">of next-token distributions</param>
public sealed record HuggingFaceVerification(double LargestWeightDifference, ModelDistance Distance);

/// <summary>
/// Reads an export again and holds it against its folder: every tensor is the source's rounded to bfloat16, extents and special ids are the
/// same, texts and a picture become the same ids and tiles, and both answer alike.
/// </summary>
public static class HuggingFaceVerifier
{
    /// <summary>
    /// What rounding float32 weights to bfloat16 (2⁻⁹ of each) may change of the logarithm of a likely token's probability; nothing
    /// changes where they were bfloat16 before. Another configuration than the weights' changes it by more.
    /// </summary>
    private const double Bound = 1;

    /// <param name="source">the folder, opened</param>
    /// <param name="folder">what was written</param>
    /// <param name="prompts">what both read</param>
    /// <param name="progress">gets the share done, 0 to 1: the tensors are a half, the answers the other</param>
    /// <param name="cancellation">heard between tensors and between blocks of the models</param>
    /// <exception cref="SmvlException">a mismatch</exception>
    public static HuggingFaceVerification Verify(
        ModelFolder source, string folder, ComparisonPrompts prompts, Action<double>? progress = null, CancellationToken cancellation = default)
    {
        using ModelFolder written = ModelFolder.Open(folder, source.Model.Backend);
        double largest = 0, total = source.Model.Parameters.Sum(parameter => parameter.Shape.Count);
        long compared = 0;
        foreach ((Parameter expected, Parameter actual) in source.Model.Parameters.Zip(written.Model.Parameters))
        {
            cancellation.ThrowIfCancellationRequested();
            largest = Math.Max(largest, CompareTensor(folder, expected, actual));
            progress?.Invoke((compared += expected.Shape.Count) / total / 2);
        }

        CompareSettings(source, written, prompts);
        ModelDistance distance = ModelComparison.Compare(source, written.Model, prompts, share => progress?.Invoke(0.5 + (share / 2)), cancellation);
        double bound = largest == 0 ? 0 : Bound;
        return distance.All.LargestDifference <= bound
            ? new HuggingFaceVerification(largest, distance)
            : throw new SmvlException(
                "the written model answers otherwise than its source", folder, $"log-probabilities within {bound}", $"{distance.All.LargestDifference:g3} apart");
    }

    /// <summary>Nothing but the rounding may differ; returns the most that it did.</summary>
    private static double CompareTensor(string folder, Parameter expected, Parameter actual)
    {
        if (actual.Name != expected.Name || actual.Shape != expected.Shape || actual.StoredDType != DType.BF16)
        {
            throw Differs($"{expected.Name} {expected.Shape} in BF16", $"{actual.Name} {actual.Shape} in {actual.StoredDType}");
        }

        int width = expected.Shape.Width;
        float[] wanted = new float[width], got = new float[width], rounded = new float[width];
        ushort[] narrow = new ushort[width];
        double largest = 0;
        for (int row = 0; row < expected.Shape.Rows; row++)
        {
            FloatConversion.ToSingle(expected.Value, (long)row * width, wanted);
            FloatConversion.ToSingle(actual.Value, (long)row * width, got);
            FloatConversion.NarrowToBFloat16(wanted, narrow);
            FloatConversion.WidenBFloat16(narrow, rounded);
            for (int i = 0; i < width; i++)
            {
                // a NaN equals none, and a weight that rounds to infinity is no weight any more
                if (got[i] != rounded[i] || !float.IsFinite(got[i]))
                {
                    throw Differs($"{rounded[i]:g6} at [{row}, {i}]", $"{got[i]:g6}");
                }

                largest = Math.Max(largest, Math.Abs((double)got[i] - wanted[i]));
            }
        }

        return largest;

        SmvlException Differs(string wanted, string got) =>
            new($"tensor {expected.Name} is not its source's, rounded", folder, wanted, got, "the disk or the memory is not to be trusted, or the weights are not finite");
    }

    private static void CompareSettings(ModelFolder source, ModelFolder written, ComparisonPrompts prompts)
    {
        (ModelConfig expected, ModelConfig actual) = (WithoutEnds(source.Model.Config), WithoutEnds(written.Model.Config));
        if (expected != actual || !source.Generation.EosTokenIds.SequenceEqual(written.Generation.EosTokenIds))
        {
            throw new SmvlException("extents or special ids are not the source's", written.Path, $"{expected}", $"{actual}");
        }

        int channels = expected.Vision.ChannelCount;
        if (Enumerable.Range(0, channels).Any(channel => Normalisation(source, channel) != Normalisation(written, channel)))
        {
            throw new SmvlException("pictures are not normalised as at the source", written.Path);
        }

        foreach (((Prompt wanted, _), (Prompt got, _)) in prompts.Prepare(source).Zip(prompts.Prepare(written)))
        {
            if (!wanted.Ids.SequenceEqual(got.Ids) || !wanted.Tiles.Zip(got.Tiles).All(pair => pair.First.Span.SequenceEqual(pair.Second.Span)))
            {
                throw new SmvlException("a prompt has other ids or tiles than at its source", written.Path, string.Join(' ', wanted.Ids), string.Join(' ', got.Ids));
            }
        }
    }

    private static (float Scale, float Offset) Normalisation(ModelFolder model, int channel) =>
        (model.Images.Config.NormalizationScale(channel), model.Images.Config.NormalizationOffset(channel));

    /// <summary>Lists in records are equal only to themselves.</summary>
    private static ModelConfig WithoutEnds(ModelConfig config) => config with { Text = config.Text with { EosTokenIds = [] } };
}
