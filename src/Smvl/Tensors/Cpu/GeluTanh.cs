using System.Runtime.CompilerServices;

namespace Smvl.Tensors.Cpu;

/// <summary>
/// y = 0.5 x (1 + tanh(z)), z = √(2/π) (x + 0.044715 x³), which equals x · sigmoid(2z): one exponential instead of a tanh.
/// Source: Hendrycks and Gimpel 2016; gelu_pytorch_tanh in transformers.
/// </summary>
internal static unsafe class GeluTanh
{
    private const float TwoRootTwoOverPi = 1.5957691216057308f;
    private const float Cubic = 0.044715f;

    public static void Forward(CpuThreads threads, Tensor y, Tensor x) =>
        Pointwise.Run(threads, x.Count, new ForwardAt(y.Pointer<float>(), x.Pointer<float>()));

    public static void Backward(CpuThreads threads, Tensor dx, Tensor dy, Tensor x) =>
        Pointwise.Run(threads, x.Count, new BackwardAt(dx.Pointer<float>(), dy.Pointer<float>(), x.Pointer<float>()));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector SigmoidOfTwoZ<TSimd, TVector>(TVector x, TVector square)
        where TSimd : ISimd<TVector>
        where TVector : unmanaged
    {
        TVector slope = TSimd.MultiplyAdd(square, TSimd.Broadcast(TwoRootTwoOverPi * Cubic), TSimd.Broadcast(TwoRootTwoOverPi));
        return SimdMath.Sigmoid<TSimd, TVector>(TSimd.Multiply(slope, x));
    }

    private readonly struct ForwardAt(float* y, float* x) : IPointwise
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void At<TSimd, TVector>(long i)
            where TSimd : ISimd<TVector>
            where TVector : unmanaged
        {
            TVector v = TSimd.Load(x + i);
            TSimd.Store(y + i, TSimd.Multiply(v, SigmoidOfTwoZ<TSimd, TVector>(v, TSimd.Multiply(v, v))));
        }
    }

    private readonly struct BackwardAt(float* dx, float* dy, float* x) : IPointwise
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void At<TSimd, TVector>(long i)
            where TSimd : ISimd<TVector>
            where TVector : unmanaged
        {
            // forward: y = x s(2z): dy/dx = s + x s (1 − s) 2z', 2z' = 2√(2/π) (1 + 3 · 0.044715 x²)
            TVector v = TSimd.Load(x + i), square = TSimd.Multiply(v, v);
            TVector s = SigmoidOfTwoZ<TSimd, TVector>(v, square);
            TVector zSlope = TSimd.MultiplyAdd(square, TSimd.Broadcast(3f * Cubic * TwoRootTwoOverPi), TSimd.Broadcast(TwoRootTwoOverPi));
            TVector xs = TSimd.Multiply(TSimd.Multiply(v, s), TSimd.Subtract(TSimd.Broadcast(1f), s));
            TSimd.Store(dx + i, TSimd.Multiply(TSimd.MultiplyAdd(xs, zSlope, s), TSimd.Load(dy + i)));
        }
    }
}
