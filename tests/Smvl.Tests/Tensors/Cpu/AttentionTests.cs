using System.Runtime.Intrinsics;
using Smvl.Tensors;
using Smvl.Tensors.Cpu;

namespace Smvl.Tests.Tensors.Cpu;

/// <summary>Every width of the attention kernels, and the scalar reference, against double precision over awkward sizes.</summary>
public sealed class AttentionTests
{
    private static readonly CpuThreads Threads = new(2);

    public static TheoryData<string, int> Paths => new()
    {
        { "8 x 512", 512 }, { "6 x 256", 256 }, { "6 x 128", 128 }, { "8 x 128", 128 }, { "scalar", 0 }, { "reference", 0 },
    };

    [Theory, MemberData(nameof(Paths))]
    public void EveryPathIsRightForAwkwardLengths(string path, int width)
    {
        KernelData.RequireWidth(width);
        int[] sizes = KernelData.Awkward;
        for (int i = 0; i < sizes.Length; i++)
        {
            int queries = sizes[i], more = sizes[(i * 5) % sizes.Length];
            foreach (bool causal in (bool[])[true, false])
            {
                // queries in the middle of the rows, a cache before them
                AttentionSegment[] one = [new(1, queries, 2, queries + more)];
                Check(path, new AttentionLayout([.. Before(one)], 4, 2, 16, causal));
            }
        }
    }

    [Theory, MemberData(nameof(Paths))]
    public void EveryPathIsRightForHeadDimensions(string path, int width)
    {
        KernelData.RequireWidth(width);
        foreach (int hd in (int[])[1, 3, 4, 6, 12, 32, 64, 72, 80, 96, 128])
        {
            Check(path, new AttentionLayout([new(0, 37, 0, 37)], 3, 1, hd, true));
            Check(path, new AttentionLayout([new(0, 20, 0, 33)], 2, 2, hd, false));
            Check(path, new AttentionLayout([new(0, 1, 0, 33)], 4, 2, hd, true));
        }
    }

    // several segments of different lengths; several blocks of 144 in each direction
    [Theory, MemberData(nameof(Paths))]
    public void SegmentsAndBlocksMeet(string path, int width)
    {
        KernelData.RequireWidth(width);
        Check(path, new AttentionLayout([new(0, 5, 0, 5), new(5, 40, 5, 40), new(45, 1, 45, 1), new(46, 3, 46, 30)], 4, 2, 8, true));
        Check(path, new AttentionLayout([new(0, 300, 0, 300)], 2, 1, 8, true));
        Check(path, new AttentionLayout([new(0, 150, 0, 310)], 2, 1, 8, true));
        Check(path, new AttentionLayout(AttentionLayout.Blocks(2, 160), 2, 2, 8, false));
    }

    /// <summary>A cache of a narrower type is read as the numbers that it holds, by few queries as by many.</summary>
    [Theory, MemberData(nameof(Paths))]
    public void KeysAndValuesOfANarrowerTypeAreTheNumbersTheyHold(string path, int width)
    {
        KernelData.RequireWidth(width);
        if (path == "reference")
        {
            return;
        }

        using CpuBackend backend = new(1);
        foreach (DType dtype in (DType[])[DType.F16, DType.Q8_0])
        {
            foreach (int queries in (int[])[1, 3, 40])
            {
                const int keys = 70, heads = 4, kvHeads = 2, hd = 64;
                AttentionLayout layout = new([new(0, queries, 3, keys)], heads, kvHeads, hd, true);
                using Tensor q = KernelData.Random(1, DType.F32, queries, heads * hd);
                using Tensor k = KernelData.Random(2, DType.F32, keys + 3, kvHeads * hd), v = KernelData.Random(3, DType.F32, keys + 3, kvHeads * hd);
                using Tensor narrowK = KernelData.Empty(dtype, keys + 3, kvHeads * hd), narrowV = KernelData.Empty(dtype, keys + 3, kvHeads * hd);
                backend.Copy(narrowK, k);
                backend.Copy(narrowV, v);
                backend.Copy(k, narrowK);
                backend.Copy(v, narrowV);
                using Tensor o = KernelData.Unwritten(queries, heads * hd);

                Width(path).RunForward(Threads, o, null, q, narrowK, narrowV, layout);

                double[] expected = new AttentionInDouble(layout, KernelData.Doubles(q), KernelData.Doubles(k), KernelData.Doubles(v)).Forward();
                KernelData.Close(expected, o, 5e-6, $"{path}, {dtype}, {queries} queries");
            }
        }
    }

