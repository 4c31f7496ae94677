using Smvl.Tensors;
using Smvl.Tensors.Cpu;

namespace Smvl.Tests.Tensors.Cpu;

/// <summary>Forward operations and the optimizer against plain double-precision loops, over awkward sizes, and across thread counts.</summary>
public sealed class OperationTests : IDisposable
{
    public static TheoryData<int> Sizes => [1, 2, 7, 8, 9, 15, 16, 17, 31, 33, 64, 65, 1023, 20000];

    private readonly CpuBackend backend = new(2);

    public void Dispose() => backend.Dispose();

    [Theory, MemberData(nameof(Sizes))]
    public void NormsMatchTheirDefinition(int width)
    {
        const int Rows = 5;
        using Tensor x = FiniteDifference.Random(backend, 1, Rows, width);
        using Tensor w = FiniteDifference.Random(backend, 2, width);
        using Tensor b = FiniteDifference.Random(backend, 3, width);
        using Tensor y = backend.Allocate(Rows, width);
        float[] rms = new float[Rows * width];
        float[] layer = new float[Rows * width];
        for (int t = 0; t < Rows; t++)
        {
            double[] row = [.. x.Row<float>(t).ToArray().Select(f => (double)f)];
            double mean = row.Average();
            double r = 1 / Math.Sqrt(row.Average(v => v * v) + 1e-6);
            double s = 1 / Math.Sqrt(row.Average(v => (v - mean) * (v - mean)) + 1e-6);
            for (int i = 0; i < width; i++)
            {
                rms[(t * width) + i] = (float)(row[i] * r * w.Span<float>()[i]);
                layer[(t * width) + i] = (float)(((row[i] - mean) * s * w.Span<float>()[i]) + b.Span<float>()[i]);
            }
        }

        // a float32 sum of n terms, one after the other where there are no vectors, is off by about sqrt(n) roundings
        double rounding = 1e-6 + (Math.Sqrt(width) * Math.Pow(2, -24));
        backend.RmsNorm(y, null, x, w, 1e-6f);
        Approx.Equal(rms, y.Span<float>(), "rms norm", rounding, 1e-7);
        backend.LayerNorm(y, null, null, x, w, b, 1e-6f);
        Approx.Equal(layer, y.Span<float>(), "layer norm", 2 * rounding, 1e-5);
    }

    [Theory, MemberData(nameof(Sizes))]
    public void ActivationsMatchTheirDefinition(int count)
    {
        using Tensor gate = FiniteDifference.Random(backend, 1, count);
        using Tensor up = FiniteDifference.Random(backend, 2, count);
        using Tensor y = backend.Allocate(count);
        float[] g = gate.Span<float>().ToArray();
        float[] u = up.Span<float>().ToArray();
        backend.SwiGlu(y, gate, up);
        Approx.Equal([.. g.Select((v, i) => (float)(v / (1 + Math.Exp(-v)) * u[i]))], y.Span<float>(), "swiglu", 1e-6, 1e-7);
        backend.GeluTanh(y, gate);
        Approx.Equal(
            [.. g.Select(v => (float)(0.5 * v * (1 + Math.Tanh(Math.Sqrt(2 / Math.PI) * (v + (0.044715 * v * v * v))))))],
            y.Span<float>(), "gelu", 1e-6, 1e-7);
    }

    [Theory, MemberData(nameof(Sizes))]
    public void AdamWVectorsEqualItsScalarMeaning(int count)
    {
        AdamW.Constants c = AdamW.Constants.Of(new AdamWStep(1e-3, 0.9, 0.999, 1e-8, 0.01, Step: 3, GradientScale: 0.7f));
        float[] g = FiniteDifference.Values(1, count);
        float[] p1 = FiniteDifference.Values(2, count);
        float[] m1 = FiniteDifference.Values(3, count);
        float[] v1 = [.. FiniteDifference.Values(4, count).Select(MathF.Abs)];
        (float[] p2, float[] m2, float[] v2) = ([.. p1], [.. m1], [.. v1]);
        AdamW.UpdateScalar(p1, g, m1, v1, 0, c);
        AdamW.UpdateScalar(p2, g, m2, v2, AdamW.UpdateVector256(p2, g, m2, v2, c), c);
        Assert.Equal(p1, p2);
        Assert.Equal(m1, m2);
        Assert.Equal(v1, v2);
    }

    [Fact]
    public void AdamWFollowsThePaper()
    {
        using Tensor p = backend.Zeros(1);
        using Tensor g = backend.Allocate(1);
        using Tensor m = backend.Zeros(1);
        using Tensor v = backend.Zeros(1);
        backend.Fill(p, 2f);
        double expected = 2;
        double m0 = 0;
        double v0 = 0;
        for (int step = 1; step <= 5; step++)
        {
            double gradient = 0.3 * step;
            backend.Fill(g, (float)gradient);
            backend.AdamW(p, g, m, v, new AdamWStep(0.1, 0.9, 0.999, 1e-8, 0.01, step, 1f));
            expected -= 0.1 * 0.01 * expected;
            m0 = (0.9 * m0) + (0.1 * gradient);
            v0 = (0.999 * v0) + (0.001 * gradient * gradient);
            expected -= 0.1 * (m0 / (1 - Math.Pow(0.9, step))) / (Math.Sqrt(v0 / (1 - Math.Pow(0.999, step))) + 1e-8);
            Assert.Equal(expected, p.Span<float>()[0], 1e-5);
        }
    }

