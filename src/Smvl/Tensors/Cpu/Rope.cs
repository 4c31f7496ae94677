using System.Collections.Concurrent;

namespace Smvl.Tensors.Cpu;

/// <summary>
/// Rotary position embedding in place: the pair (i, i + hd/2) of each head turns by position · theta^(−2i/hd); the backward turns
/// the other way. Angles are computed in F32 as the reference does. Source: Su et al. 2021; rotate_half in transformers.
/// </summary>
internal sealed class Rope
{
    private readonly ConcurrentDictionary<(int HeadDim, float Theta), Table> tables = new();

    public void Apply(CpuThreads threads, Tensor x, ReadOnlySpan<int> positions, int headDim, float theta, bool inverse)
    {
        int half = headDim / 2;
        int heads = x.Shape.Width / headDim;
        int[] at = positions.ToArray();
        Table table = TableFor(headDim, theta, at.Length == 0 ? 0 : at.Max() + 1);
        float sign = inverse ? -1f : 1f;
        threads.ForRanges(x.Shape.Rows, Partition.RowGrain(x.Shape.Width), (start, end) =>
        {
            for (int t = start; t < end; t++)
            {
                ReadOnlySpan<float> cos = table.Cos.AsSpan(at[t] * half, half);
                ReadOnlySpan<float> sin = table.Sin.AsSpan(at[t] * half, half);
                for (int h = 0; h < heads; h++)
                {
                    Span<float> low = x.Row<float>(t).Slice(h * headDim, half);
                    Span<float> high = x.Row<float>(t).Slice((h * headDim) + half, half);
                    for (int i = 0; i < half; i++)
                    {
                        float a = low[i];
                        float b = high[i];
                        low[i] = (a * cos[i]) - (sign * b * sin[i]);
                        high[i] = (b * cos[i]) + (sign * a * sin[i]);
                    }
                }
            }
        });
    }

    /// <summary>The table for at least <paramref name="positions"/> positions; grown by doubling, so that generation rarely makes a new one.</summary>
    private Table TableFor(int headDim, float theta, int positions)
    {
        if (tables.TryGetValue((headDim, theta), out Table? table) && table.Positions >= positions)
        {
            return table;
        }

        int size = 64;
        while (size < positions)
        {
            size *= 2;
        }

        table = Table.Create(headDim, theta, size);
        tables[(headDim, theta)] = table;
        return table;
    }

    /// <param name="Positions">rows</param>
    /// <param name="Cos">(positions, hd/2)</param>
    /// <param name="Sin">(positions, hd/2)</param>
    private sealed record Table(int Positions, float[] Cos, float[] Sin)
    {
        public static Table Create(int headDim, float theta, int positions)
        {
            int half = headDim / 2;
            float[] cos = new float[positions * half];
            float[] sin = new float[positions * half];
            for (int i = 0; i < half; i++)
            {
                float frequency = 1f / MathF.Pow(theta, 2 * i / (float)headDim);
                for (int p = 0; p < positions; p++)
                {
                    (sin[(p * half) + i], cos[(p * half) + i]) = MathF.SinCos(p * frequency);
                }
            }

            return new Table(positions, cos, sin);
        }
    }
}
