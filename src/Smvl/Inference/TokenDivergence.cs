using System.Numerics.Tensors;
using Smvl.Tensors.Cpu;

namespace Smvl.Inference;

/// <summary>
/// How far one model's next-token distributions are from another's, over some positions: the Kullback-Leibler divergence
/// KL(expected ‖ actual) = Σ p (ln p − ln q) in nats, as llama-perplexity --kl-divergence takes it, and how often the likeliest token is
/// the same. llama-perplexity leaves out tokens with ln p below −16, since it keeps p in 16 bits; here all count.
/// </summary>
public sealed record TokenDivergence
{
    /// <summary>Logits in double precision at a time.</summary>
    private const int Run = 1024;

    private const int Likeliest = 10;

    private double sum;

    /// <summary>No position yet.</summary>
    public static TokenDivergence None { get; } = new();

    public int Positions { get; private init; }

    /// <summary>Positions whose likeliest token is the same.</summary>
    public int Agreeing { get; private init; }

    /// <summary>The divergence of the position that is furthest off.</summary>
    public double LargestKl { get; private init; }

    /// <summary>Largest difference of the natural logarithms of a probability, among the ten likeliest tokens of each position.</summary>
    public double LargestDifference { get; private init; }

    /// <summary>Over all positions; 0 where there is none.</summary>
    public double MeanKl => Positions == 0 ? 0 : sum / Positions;

    /// <summary>Share of positions whose likeliest token is the same; 1 where there is none.</summary>
    public double Agreement => Positions == 0 ? 1 : Agreeing / (double)Positions;

    public static TokenDivergence operator +(TokenDivergence a, TokenDivergence b) => new()
    {
        sum = a.sum + b.sum,
        Positions = a.Positions + b.Positions,
        Agreeing = a.Agreeing + b.Agreeing,
        LargestKl = Math.Max(a.LargestKl, b.LargestKl),
        LargestDifference = Math.Max(a.LargestDifference, b.LargestDifference),
    };

    /// <summary>One position.</summary>
    /// <param name="expected">(V) logits</param>
    /// <param name="actual">(V) logits</param>
    public static TokenDivergence Of(ReadOnlySpan<float> expected, ReadOnlySpan<float> actual)
    {
        double kl = Kl(expected, actual);
        (int Id, float LogProbability)[] likeliest = Sampler.TopLogProbabilities(expected, Likeliest);
        double normaliser = LogSumExp.Of(actual), largest = 0;
        foreach ((int id, float logProbability) in likeliest)
        {
            largest = Math.Max(largest, Math.Abs(logProbability - (float)(actual[id] - normaliser)));
        }

        return new()
        {
            sum = kl,
            Positions = 1,
            Agreeing = TensorPrimitives.IndexOfMax(actual) == likeliest[0].Id ? 1 : 0,
            LargestKl = kl,
            LargestDifference = largest,
        };
    }

    /// <summary>KL = Σ e^a (a − b) / Σ e^a − ln Σ e^a + ln Σ e^b, for logits a and b less their largest.</summary>
    private static double Kl(ReadOnlySpan<float> expected, ReadOnlySpan<float> actual)
    {
        double largestA = TensorPrimitives.Max(expected), largestB = TensorPrimitives.Max(actual);
        double sumA = 0, sumB = 0, sumDifference = 0;
        Span<double> runA = stackalloc double[Run], runB = stackalloc double[Run], runE = stackalloc double[Run];
        for (int start = 0; start < expected.Length; start += Run)
        {
            int count = Math.Min(Run, expected.Length - start);
            Span<double> a = runA[..count], b = runB[..count], e = runE[..count];
            TensorPrimitives.ConvertChecked(expected.Slice(start, count), a);
            TensorPrimitives.ConvertChecked(actual.Slice(start, count), b);
            TensorPrimitives.Subtract(a, largestA, a);
            TensorPrimitives.Subtract(b, largestB, b);
            TensorPrimitives.Exp(a, e);
            sumA += TensorPrimitives.Sum<double>(e);
            TensorPrimitives.Subtract(a, b, a);
            sumDifference += TensorPrimitives.Dot<double>(e, a);
            TensorPrimitives.Exp(b, e);
            sumB += TensorPrimitives.Sum<double>(e);
        }

        return (sumDifference / sumA) - Math.Log(sumA) + Math.Log(sumB);
    }
}
