using Smvl.Tensors;
using Smvl.Tensors.Cpu;

namespace Smvl.Tests.Tensors.Cpu;

/// <summary>Every width of the matrix kernel against sums in double precision, over awkward sizes.</summary>
public sealed unsafe class MatMulTests
{
    private static readonly CpuThreads Threads = new(2);

    public static TheoryData<string, int> Paths => new()
    {
        { "12 x 512", 512 }, { "6 x 256", 256 }, { "6 x 128", 128 }, { "12 x 128", 128 }, { "scalar", 0 },
    };

    public static TheoryData<string> DTypes => [nameof(DType.F32), nameof(DType.BF16), nameof(DType.F16)];

    [Theory, MemberData(nameof(Paths))]
    public void EveryPathIsRightForAwkwardSizes(string path, int width)
    {
        KernelData.RequireWidth(width);
        MatMul.Product product = KernelData.Product(path);
        int[] sizes = KernelData.Awkward;
        for (int i = 0; i < sizes.Length * 3; i++)
        {
            // three rounds of neighbours: each size meets several others in each role, all three types take turns
            int m = sizes[i % sizes.Length], k = sizes[((i * 5) + 3) % sizes.Length], n = sizes[((i * 3) + (i / sizes.Length)) % sizes.Length];
            Check(product, m, k, n, (DType)(i % 3), $"{path} M {m} K {k} N {n}");
        }
    }

    // depth across blocks (256) and slabs (4096), rows across slabs (1024), columns across tasks
    [Theory]
    [InlineData(5, 4500, 40)]
    [InlineData(1100, 20, 33)]
    [InlineData(13, 300, 1300)]
    public void BlocksAndSlabsMeet(int m, int k, int n) =>
        Check(null, m, k, n, DType.BF16, $"M {m} K {k} N {n}");

    [Theory, MemberData(nameof(DTypes))]
    public void SmallRowsAreRight(string dtype)
    {
        foreach (int m in (int[])[1, 2, 3, 4, 5, 8, 12, 16, 17, 32])
        {
            foreach (int k in (int[])[1, 7, 8, 31, 64, 100, 1024])
            {
                Check(null, m, k, 37, Enum.Parse<DType>(dtype), $"{dtype} M {m} K {k}");
            }
        }
    }

    // one running sum of 256 unfused terms is off by about 2.5e-7, eight runs by about 1.2e-7
    [Theory, InlineData("6 x 128", 128), InlineData("scalar", 0)]
    public void RunsKeepLongSumsExact(string path, int width)
    {
        KernelData.RequireWidth(width);
        const int Size = 48, Depth = 256;
        using Tensor x = KernelData.Random(1, DType.F32, Size, Depth), w = KernelData.Random(2, DType.F32, Size, Depth), y = KernelData.Unwritten(Size, Size);
        MatMul.Linear(KernelData.Product(path), Threads, y, x, w, null);
        double[] expected = LinearInDouble(x, w, null);
        double error = 0, size = 0;
        for (int i = 0; i < expected.Length; i++)
        {
            error += Math.Pow(y.Span<float>()[i] - expected[i], 2);
            size += Math.Pow(expected[i], 2);
        }

        Assert.InRange(Math.Sqrt(error / size), 0, 1.7e-7);
    }

    [Theory, MemberData(nameof(DTypes))]
    public void ScalarReferenceIsRight(string dtype)
    {
        using Tensor x = KernelData.Random(1, DType.F32, 5, 20), w = KernelData.Random(2, Enum.Parse<DType>(dtype), 7, 20);
        using Tensor bias = KernelData.Random(3, DType.F32, 7), y = KernelData.Unwritten(5, 7);
        MatMulReference.Linear(Threads, y, x, w, bias);
        KernelData.Close(LinearInDouble(x, w, bias), y, 1e-5, "reference");
    }

    [Fact]
    public void ThreadsNeverChangeABit()
    {
        foreach ((int m, int k, int n) in ((int, int, int)[])[(1, 512, 300), (3, 512, 300), (65, 600, 700), (300, 520, 130)])
        {
            using Tensor x = KernelData.Random(1, DType.F32, m, k), w = KernelData.Random(2, DType.BF16, n, k);
            List<float[]> results = [];
            foreach (int count in (int[])[1, 2, 3, 7])
            {
                CpuThreads threads = new(count);
                using Tensor y = KernelData.Unwritten(m, n), dx = KernelData.Unwritten(m, k), dw = KernelData.Random(4, DType.F32, n, k);
                MatMul.Linear(threads, y, x, w, null);
                MatMul.LinearBackwardInput(threads, dx, y, w, accumulate: false);
                MatMul.LinearBackwardWeight(threads, dw, y, x);
                results.Add([.. y.Span<float>(), .. dx.Span<float>(), .. dw.Span<float>()]);
            }

            Assert.All(results, result => Assert.Equal(results[0], result));
        }
    }

