using System.Diagnostics;
using System.Runtime.InteropServices;
using Smvl.Formats;
using Smvl.Tensors;

namespace Smvl.Models;

/// <summary>Fills a run of elements that begins at a position of the tensor.</summary>
internal delegate void FillElements(Span<float> values, long start);

/// <summary>
/// Tensors that are computed while they are written, piece by piece on several cores; the pieces' bounds do not change the values.
/// </summary>
internal static class InitialWeights
{
    /// <summary>Elements of a piece; even, as normal deviates come in pairs.</summary>
    private const int Piece = 1 << 19;

    public static TensorSource Normal(
        string name, DType dtype, Shape shape, long seed, double deviation, int threads, CancellationToken cancellation = default)
    {
        var random = new CounterRandom(seed, name);
        return Make(name, dtype, shape, (values, start) => random.Normal(values, start, deviation), threads, cancellation);
    }

    public static TensorSource Uniform(
        string name, DType dtype, Shape shape, long seed, double bound, int threads, CancellationToken cancellation = default)
    {
        var random = new CounterRandom(seed, name);
        return Make(name, dtype, shape, (values, start) => random.Uniform(values, start, bound), threads, cancellation);
    }

    public static TensorSource Constant(string name, DType dtype, Shape shape, float value) =>
        Make(name, dtype, shape, (values, _) => values.Fill(value), threads: 1, CancellationToken.None);

    private static TensorSource Make(string name, DType dtype, Shape shape, FillElements fill, int threads, CancellationToken cancellation)
    {
        Debug.Assert(dtype is DType.F32 or DType.BF16, "new weights are F32 or BF16");
        return new TensorSource(name, dtype, shape, stream => Write(stream, dtype, shape.Count, fill, threads, cancellation));
    }

    private static void Write(Stream stream, DType dtype, long count, FillElements fill, int threads, CancellationToken cancellation)
    {
        int lanes = (int)Math.Min(threads, (count + Piece - 1) / Piece);
        float[][] pieces = [.. Enumerable.Range(0, lanes).Select(_ => new float[Math.Min(Piece, count)])];
        for (long at = 0; at < count; at += (long)lanes * Piece)
        {
            cancellation.ThrowIfCancellationRequested();
            long first = at;
            Parallel.For(0, lanes, lane => fill(Part(lane, first), first + ((long)lane * Piece)));
            for (int lane = 0; lane < lanes; lane++)
            {
                Span<float> part = Part(lane, first);
                stream.Write(dtype == DType.F32 ? MemoryMarshal.AsBytes(part) : RoundToBFloat16(part));
            }
        }

        Span<float> Part(int lane, long first) =>
            pieces[lane].AsSpan(0, (int)Math.Clamp(count - first - ((long)lane * Piece), 0, pieces[lane].Length));
    }

    /// <summary>Rounds to nearest even, into the front of the same memory.</summary>
    private static Span<byte> RoundToBFloat16(Span<float> values)
    {
        Span<ushort> halves = MemoryMarshal.Cast<float, ushort>(values);
        for (int i = 0; i < values.Length; i++)
        {
            uint bits = BitConverter.SingleToUInt32Bits(values[i]);
            halves[i] = (ushort)((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
        }

        return MemoryMarshal.AsBytes(halves[..values.Length]);
    }
}
