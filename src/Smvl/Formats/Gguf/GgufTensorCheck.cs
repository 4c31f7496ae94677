using Smvl.Tensors;
using Smvl.Tensors.Cpu;
using Smvl.Tensors.Quantization;

namespace Smvl.Formats.Gguf;

/// <summary>
/// Holds a stored tensor against the weights that it was made of: F32 and F16 are what rounding gives, exactly; a quantized value lies
/// within a share of the largest one of its 256 neighbours that its type's steps allow.
/// </summary>
internal static class GgufTensorCheck
{
    private const int Neighbours = 256;

    /// <param name="file">of the stored tensor, for errors</param>
    /// <param name="name">of the stored tensor</param>
    /// <param name="stored">F32, F16 or quantized</param>
    /// <param name="source">F32, F16 or BF16, of the same shape</param>
    /// <param name="cancellation">looked at between rows</param>
    /// <exception cref="SmvlException">another shape, or a value that is not what was to be stored</exception>
    public static void Compare(string file, string name, Tensor stored, Tensor source, CancellationToken cancellation)
    {
        if (stored.Shape != source.Shape)
        {
            throw new SmvlException($"tensor {name} has another shape than its source", file, $"{source.Shape}", $"{stored.Shape}");
        }

        int width = source.Shape.Width;
        float[] expected = new float[width], actual = new float[width];
        for (int row = 0; row < source.Shape.Rows; row++)
        {
            cancellation.ThrowIfCancellationRequested();
            FloatConversion.ToSingle(source, (long)row * width, expected);
            Read(stored, row, actual);
            for (int start = 0; start < width; start += Neighbours)
            {
                int count = Math.Min(Neighbours, width - start);
                int wrong = FirstWrong(stored.DType, expected.AsSpan(start, count), actual.AsSpan(start, count));
                if (wrong >= 0)
                {
                    throw new SmvlException(
                        $"tensor {name} is not its source", file, $"about {expected[start + wrong]:g6} at [{row}, {start + wrong}]", $"{actual[start + wrong]:g6}",
                        "the disk or the memory is not to be trusted");
                }
            }
        }
    }

    private static void Read(Tensor stored, int row, Span<float> values)
    {
        if (!stored.DType.IsQuantized())
        {
            FloatConversion.ToSingle(stored, (long)row * values.Length, values);
            return;
        }

        int bytes = (int)stored.DType.Bytes(values.Length);
        BlockFormat.Dequantize(stored.DType, HostBytes.Slice(stored, (long)row * bytes, bytes), values);
    }

    /// <summary>The place of the first value that the type does not explain, or −1.</summary>
    private static int FirstWrong(DType dtype, ReadOnlySpan<float> expected, ReadOnlySpan<float> actual)
    {
        float largest = 0;
        foreach (float value in expected)
        {
            largest = Math.Max(largest, Math.Abs(value));
        }

        float allowed = Share(dtype) * largest;
        for (int i = 0; i < expected.Length; i++)
        {
            float rounded = dtype == DType.F16 ? (float)(Half)expected[i] : expected[i];
            if (!(Math.Abs(actual[i] - rounded) <= allowed))
            {
                return i;
            }
        }

        return -1;
    }

    /// <summary>
    /// Half a step and the rounding of the scale to F16. Q4_0's last step is a whole one, and the K types choose their steps by the
    /// squared error of all values, so that a single one may be off by more than half.
    /// </summary>
    private static float Share(DType dtype) => dtype switch
    {
        DType.Q8_0 => (0.5f / 127) + (1f / 1024),
        DType.Q6_K => 2f / 32,
        DType.Q4_0 => (1f / 8) + (1f / 1024),
        DType.Q4_K => 3f / 15,
        _ => 0,
    };
}
