using System.Numerics.Tensors;
using Smvl.Tensors.Cpu;

namespace Smvl.Inference;

/// <summary>How the next token is chosen.</summary>
public sealed record SamplingOptions
{
    /// <summary>Divides the logits; 0 takes the likeliest token (greedy).</summary>
    public double Temperature { get; init; }

    /// <summary>Keep only this many of the likeliest; 0 keeps all.</summary>
    public int TopK { get; init; }

    /// <summary>Keep the fewest of the likeliest whose probabilities sum to this; 1 keeps all.</summary>
    public double TopP { get; init; } = 1;

    /// <summary>Logits of tokens seen before, the prompt's included, are divided by this when positive, multiplied when negative; 1 is off.</summary>
    public double RepetitionPenalty { get; init; } = 1;

    /// <summary>The same seed gives the same answer.</summary>
    public long Seed { get; init; }
}

/// <summary>
/// Chooses a token from logits: repetition penalty, temperature, top-k, top-p, in transformers' order
/// (generation/logits_process.py). It owns its generator, so a seed replays an answer.
/// </summary>
public sealed class Sampler
{
    private readonly SamplingOptions options;
    private SplitMix64 random;
    private float[] work = [];

    public Sampler(SamplingOptions options)
    {
        this.options = options;
        Check(options.Temperature >= 0, "temperature", "0 or more", options.Temperature);
        Check(options.TopK >= 0, "top_k", "0 or more", options.TopK);
        Check(options.TopP is > 0 and <= 1, "top_p", "above 0, at most 1", options.TopP);
        Check(options.RepetitionPenalty > 0, "repetition_penalty", "above 0", options.RepetitionPenalty);
        random = new SplitMix64((ulong)options.Seed);
    }

    /// <summary>The next token.</summary>
    /// <param name="logits">(V), left as they are</param>
    /// <param name="seen">tokens so far, the prompt's included</param>
    public int Next(ReadOnlySpan<float> logits, IReadOnlySet<int> seen)
    {
        if (options.Temperature == 0 && options.RepetitionPenalty == 1)
        {
            return IndexOfMax(logits);
        }

        if (work.Length != logits.Length)
        {
            work = new float[logits.Length];
        }

        float[] scores = work;
        logits.CopyTo(scores);
        Penalise(scores, seen);
        if (options.Temperature == 0)
        {
            return IndexOfMax(scores);
        }

        TensorPrimitives.Multiply(scores, (float)(1 / options.Temperature), scores);
        int[] order = Likeliest(scores);
        double[] probabilities = Nucleus(scores, order);

        double at = random.NextUnit() * probabilities.Sum();
        for (int i = 0; i < probabilities.Length; i++)
        {
            at -= probabilities[i];
            if (at < 0)
            {
                return order[i];
            }
        }

        return order[probabilities.Length - 1];
    }

    /// <summary>The <paramref name="count"/> likeliest tokens with the natural logarithms of their probabilities, likeliest first.</summary>
    public static (int Id, float LogProbability)[] TopLogProbabilities(ReadOnlySpan<float> logits, int count)
    {
        int[] order = Sorted(logits, count);
        double normaliser = LogSumExp.Of(logits);
        var result = new (int Id, float LogProbability)[order.Length];
        for (int i = 0; i < order.Length; i++)
        {
            result[i] = (order[i], (float)(logits[order[i]] - normaliser));
        }

        return result;
    }

    /// <summary>The natural logarithm of a token's probability.</summary>
    public static float LogProbability(ReadOnlySpan<float> logits, int id) => (float)(logits[id] - LogSumExp.Of(logits));

    private void Penalise(float[] scores, IReadOnlySet<int> seen)
    {
        if (options.RepetitionPenalty == 1)
        {
            return;
        }

        float penalty = (float)options.RepetitionPenalty;
        foreach (int id in seen)
        {
            scores[id] = scores[id] < 0 ? scores[id] * penalty : scores[id] / penalty;
        }
    }

    /// <summary>The tokens that top-k leaves, likeliest first. Ties with the last of them stay, as in transformers.</summary>
    private int[] Likeliest(float[] scores)
    {
        if (options.TopK == 0 || options.TopK >= scores.Length)
        {
            return Sorted(scores, scores.Length);
        }

        int[] order = Sorted(scores, options.TopK);
        float least = scores[order[^1]];
        int count = scores.Count(s => s >= least);
        return count == order.Length ? order : Sorted(scores, count);
    }

    /// <summary>Probabilities of the first tokens of <paramref name="order"/>, as many as top-p leaves, at least one.</summary>
    private double[] Nucleus(float[] scores, int[] order)
    {
        double max = scores[order[0]];
        double[] weights = [.. order.Select(id => Math.Exp(scores[id] - max))];
        double total = weights.Sum();
        double sum = 0;
        int count = 0;
        while (count < weights.Length && (count == 0 || sum < options.TopP))
        {
            weights[count] /= total;
            sum += weights[count];
            count++;
        }

        return weights[..count];
    }

    /// <summary>Indices of the <paramref name="count"/> largest scores, largest first, the lower index first among equals.</summary>
    private static int[] Sorted(ReadOnlySpan<float> scores, int count)
    {
        // a heap whose root is the worst of those kept: one pass over the vocabulary
        var kept = new PriorityQueue<int, (float Score, int NegativeIndex)>(count + 1);
        for (int i = 0; i < scores.Length; i++)
        {
            if (kept.Count < count)
            {
                kept.Enqueue(i, (scores[i], -i));
            }
            else if (kept.TryPeek(out _, out (float Score, int NegativeIndex) worst) && scores[i] > worst.Score)
            {
                kept.DequeueEnqueue(i, (scores[i], -i));
            }
        }

        int[] order = new int[kept.Count];
        for (int i = order.Length - 1; i >= 0; i--)
        {
            order[i] = kept.Dequeue();
        }

        return order;
    }

    /// <summary>The largest's index, the first among equals, or that of the first NaN. Only the run that holds it is searched for its place.</summary>
    private static int IndexOfMax(ReadOnlySpan<float> logits)
    {
        const int Run = 1024;
        int start = 0;
        float max = float.NegativeInfinity;
        for (int i = 0; i < logits.Length; i += Run)
        {
            float largest = TensorPrimitives.Max(logits.Slice(i, Math.Min(Run, logits.Length - i)));
            if (!(largest <= max))
            {
                (start, max) = (i, largest);
                if (float.IsNaN(max))
                {
                    break;
                }
            }
        }

        return start + TensorPrimitives.IndexOfMax(logits.Slice(start, Math.Min(Run, logits.Length - start)));
    }

    private static void Check(bool right, string name, string expected, double actual)
    {
        if (!right)
        {
            throw new SmvlException("is out of range", name, expected, FormattableString.Invariant($"{actual}"));
        }
    }
}
