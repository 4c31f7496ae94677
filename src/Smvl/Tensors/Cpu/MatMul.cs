using System.Diagnostics;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;

namespace Smvl.Tensors.Cpu;

/// <summary>
/// Matrix products of a linear layer, see <see cref="Backend.Linear"/>: x (T, K), weight (N, K), y (T, N). Weights are F32, BF16 or
/// F16, or quantized where x has many rows, and converted exactly; everything else is F32. Fewer rows meet quantized weights as
/// <see cref="MatMulQuantized"/> says, and any number of rows those of half bytes, many as <see cref="MatMulNibbles"/> says. A result
/// does not depend on the number of threads.
/// </summary>
internal static unsafe class MatMul
{
    // from about this many rows on, packing the weights pays
    private const int FewRows = 8;

    // from about this many rows on, widening quantized weights other than half bytes pays: signed bytes by bytes are slower than F32 by F32 in blocks
    private const int ManyRows = 256;

    /// <summary>Best first: what <see cref="MatMulBlocked{TTile}"/> does with the widest vectors of this machine.</summary>
    private static readonly Product Blocked =
        Simd512.IsSupported ? MatMulBlocked<Tile12<Simd512, Vector512<float>>>.Run
        : Simd256.IsSupported ? MatMulBlocked<Tile6<Simd256, Vector256<float>>>.Run
        : AdvSimd.IsSupported ? MatMulBlocked<Tile12<Simd128, Vector128<float>>>.Run
        : Simd128.IsSupported ? MatMulBlocked<Tile6Runs<Simd128, Vector128<float>>>.Run
        : MatMulBlocked<Tile6Runs<SimdScalar, float>>.Run;

    internal delegate void Product(
        CpuThreads threads, float* c, long stride, int rows, int columns, long depth, in Operand a, in Operand b, float* bias, bool accumulate);

    /// <summary>y (T, N) = x (T, K) · weight (N, K)ᵀ + bias (N).</summary>
    public static void Linear(CpuThreads threads, Tensor y, Tensor x, Tensor weight, Tensor? bias)
    {
        if (MeetsNibbles(x, weight))
        {
            MatMulNibbles.Linear(threads, [y], x, [weight], bias);
        }
        else if (MeetsBytes(x, weight))
        {
            MatMulQuantized.Linear(threads, [y], x, [weight], bias);
        }
        else
        {
            Linear(x.Shape.Rows <= FewRows && Vector128.IsHardwareAccelerated ? null : Blocked, threads, y, x, weight, bias);
        }
    }

    /// <summary>ys[i] = x · weights[i]ᵀ. What is multiplied as bytes shares x as bytes, and what is read at the pace of memory one handing out of work.</summary>
    public static void LinearGroup(CpuThreads threads, ReadOnlySpan<Tensor> ys, Tensor x, ReadOnlySpan<Tensor> weights)
    {
        bool nibbles = true, bytes = true;
        foreach (Tensor weight in weights)
        {
            bool many = MeetsNibbles(x, weight);
            nibbles &= many;
            bytes &= !many && MeetsBytes(x, weight);
        }

        if (nibbles)
        {
            MatMulNibbles.Linear(threads, ys, x, weights, null);
        }
        else if (bytes)
        {
            MatMulQuantized.Linear(threads, ys, x, weights, null);
        }
        else
        {
            for (int i = 0; i < weights.Length; i++)
            {
                Linear(threads, ys[i], x, weights[i], null);
            }
        }
    }

    /// <summary>dx (T, K) (+)= dy (T, N) · weight (N, K).</summary>
    public static void LinearBackwardInput(CpuThreads threads, Tensor dx, Tensor dy, Tensor weight, bool accumulate) =>
        LinearBackwardInput(Blocked, threads, dx, dy, weight, accumulate);

    /// <summary>dWeight (N, K) += dyᵀ · x.</summary>
    public static void LinearBackwardWeight(CpuThreads threads, Tensor dWeight, Tensor dy, Tensor x) =>
        LinearBackwardWeight(Blocked, threads, dWeight, dy, x);

    private static bool MeetsNibbles(Tensor x, Tensor weight) =>
        MatMulNibbles.IsSupported && MatMulNibbles.Takes(weight.DType) && x.Shape.Rows > FewRows;

    private static bool MeetsBytes(Tensor x, Tensor weight) =>
        weight.DType.IsQuantized() && (x.Shape.Rows < ManyRows || !Vector128.IsHardwareAccelerated);

    // a null product: few rows, without packing
    internal static void Linear(Product? product, CpuThreads threads, Tensor y, Tensor x, Tensor weight, Tensor? bias)
    {
        int t = x.Shape.Rows, k = x.Shape.Width, n = weight.Shape.Rows;
        Debug.Assert(weight.Shape.Width == k && y.Shape.Rows == t && y.Shape.Width == n, $"y {y} = x {x} · weight {weight}");
        Debug.Assert(bias is null || bias.Count == n, $"bias {bias} of {n} outputs");
        float* biases = bias is null ? null : bias.Pointer<float>();
        if (product is null)
        {
            MatMulFew.Run(threads, y.Pointer<float>(), x.Pointer<float>(), t, n, k, weight.Origin(), weight.DType, biases);
        }
        else
        {
            Operand left = Operand.Rows(x.Pointer<float>(), DType.F32, k);
            Operand right = weight.Storage is PanelStorage panels ? Operand.Rows(panels) : Operand.Rows(weight.Origin(), weight.DType, k);
            product(threads, y.Pointer<float>(), n, t, n, k, left, right, biases, accumulate: false);
        }
    }

    internal static void LinearBackwardInput(Product product, CpuThreads threads, Tensor dx, Tensor dy, Tensor weight, bool accumulate)
    {
        int t = dy.Shape.Rows, n = dy.Shape.Width, k = weight.Shape.Width;
        Debug.Assert(weight.Shape.Rows == n && dx.Shape.Rows == t && dx.Shape.Width == k, $"dx {dx} = dy {dy} · weight {weight}");
        product(
            threads, dx.Pointer<float>(), k, t, k, n, Operand.Rows(dy.Pointer<float>(), DType.F32, n), Operand.Columns(weight.Origin(), weight.DType, k),
            null, accumulate);
    }

    internal static void LinearBackwardWeight(Product product, CpuThreads threads, Tensor dWeight, Tensor dy, Tensor x)
    {
        int t = dy.Shape.Rows, n = dy.Shape.Width, k = x.Shape.Width;
        Debug.Assert(x.Shape.Rows == t && dWeight.Shape.Rows == n && dWeight.Shape.Width == k, $"dWeight {dWeight} += dy {dy}ᵀ · x {x}");
        product(
            threads, dWeight.Pointer<float>(), k, n, k, t, Operand.Columns(dy.Pointer<float>(), DType.F32, n), Operand.Columns(x.Pointer<float>(), DType.F32, k),
            null, accumulate: true);
    }
}
