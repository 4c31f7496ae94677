namespace Smvl.Images;

/// <summary>
/// The weights of one axis in fixed point: target pixel i is the sum of as many source pixels from <see cref="Start"/>(i) on as
/// <see cref="Of"/>(i) has weights, each times its weight, over 2^<see cref="Precision"/>.
/// Source: Pillow's resampling for 8-bit channels (where the window starts and ends, and how weights are rounded).
/// </summary>
internal sealed unsafe class ResampleWeights : IDisposable
{
    /// <summary>Bits behind the point: what an int holds without the 8 of a channel and 2 for overshoot and sign.</summary>
    public const int Precision = 32 - 8 - 2;

    private readonly NativeBytes memory; // of the three that follow
    private readonly int* weights;       // (target, window)
    private readonly int* starts;        // (target) first source pixels
    private readonly int* counts;        // (target) source pixels that count
    private readonly int window;

    /// <param name="source">pixels along the axis</param>
    /// <param name="target">pixels wanted</param>
    /// <param name="filter">which kernel; shrinking stretches it by the ratio</param>
    public ResampleWeights(int source, int target, ResampleFilter filter)
    {
        double scale = (double)source / target;
        double stretch = Math.Max(1, scale);
        double support = filter.Support() * stretch;
        window = ((int)Math.Ceiling(support) * 2) + 1;
        memory = new NativeBytes(checked(target * (window + 2) * sizeof(int)));
        weights = (int*)memory.Pin().Pointer;
        starts = weights + ((nint)target * window);
        counts = starts + target;
        double[] exact = new double[window];
        for (int i = 0; i < target; i++)
        {
            double center = (i + 0.5) * scale;
            int start = Math.Max(0, (int)(center - support + 0.5));
            int count = Math.Min(source, (int)(center + support + 0.5)) - start;
            double sum = 0;
            for (int k = 0; k < count; k++)
            {
                exact[k] = filter.Weight((k + start - center + 0.5) * (1 / stretch));
                sum += exact[k];
            }

            for (int k = 0; k < count; k++)
            {
                double weight = (sum == 0 ? exact[k] : exact[k] / sum) * (1 << Precision);
                weights[((nint)i * window) + k] = (int)(weight < 0 ? weight - 0.5 : weight + 0.5);
            }

            starts[i] = start;
            counts[i] = count;
        }
    }

    /// <summary>The first source pixel of target pixel <paramref name="i"/>.</summary>
    public int Start(int i) => starts[i];

    /// <summary>The weights of target pixel <paramref name="i"/>, one per source pixel.</summary>
    public ReadOnlySpan<int> Of(int i) => new(weights + ((nint)i * window), counts[i]);

    public void Dispose() => ((IDisposable)memory).Dispose();
}
