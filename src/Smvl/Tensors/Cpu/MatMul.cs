namespace Smvl.Tensors.Cpu;

/// <summary>
/// Matrix products of a linear layer, see <see cref="Backend.Linear"/>: x (T, K), weight (N, K), y (T, N). Weights are F32, BF16 or
/// F16 and converted exactly; everything else is F32. A result does not depend on the number of threads.
/// </summary>
internal static class MatMul
{
    /// <summary>y (T, N) = x (T, K) · weight (N, K)ᵀ + bias (N).</summary>
    public static void Linear(CpuThreads threads, Tensor y, Tensor x, Tensor weight, Tensor? bias) =>
        MatMulReference.Linear(threads, y, x, weight, bias);

    /// <summary>dx (T, K) (+)= dy (T, N) · weight (N, K).</summary>
    public static void LinearBackwardInput(CpuThreads threads, Tensor dx, Tensor dy, Tensor weight, bool accumulate) =>
        MatMulReference.LinearBackwardInput(threads, dx, dy, weight, accumulate);

    /// <summary>dWeight (N, K) += dyᵀ · x.</summary>
    public static void LinearBackwardWeight(CpuThreads threads, Tensor dWeight, Tensor dy, Tensor x) =>
        MatMulReference.LinearBackwardWeight(threads, dWeight, dy, x);
}
