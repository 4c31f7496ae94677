using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using Smvl.Tensors.Quantization;

namespace Smvl.Tensors.Cpu;

/// <summary>
/// Between F32 and the other types, a run of elements at a time (whole blocks of a quantized type). To F32 is exact; from F32 rounds
/// to nearest even. BF16 is the upper half of an F32, so widening is a shift.
/// </summary>
internal static class FloatConversion
{
    /// <summary>Elements <paramref name="start"/> and on of a tensor as F32, as many as the destination holds.</summary>
    public static void ToSingle(Tensor source, long start, Span<float> destination)
    {
        switch (source.DType)
        {
            case DType.F32:
                source.Span<float>().Slice((int)start, destination.Length).CopyTo(destination);
                break;
            case DType.BF16:
                WidenBFloat16(source.Span<ushort>().Slice((int)start, destination.Length), destination);
                break;
            case DType.F16:
                TensorPrimitives.ConvertToSingle(source.Span<Half>().Slice((int)start, destination.Length), destination);
                break;
            default:
                BlockFormat.Dequantize(source.DType, source.Bytes(start, destination.Length), destination);
                break;
        }
    }

    /// <summary>F32 into elements <paramref name="start"/> and on of a tensor.</summary>
    public static void FromSingle(ReadOnlySpan<float> source, Tensor destination, long start)
    {
        switch (destination.DType)
        {
            case DType.F32:
                source.CopyTo(destination.Span<float>()[(int)start..]);
                break;
            case DType.BF16:
                NarrowToBFloat16(source, destination.Span<ushort>().Slice((int)start, source.Length));
                break;
            case DType.F16:
                NarrowToHalf(source, destination.Span<ushort>().Slice((int)start, source.Length));
                break;
            default:
                BlockFormat.Quantize(destination.DType, source, destination.Bytes(start, source.Length));
                break;
        }
    }

    public static void WidenBFloat16(ReadOnlySpan<ushort> source, Span<float> destination)
    {
        int i = 0;
        if (Vector256.IsHardwareAccelerated)
        {
            ref ushort from = ref MemoryMarshal.GetReference(source);
            ref float to = ref MemoryMarshal.GetReference(destination);
            for (; i <= source.Length - 16; i += 16)
            {
                (Vector256<uint> low, Vector256<uint> high) = Vector256.Widen(Vector256.LoadUnsafe(ref from, (nuint)i));
                (low << 16).AsSingle().StoreUnsafe(ref to, (nuint)i);
                (high << 16).AsSingle().StoreUnsafe(ref to, (nuint)i + 8);
            }
        }

        for (; i < source.Length; i++)
        {
            destination[i] = BitConverter.UInt32BitsToSingle((uint)source[i] << 16);
        }
    }

    public static void NarrowToBFloat16(ReadOnlySpan<float> source, Span<ushort> destination)
    {
        for (int i = 0; i < source.Length; i++)
        {
            uint bits = BitConverter.SingleToUInt32Bits(source[i]);

            // a NaN must not round to infinity: keep its top bits and make it quiet
            destination[i] = float.IsNaN(source[i])
                ? (ushort)((bits >> 16) | 0x40)
                : (ushort)((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
        }
    }

    /// <summary>As a cast to Half; the framework's own loop takes one at a time.</summary>
    public static void NarrowToHalf(ReadOnlySpan<float> source, Span<ushort> destination)
    {
        int i = 0;
        if (Vector256.IsHardwareAccelerated)
        {
            ref float from = ref MemoryMarshal.GetReference(source);
            ref ushort to = ref MemoryMarshal.GetReference(destination);
            for (; i <= source.Length - 16; i += 16)
            {
                Vector256<float> low = Vector256.LoadUnsafe(ref from, (nuint)i), high = Vector256.LoadUnsafe(ref from, (nuint)i + 8);
                if (!Vector256.EqualsAll(low, low) || !Vector256.EqualsAll(high, high))
                {
                    break;   // a NaN keeps its bits below
                }

                Vector256.Narrow(ToHalf(low), ToHalf(high)).StoreUnsafe(ref to, (nuint)i);
            }
        }

        for (; i < source.Length; i++)
        {
            destination[i] = BitConverter.HalfToUInt16Bits((Half)source[i]);
        }
    }

    /// <summary>
    /// No NaN. The exponent's bias changes by adding to the bits, and what is cut off rounds by a little less than half of a unit, or
    /// half where the kept part is odd. Below the normal range, adding a number whose last place is that of the subnormals rounds.
    /// </summary>
    private static Vector256<uint> ToHalf(Vector256<float> x)
    {
        Vector256<uint> magnitude = x.AsUInt32() & Vector256.Create(0x7FFFFFFFu), sign = (x.AsUInt32() >>> 16) & Vector256.Create(0x8000u);
        Vector256<uint> odd = (magnitude >>> 13) & Vector256<uint>.One;
        Vector256<uint> normal = (magnitude + Vector256.Create(unchecked((uint)(-112 << 23) + 0xFFF)) + odd) >>> 13;
        Vector256<float> shift = Vector256.Create(0.5f);
        Vector256<uint> subnormal = (magnitude.AsSingle() + shift).AsUInt32() - shift.AsUInt32();
        Vector256<uint> half = Vector256.ConditionalSelect(Vector256.LessThan(magnitude.AsInt32(), Vector256.Create(113 << 23)).AsUInt32(), subnormal, normal);
        Vector256<int> large = Vector256.GreaterThanOrEqual(magnitude.AsInt32(), Vector256.Create(143 << 23));
        return Vector256.ConditionalSelect(large.AsUInt32(), Vector256.Create(0x7C00u), half) | sign;
    }
}