    [Fact]
    public void BackwardMatchesFiniteDifferences()
    {
        AttentionLayout layout = new([new(0, 5, 0, 7), new(5, 6, 7, 6)], 4, 2, 6, true);
        using Tensor q = KernelData.Random(1, DType.F32, 11, 24), k = KernelData.Random(2, DType.F32, 13, 12), v = KernelData.Random(3, DType.F32, 13, 12);
        using Tensor dO = KernelData.Random(4, DType.F32, 11, 24), o = KernelData.Unwritten(11, 24), lse = KernelData.Unwritten(11, 4);
        using Tensor dq = KernelData.Unwritten(11, 24), dk = KernelData.Unwritten(13, 12), dv = KernelData.Unwritten(13, 12);
        Attention.Forward(Threads, o, lse, q, k, v, layout);
        Attention.Backward(Threads, dq, dk, dv, dO, o, lse, q, k, v, layout);

        double[][] inputs = [KernelData.Doubles(q), KernelData.Doubles(k), KernelData.Doubles(v)];
        double[] weights = KernelData.Doubles(dO);
        double Loss() => new AttentionInDouble(layout, inputs[0], inputs[1], inputs[2]).Forward().Zip(weights, (a, b) => a * b).Sum();
        foreach ((double[] input, Tensor gradient, string name) in ((double[], Tensor, string)[])[(inputs[0], dq, "dq"), (inputs[1], dk, "dk"), (inputs[2], dv, "dv")])
        {
            double[] difference = new double[input.Length];
            for (int i = 0; i < input.Length; i++)
            {
                double x = input[i];
                input[i] = x + 1e-5;
                double above = Loss();
                input[i] = x - 1e-5;
                difference[i] = (above - Loss()) / 2e-5;
                input[i] = x;
            }

            KernelData.Close(difference, gradient, 2e-6, name);
        }
    }

    [Fact]
    public void ThreadsNeverChangeABit()
    {
        AttentionLayout layout = new([new(0, 100, 0, 120), new(100, 33, 120, 33), new(133, 2, 153, 50)], 4, 2, 32, true);
        List<float[]> results = [];
        foreach (int count in (int[])[1, 2, 3, 7])
        {
            using Result result = Run("public", layout, new CpuThreads(count));
            results.Add([.. result.O.Span<float>(), .. result.Dq.Span<float>(), .. result.Dk.Span<float>(), .. result.Dv.Span<float>()]);
        }

        Assert.All(results, result => Assert.Equal(results[0], result));
    }

    // scores in the hundreds: the online maximum must carry them; a key far below the maximum must vanish
    [Theory, MemberData(nameof(Paths))]
    public void LargeScoresDoNotOverflow(string path, int width)
    {
        KernelData.RequireWidth(width);
        Check(path, new AttentionLayout([new(0, 200, 0, 200)], 2, 1, 16, true), factor: 30f, tolerance: 3e-4);
    }

    // a first, full segment over the rows that a test's own segment leaves free
    private static IEnumerable<AttentionSegment> Before(AttentionSegment[] segments) =>
        [new(0, segments[0].QueryStart, 0, segments[0].KeyStart), .. segments];

