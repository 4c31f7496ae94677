using System.Collections.Concurrent;

namespace Smvl.Tensors;

/// <summary>Cosines and sines of rotary angles, position · theta^(−2i/hd), computed in F32 as the reference does.</summary>
/// <param name="Positions">rows</param>
/// <param name="Cos">(positions, hd/2)</param>
/// <param name="Sin">(positions, hd/2)</param>
internal sealed record RopeTable(int Positions, float[] Cos, float[] Sin)
{
    public static RopeTable Create(int headDim, float theta, int positions)
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

        return new RopeTable(positions, cos, sin);
    }
}

/// <summary>The tables in use, each made once per width of a head and theta.</summary>
internal sealed class RopeTables
{
    private readonly ConcurrentDictionary<(int HeadDim, float Theta), RopeTable> tables = new();

    /// <summary>The table for at least <paramref name="positions"/> positions; grown by doubling, so that generation rarely makes a new one.</summary>
    public RopeTable For(int headDim, float theta, int positions)
    {
        if (tables.TryGetValue((headDim, theta), out RopeTable? table) && table.Positions >= positions)
        {
            return table;
        }

        int size = 64;
        while (size < positions)
        {
            size *= 2;
        }

        table = RopeTable.Create(headDim, theta, size);
        tables[(headDim, theta)] = table;
        return table;
    }
}
