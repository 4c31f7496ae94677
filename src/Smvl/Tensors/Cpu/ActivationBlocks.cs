using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Smvl.Tensors.Cpu;

/// <summary>
/// 32 activations as bytes: value = Scale · byte, Scale = max |x| / 127, rounded to nearest even. The sums (of the bytes, times
/// Scale) are what a weight format with an offset needs.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct ActivationBlock
{
    public const int Size = 32;

    public fixed sbyte Values[Size];
    public float Scale;
    public float LowSum;
    public float HighSum;
    public float Sum;

    /// <summary>A row of a multiple of 32 values. A value that is no finite number makes its block's scale one that is none.</summary>
    public static void Quantize(float* x, int count, ActivationBlock* blocks)
    {
        for (int i = 0; i < count; i += Size, x += Size, blocks++)
        {
            Vector256<float> x0 = Vector256.Load(x), x1 = Vector256.Load(x + 8), x2 = Vector256.Load(x + 16), x3 = Vector256.Load(x + 24);
            Vector256<float> largest = Vector256.Max(
                Vector256.Max(Vector256.Abs(x0), Vector256.Abs(x1)), Vector256.Max(Vector256.Abs(x2), Vector256.Abs(x3)));
            Vector128<float> half = Vector128.Max(largest.GetLower(), largest.GetUpper());
            float max = MathF.Max(MathF.Max(half[0], half[1]), MathF.Max(half[2], half[3]));
            float toByte = max == 0f ? 0f : 127f / max;
            Vector256<int> q0 = Round(x0 * toByte), q1 = Round(x1 * toByte), q2 = Round(x2 * toByte), q3 = Round(x3 * toByte);
            Vector256.Narrow(Vector256.Narrow(q0, q1), Vector256.Narrow(q2, q3)).Store(blocks->Values);
            int low = Vector256.Sum(q0 + q1), high = Vector256.Sum(q2 + q3);
            blocks->Scale = max * (1f / 127f);
            blocks->LowSum = blocks->Scale * low;
            blocks->HighSum = blocks->Scale * high;
            blocks->Sum = blocks->Scale * (low + high);
        }
    }

    /// <summary>To nearest even, of numbers within ±127: adding 1.5·2²³ leaves the integer in the low bits.</summary>
    private static Vector256<int> Round(Vector256<float> x) =>
        (x + Vector256.Create(12582912f)).AsInt32() - Vector256.Create(0x4B400000);
}