    private static void Check(string path, AttentionLayout layout, float factor = 1f, double tolerance = 5e-6)
    {
        using Result result = Run(path, layout, Threads, factor);
        AttentionInDouble expected = new(layout, KernelData.Doubles(result.Q), KernelData.Doubles(result.K), KernelData.Doubles(result.V));
        string what = $"{path} causal {layout.Causal} hd {layout.HeadDim} {string.Join(' ', layout.Segments)}";
        KernelData.Close(expected.Forward(), result.O, tolerance, what + " o");
        KernelData.Close(expected.LogSumExp(), result.LogSumExp, tolerance * (factor * factor), what + " logSumExp");
        (double[] dq, double[] dk, double[] dv) = expected.Backward(KernelData.Doubles(result.DO));
        double gradientTolerance = tolerance * 4 * factor;
        KernelData.Close(dq, result.Dq, gradientTolerance, what + " dq");
        KernelData.Close(dk, result.Dk, gradientTolerance, what + " dk");
        KernelData.Close(dv, result.Dv, gradientTolerance, what + " dv");
    }

    private static Result Run(string path, AttentionLayout layout, CpuThreads threads, float factor = 1f)
    {
        int queries = layout.Segments.Max(s => s.QueryStart + s.QueryLength), keys = layout.Segments.Max(s => s.KeyStart + s.KeyLength);
        long width = layout.Heads * layout.HeadDim, kvWidth = layout.KeyValueHeads * layout.HeadDim;
        Result r = new()
        {
            Q = KernelData.Random(1, DType.F32, queries, width),
            K = KernelData.Random(2, DType.F32, keys, kvWidth),
            V = KernelData.Random(3, DType.F32, keys, kvWidth),
            DO = KernelData.Random(4, DType.F32, queries, width),
            O = KernelData.Unwritten(queries, width),
            LogSumExp = KernelData.Unwritten(queries, layout.Heads),
            Dq = KernelData.Unwritten(queries, width),
            Dk = KernelData.Unwritten(keys, kvWidth),
            Dv = KernelData.Unwritten(keys, kvWidth),
        };
        foreach (ref float x in r.Q.Span<float>())
        {
            x *= factor;
        }

        foreach (ref float x in r.K.Span<float>())
        {
            x *= factor;
        }

        switch (path)
        {
            case "public":
                Attention.Forward(threads, r.O, r.LogSumExp, r.Q, r.K, r.V, layout);
                Attention.Backward(threads, r.Dq, r.Dk, r.Dv, r.DO, r.O, r.LogSumExp, r.Q, r.K, r.V, layout);
                break;
            case "reference":
                AttentionReference.Forward(threads, r.O, r.LogSumExp, r.Q, r.K, r.V, layout);
                AttentionReference.Backward(threads, r.Dq, r.Dk, r.Dv, r.DO, r.O, r.LogSumExp, r.Q, r.K, r.V, layout);
                break;
            default:
                Attention attention = Width(path);
                attention.RunForward(threads, r.O, r.LogSumExp, r.Q, r.K, r.V, layout);
                attention.RunBackward(threads, r.Dq, r.Dk, r.Dv, r.DO, r.O, r.LogSumExp, r.Q, r.K, r.V, layout);
                break;
        }

        return r;
    }

    private static Attention Width(string path) => path switch
    {
        "8 x 512" => new Attention<Tile8<Simd512, Vector512<float>>, Simd512, Vector512<float>>(),
        "6 x 256" => new Attention<Tile6<Simd256, Vector256<float>>, Simd256, Vector256<float>>(),
        "6 x 128" => new Attention<Tile6Runs<Simd128, Vector128<float>>, Simd128, Vector128<float>>(),
        "8 x 128" => new Attention<Tile8<Simd128, Vector128<float>>, Simd128, Vector128<float>>(),
        _ => new Attention<Tile6Runs<SimdScalar, float>, SimdScalar, float>(),
    };

    private sealed class Result : IDisposable
    {
        public required Tensor Q { get; init; }

        public required Tensor K { get; init; }

        public required Tensor V { get; init; }

        public required Tensor DO { get; init; }

        public required Tensor O { get; init; }

        public required Tensor LogSumExp { get; init; }

        public required Tensor Dq { get; init; }

        public required Tensor Dk { get; init; }

        public required Tensor Dv { get; init; }

        public void Dispose()
        {
            foreach (Tensor tensor in (Tensor[])[Q, K, V, DO, O, LogSumExp, Dq, Dk, Dv])
            {
                tensor.Dispose();
            }
        }
    }
}
