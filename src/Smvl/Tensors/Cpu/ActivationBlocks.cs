using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Smvl.Tensors.Cpu;

/// <summary>
/// 32 activations as bytes: value = Scale · byte, Scale = max |x| / 127, rounded to nearest even. A weight format with an offset needs
/// sums of the bytes too: those of four bits (less 8) and six bits (less 32) take them off as they multiply, two bytes at a time, at the
/// places that these have among eight.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct ActivationBlock
{
    public const int Size = 32;

    public fixed sbyte Values[Size];
    public float Scale;

    /// <summary>−Scale · the sum of all bytes / 2.</summary>
    public float MinusHalfSum;

    /// <summary>8 times the sums of all 32 bytes.</summary>
    public fixed short Eights[4];

    /// <summary>32 times the sums of the first 16 bytes.</summary>
    public fixed short LowThirtyTwos[4];

    /// <summary>32 times the sums of the last 16 bytes.</summary>
    public fixed short HighThirtyTwos[4];

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
            Vector256<sbyte> bytes = Vector256.Narrow(Vector256.Narrow(q0, q1), Vector256.Narrow(q2, q3));
            bytes.Store(blocks->Values);
            blocks->Scale = max * (1f / 127f);
            blocks->MinusHalfSum = -0.5f * blocks->Scale * Vector256.Sum(q0 + q1 + (q2 + q3));
            Vector256<short> pairs = (bytes.AsInt16() << 8 >> 8) + (bytes.AsInt16() >> 8);
            Vector128<short> low = Halved(pairs.GetLower()), high = Halved(pairs.GetUpper());
            *(long*)blocks->Eights = ((low + high) << 3).AsInt64()[0];
            *(long*)blocks->LowThirtyTwos = (low << 5).AsInt64()[0];
            *(long*)blocks->HighThirtyTwos = (high << 5).AsInt64()[0];
        }
    }

    /// <summary>To nearest even, of numbers within ±127: adding 1.5·2²³ leaves the integer in the low bits.</summary>
    private static Vector256<int> Round(Vector256<float> x) =>
        (x + Vector256.Create(12582912f)).AsInt32() - Vector256.Create(0x4B400000);

    /// <summary>The sums of the first four and the last four, in both places.</summary>
    private static Vector128<short> Halved(Vector128<short> pairs) => pairs + Vector128.Shuffle(pairs.AsInt64(), Vector128.Create(1L, 0L)).AsInt16();
}
