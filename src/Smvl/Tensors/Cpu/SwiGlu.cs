using System.Runtime.CompilerServices;

namespace Smvl.Tensors.Cpu;

/// <summary>y = silu(gate) · up with silu(g) = g · sigmoid(g). Source: Shazeer 2020; Qwen3MLP in transformers.</summary>
internal static unsafe class SwiGlu
{
    public static void Forward(CpuThreads threads, Tensor y, Tensor gate, Tensor up) =>
        Pointwise.Run(threads, y.Count, new ForwardAt(y.Pointer<float>(), gate.Pointer<float>(), up.Pointer<float>()));

    public static void Backward(CpuThreads threads, Tensor dGate, Tensor dUp, Tensor dy, Tensor gate, Tensor up) =>
        Pointwise.Run(threads, dy.Count, new BackwardAt(
            dGate.Pointer<float>(), dUp.Pointer<float>(), dy.Pointer<float>(), gate.Pointer<float>(), up.Pointer<float>()));

    private readonly struct ForwardAt(float* y, float* gate, float* up) : IPointwise
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void At<TSimd, TVector>(long i)
            where TSimd : ISimd<TVector>
            where TVector : unmanaged
        {
            TVector g = TSimd.Load(gate + i);
            TVector silu = TSimd.Multiply(g, SimdMath.Sigmoid<TSimd, TVector>(g));
            TSimd.Store(y + i, TSimd.Multiply(silu, TSimd.Load(up + i)));
        }
    }

    private readonly struct BackwardAt(float* dGate, float* dUp, float* dy, float* gate, float* up) : IPointwise
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void At<TSimd, TVector>(long i)
            where TSimd : ISimd<TVector>
            where TVector : unmanaged
        {
            // forward: y = silu(g) u, and silu'(g) = s + silu (1 − s)
            TVector g = TSimd.Load(gate + i), u = TSimd.Load(up + i), d = TSimd.Load(dy + i);
            TVector s = SimdMath.Sigmoid<TSimd, TVector>(g), silu = TSimd.Multiply(g, s);
            TVector slope = TSimd.MultiplyAdd(silu, TSimd.Subtract(TSimd.Broadcast(1f), s), s);
            TSimd.Store(dGate + i, TSimd.Multiply(TSimd.Multiply(slope, u), d));
            TSimd.Store(dUp + i, TSimd.Multiply(silu, d));
        }
    }
}
