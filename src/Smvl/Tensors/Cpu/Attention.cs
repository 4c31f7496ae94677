namespace Smvl.Tensors.Cpu;

/// <summary>Softmax attention within segments, see <see cref="Backend.Attention"/> and <see cref="AttentionLayout"/>.</summary>
internal static class Attention
{
    /// <summary>o (T, H·hd), logSumExp (T, H) from q (T, H·hd), k and v (Tk, Hkv·hd).</summary>
    public static void Forward(CpuThreads threads, Tensor o, Tensor? logSumExp, Tensor q, Tensor k, Tensor v, AttentionLayout layout) =>
        AttentionReference.Forward(threads, o, logSumExp, q, k, v, layout);

    /// <summary>dq, dk, dv from dO and what Forward made; rows of dk and dv outside every segment become 0.</summary>
    public static void Backward(
        CpuThreads threads, Tensor dq, Tensor dk, Tensor dv, Tensor dO, Tensor o, Tensor logSumExp, Tensor q, Tensor k, Tensor v, AttentionLayout layout) =>
        AttentionReference.Backward(threads, dq, dk, dv, dO, o, logSumExp, q, k, v, layout);
}