    [Fact]
    public void HalfKeepsSubnormalsAndInfinities()
    {
        float[] values = [0f, -0f, 6e-8f, -3e-5f, 65504f, float.PositiveInfinity, 1.5f, -2f, 0.1f];
        foreach (int m in (int[])[1, 40])
        {
            // x picks one weight each: y is the weight itself
            using Tensor x = KernelData.Empty(DType.F32, m, 1), w = KernelData.Empty(DType.F16, values.Length, 1), y = KernelData.Unwritten(m, values.Length);
            x.Span<float>().Fill(1f);
            for (int i = 0; i < values.Length; i++)
            {
                w.Pointer<Half>()[i] = (Half)values[i];
            }

            MatMul.Linear(Threads, y, x, w, null);
            Assert.Equal(values.Select(v => (float)(Half)v), y.Row<float>(m - 1).ToArray());
        }
    }

    // a null product goes through the public door, which chooses by shape
    private static void Check(MatMul.Product? product, int m, int k, int n, DType dtype, string what)
    {
        using Tensor x = KernelData.Random(1, DType.F32, m, k), w = KernelData.Random(2, dtype, n, k), bias = KernelData.Random(3, DType.F32, n);
        using Tensor dy = KernelData.Random(4, DType.F32, m, n), y = KernelData.Unwritten(m, n), dx = KernelData.Unwritten(m, k);
        using Tensor dw = KernelData.Random(5, DType.F32, n, k);
        double tolerance = 1e-6 * Math.Sqrt(Math.Max(m, Math.Max(k, n))) * 4;

        double[] expected = LinearInDouble(x, w, bias);
        Linear(product, y, x, w, bias);
        KernelData.Close(expected, y, tolerance, $"{what} forward with bias");
        double[] plain = LinearInDouble(x, w, null);
        Linear(product, y, x, w, null);
        KernelData.Close(plain, y, tolerance, $"{what} forward");

        double[] input = InputInDouble(dy, w);
        BackwardInput(product, dx, dy, w, false);
        KernelData.Close(input, dx, tolerance, $"{what} dx");
        BackwardInput(product, dx, dy, w, true);
        KernelData.Close([.. input.Select(v => 2 * v)], dx, 2 * tolerance, $"{what} dx accumulated");

        double[] weight = WeightInDouble(dw, dy, x);
        if (product is null)
        {
            MatMul.LinearBackwardWeight(Threads, dw, dy, x);
        }
        else
        {
            MatMul.LinearBackwardWeight(product, Threads, dw, dy, x);
        }

        KernelData.Close(weight, dw, tolerance, $"{what} dWeight");
    }

    private static void Linear(MatMul.Product? product, Tensor y, Tensor x, Tensor w, Tensor? bias)
    {
        y.Span<float>().Fill(float.NaN);
        if (product is null)
        {
            MatMul.Linear(Threads, y, x, w, bias);
        }
        else
        {
            MatMul.Linear(product, Threads, y, x, w, bias);
        }
    }

    private static void BackwardInput(MatMul.Product? product, Tensor dx, Tensor dy, Tensor w, bool accumulate)
    {
        if (product is null)
        {
            MatMul.LinearBackwardInput(Threads, dx, dy, w, accumulate);
        }
        else
        {
            MatMul.LinearBackwardInput(product, Threads, dx, dy, w, accumulate);
        }
    }

    private static double[] LinearInDouble(Tensor x, Tensor w, Tensor? bias)
    {
        int m = x.Shape.Rows, k = x.Shape.Width, n = w.Shape.Rows;
        double[] a = KernelData.Doubles(x), b = KernelData.Doubles(w), result = new double[m * n];
        for (int i = 0; i < m; i++)
        {
            for (int j = 0; j < n; j++)
            {
                double sum = bias is null ? 0 : bias.Pointer<float>()[j];
                for (int p = 0; p < k; p++)
                {
                    sum += a[(i * k) + p] * b[(j * k) + p];
                }

                result[(i * n) + j] = sum;
            }
        }

        return result;
    }

    private static double[] InputInDouble(Tensor dy, Tensor w)
    {
        int m = dy.Shape.Rows, n = dy.Shape.Width, k = w.Shape.Width;
        double[] a = KernelData.Doubles(dy), b = KernelData.Doubles(w), result = new double[m * k];
        for (int i = 0; i < m; i++)
        {
            for (int j = 0; j < n; j++)
            {
                for (int p = 0; p < k; p++)
                {
                    result[(i * k) + p] += a[(i * n) + j] * b[(j * k) + p];
                }
            }
        }

        return result;
    }

    private static double[] WeightInDouble(Tensor dw, Tensor dy, Tensor x)
    {
        int m = dy.Shape.Rows, n = dy.Shape.Width, k = x.Shape.Width;
        double[] a = KernelData.Doubles(dy), b = KernelData.Doubles(x), result = KernelData.Doubles(dw);
        for (int i = 0; i < m; i++)
        {
            for (int j = 0; j < n; j++)
            {
                for (int p = 0; p < k; p++)
                {
                    result[(j * k) + p] += a[(i * n) + j] * b[(i * k) + p];
                }
            }
        }

        return result;
    }
}