    [Theory, MemberData(nameof(Sizes))]
    public void ConversionsAreExactOneWayAndRoundToEvenTheOther(int count)
    {
        float[] values = FiniteDifference.Values(1, count);
        foreach (DType dtype in (ReadOnlySpan<DType>)[DType.BF16, DType.F16])
        {
            using Tensor single = backend.Allocate(count);
            using Tensor narrow = backend.Allocate(dtype, new Shape(count));
            using Tensor back = backend.Allocate(count);
            values.CopyTo(single.Span<float>());
            backend.Copy(narrow, single);
            backend.Copy(back, narrow);
            for (int i = 0; i < count; i++)
            {
                float expected = dtype == DType.F16 ? (float)(Half)values[i] : RoundToBFloat16(values[i]);
                Assert.Equal(expected, back.Span<float>()[i]);
            }
        }
    }

    /// <summary>Every half and its neighbours halfway to the next one, and any bits at all.</summary>
    [Fact]
    public void NarrowingToHalfIsTheFrameworksCast()
    {
        Random random = new(5);
        float[] values = new float[(4 * 65536) + 7];
        for (int i = 0; i < values.Length; i++)
        {
            uint half = BitConverter.SingleToUInt32Bits((float)BitConverter.UInt16BitsToHalf((ushort)i));
            values[i] = BitConverter.UInt32BitsToSingle((i >> 16) switch
            {
                0 => half,
                1 => half + 0x1000,
                2 => half + 0xFFF,
                _ => (uint)random.NextInt64(1L << 32),
            });
        }

        // runs without NaN take the vectors' path
        float[] numbers = [.. values.Where(value => !float.IsNaN(value))];
        foreach (float[] source in (float[][])[values, numbers])
        {
            ushort[] narrow = new ushort[source.Length];
            FloatConversion.NarrowToHalf(source, narrow);
            Assert.Equal(source.Select(value => BitConverter.HalfToUInt16Bits((Half)value)), narrow);
        }
    }

    [Fact]
    public void BFloat16KeepsWhatIsNotANumber()
    {
        ushort[] narrow = new ushort[4];
        float[] back = new float[4];
        FloatConversion.NarrowToBFloat16([float.NaN, float.PositiveInfinity, BitConverter.UInt32BitsToSingle(0x7F800001), -0f], narrow);
        FloatConversion.WidenBFloat16(narrow, back);
        Assert.True(float.IsNaN(back[0]) && float.IsPositiveInfinity(back[1]) && float.IsNaN(back[2]));
        Assert.True(back[3] == 0f && float.IsNegative(back[3]));
    }

    [Fact]
    public void PatchesAreTheConvolutionsInput()
    {
        byte[] bytes = [.. Enumerable.Range(0, 2 * 3 * 4 * 4).Select(i => (byte)(i * 7))];
        using Tensor tiles = backend.Allocate(DType.U8, new Shape(2, 3, 4, 4));
        using Tensor patches = backend.Allocate(2 * 4, 3 * 2 * 2);
        backend.Upload<byte>(bytes, tiles);
        backend.Patches(patches, tiles, 2, [1f, 2f, 3f], [0f, -1f, 1f]);
        for (int row = 0; row < 8; row++)
        {
            for (int i = 0; i < 12; i++)
            {
                (int tile, int py, int px) = (row / 4, row % 4 / 2, row % 2);
                (int c, int y, int x) = (i / 4, i % 4 / 2, i % 2);
                float pixel = bytes[(((((tile * 3) + c) * 4) + (py * 2) + y) * 4) + (px * 2) + x];
                Assert.Equal((pixel * (c + 1)) + (c == 0 ? 0 : c == 1 ? -1 : 1), patches.Row<float>(row)[i]);
            }
        }
    }

    [Fact]
    public void ThreadsDoNotChangeAResult()
    {
        using var one = new CpuBackend(1);
        using var many = new CpuBackend(5);
        Assert.Equal(Everything(one), Everything(many));

        static float[] Everything(Backend b)
        {
            const int Rows = 300;
            const int Width = 130;
            using Tensor x = FiniteDifference.Random(b, 1, Rows, Width);
            using Tensor w = FiniteDifference.Random(b, 2, Width);
            using Tensor bias = FiniteDifference.Random(b, 3, Width);
            using Tensor y = b.Allocate(Rows, Width);
            using Tensor mean = b.Allocate(Rows);
            using Tensor rstd = b.Allocate(Rows);
            using Tensor dx = b.Zeros(Rows, Width);
            using Tensor dw = b.Zeros(Width);
            using Tensor db = b.Zeros(Width);
            b.LayerNorm(y, mean, rstd, x, w, bias, 1e-6f);
            b.LayerNormBackward(dx, dw, db, y, x, w, mean, rstd, accumulate: true);
            b.RmsNorm(y, rstd, x, w, 1e-6f);
            b.RmsNormBackward(dx, dw, y, x, w, rstd, accumulate: true);
            float norm = (float)b.SumOfSquares(dx);
            return [.. y.Span<float>(), .. dx.Span<float>(), .. dw.Span<float>(), .. db.Span<float>(), norm];
        }
    }

    private static float RoundToBFloat16(float value)
    {
        // the two neighbours, and the even one of them on a tie
        uint bits = BitConverter.SingleToUInt32Bits(value);
        float down = BitConverter.UInt32BitsToSingle(bits & 0xFFFF0000);
        float up = BitConverter.UInt32BitsToSingle((bits & 0xFFFF0000) + 0x10000);
        double toDown = Math.Abs((double)value - down);
        double toUp = Math.Abs((double)value - up);
        return toDown < toUp || (toDown == toUp && ((bits >> 16) & 1) == 0) ? down : up;
    }
}
