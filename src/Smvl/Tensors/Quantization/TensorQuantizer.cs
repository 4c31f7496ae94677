using System.Buffers;
using System.Globalization;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using Smvl.Tensors.Cpu;

namespace Smvl.Tensors.Quantization;

/// <summary>
/// Writes weights as another type, some rows at a time, so that no more than a piece of the result is in memory. Rows are shared out
/// among threads; their number never changes a byte.
/// </summary>
public sealed class TensorQuantizer : IDisposable
{
    /// <summary>Bytes of the result in memory at a time, unless a row is longer.</summary>
    private const int Piece = 1 << 22;

    private readonly CpuThreads threads;

    /// <param name="threadCount">threads to use, the caller's included; at least 1</param>
    public TensorQuantizer(int threadCount) => threads = new CpuThreads(threadCount);

    /// <summary>Appends the tensor's elements to the stream, row-major, as the type has them.</summary>
    /// <param name="name">what to call the tensor in an error</param>
    /// <param name="source">F32, F16 or BF16 in host memory or of a mapped file; a row is its last axis</param>
    /// <param name="dtype">F32, F16 or a quantized type whose blocks fill the rows</param>
    /// <param name="stream">gets exactly the bytes of the tensor</param>
    /// <param name="cancellation">looked at between pieces</param>
    /// <exception cref="SmvlException">a row is no whole number of blocks; a weight is not finite, or too large for the type</exception>
    public void Write(string name, Tensor source, DType dtype, Stream stream, CancellationToken cancellation = default)
    {
        int width = source.Shape.Width;
        if (width % dtype.BlockSize() != 0)
        {
            throw new SmvlException($"cannot be {dtype}", name, $"rows of a multiple of {dtype.BlockSize()} elements", $"{width}");
        }

        int rows = source.Shape.Rows;
        int rowBytes = checked((int)dtype.Bytes(width));
        int pieceRows = Math.Clamp(Piece / Math.Max(rowBytes, 1), 1, Math.Max(rows, 1));
        byte[] piece = ArrayPool<byte>.Shared.Rent(checked(pieceRows * rowBytes));
        try
        {
            for (int start = 0; start < rows; start += pieceRows)
            {
                cancellation.ThrowIfCancellationRequested();
                int count = Math.Min(pieceRows, rows - start);
                Convert(name, source, dtype, start, piece.AsMemory(0, count * rowBytes), count);
                stream.Write(piece, 0, count * rowBytes);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(piece);
        }
    }

    /// <summary>Ends the threads.</summary>
    public void Dispose() => threads.Dispose();

    private void Convert(string name, Tensor source, DType dtype, int start, Memory<byte> destination, int count)
    {
        int width = source.Shape.Width;
        int rowBytes = destination.Length / count;
        int firstBad = int.MaxValue;
        threads.ForRanges(count, Partition.RowGrain(width), (from, to) =>
        {
            float[] values = ArrayPool<float>.Shared.Rent(width);
            Span<float> row = values.AsSpan(0, width);
            for (int i = from; i < to; i++)
            {
                FloatConversion.ToSingle(source, (long)(start + i) * width, row);
                if (IsBad(row, dtype))
                {
                    InterlockedMinimum(ref firstBad, i);
                    break;
                }

                Store(row, dtype, destination.Span.Slice(i * rowBytes, rowBytes));
            }

            ArrayPool<float>.Shared.Return(values);
        });
        if (firstBad < int.MaxValue)
        {
            throw Bad(name, source, dtype, start + firstBad);
        }
    }

    private static void Store(ReadOnlySpan<float> row, DType dtype, Span<byte> destination)
    {
        switch (dtype)
        {
            case DType.F32:
                MemoryMarshal.AsBytes(row).CopyTo(destination);
                break;
            case DType.F16:
                TensorPrimitives.ConvertToHalf(row, MemoryMarshal.Cast<byte, Half>(destination));
                break;
            default:
                BlockFormat.Quantize(dtype, row, destination);
                break;
        }
    }

    /// <summary>The negation also finds a NaN, which is the largest magnitude where there is one.</summary>
    private static bool IsBad(ReadOnlySpan<float> row, DType dtype) =>
        row.Length > 0 && !(MathF.Abs(TensorPrimitives.MaxMagnitude(row)) <= Largest(dtype));

    private static float Largest(DType dtype) => dtype switch
    {
        DType.Q8_0 => BlockQ8_0.Largest,
        DType.Q4_0 => BlockQ4_0.Largest,
        DType.Q4_K => BlockQ4_K.Largest,
        DType.Q6_K => BlockQ6_K.Largest,
        DType.F16 => 65504f,
        DType.F32 => float.MaxValue,
        _ => throw new ArgumentOutOfRangeException(nameof(dtype), dtype, "weights are not written so"),
    };

    private static void InterlockedMinimum(ref int place, int value)
    {
        for (int seen = Volatile.Read(ref place); value < seen; seen = Volatile.Read(ref place))
        {
            Interlocked.CompareExchange(ref place, value, seen);
        }
    }

    private static SmvlException Bad(string name, Tensor source, DType dtype, int row)
    {
        float[] values = new float[source.Shape.Width];
        FloatConversion.ToSingle(source, (long)row * values.Length, values);
        int at = Array.FindIndex(values, value => !(MathF.Abs(value) <= Largest(dtype)));
        string place = $"{name}[{row}, {at}]";
        string limit = string.Create(CultureInfo.InvariantCulture, $"at most {Largest(dtype):g6}");
        return float.IsFinite(values[at])
            ? new SmvlException($"too large for {dtype}", place, limit, values[at].ToString("g6", CultureInfo.InvariantCulture))
            : new SmvlException(
                "weight is not finite", place, actual: float.IsNaN(values[at]) ? "NaN" : "infinity", hint: "the checkpoint is damaged or its training diverged");
    }
}
