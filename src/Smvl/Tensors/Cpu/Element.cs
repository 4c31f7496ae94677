using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Smvl.Tensors.Cpu;

/// <summary>An element type that a matrix may be stored in, and its exact way to F32. Addresses are in bytes.</summary>
internal unsafe interface IElement
{
    /// <summary>Bytes of an element.</summary>
    static abstract int Size { get; }

    static abstract float At(byte* source);

    /// <summary>Eight consecutive elements.</summary>
    static abstract Vector256<float> Load8(byte* source);

    /// <summary>Of little-endian 32-bit words of 4 / <see cref="Size"/> elements each, the element <paramref name="part"/>.</summary>
    static abstract Vector128<float> Expand(Vector128<uint> words, int part);

    /// <summary>The same for eight words.</summary>
    static abstract Vector256<float> Expand(Vector256<uint> words, int part);

    /// <summary>The same for sixteen words; needs <see cref="Simd512"/>.</summary>
    static abstract Vector512<float> Expand(Vector512<uint> words, int part);
}

internal readonly unsafe struct ElementF32 : IElement
{
    public static int Size => 4;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float At(byte* source) => *(float*)source;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Load8(byte* source) => Vector256.Load((float*)source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> Expand(Vector128<uint> words, int part) => words.AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Expand(Vector256<uint> words, int part) => words.AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Expand(Vector512<uint> words, int part) => words.AsSingle();
}

/// <summary>bfloat16 is the upper half of a float.</summary>
internal readonly unsafe struct ElementBF16 : IElement
{
    public static int Size => 2;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float At(byte* source) => BitConverter.UInt32BitsToSingle((uint)*(ushort*)source << 16);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Load8(byte* source) =>
        (Vector256.WidenLower(Vector128.Load((ushort*)source).ToVector256Unsafe()) << 16).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> Expand(Vector128<uint> words, int part) =>
        (part == 0 ? words << 16 : words & Vector128.Create(0xFFFF0000u)).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Expand(Vector256<uint> words, int part) =>
        (part == 0 ? words << 16 : words & Vector256.Create(0xFFFF0000u)).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Expand(Vector512<uint> words, int part) =>
        (part == 0 ? Avx512F.ShiftLeftLogical(words, 16) : Avx512F.And(words, Vector512.Create(0xFFFF0000u))).AsSingle();
}

/// <summary>
/// IEEE half. Its exponent and fraction move to a float's place, the exponent grows by 112. Of a subnormal that makes 2^-15 · 1.f
/// where 2^-14 · 0.f is meant: doubled, less 2^-14. No step meets a subnormal float, which is slow. Infinities and NaNs get the
/// float's exponent of ones.
/// </summary>
internal readonly unsafe struct ElementF16 : IElement
{
    public static int Size => 2;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float At(byte* source) => (float)*(Half*)source;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Load8(byte* source) =>
        FromHalf(Vector256.WidenLower(Vector128.Load((ushort*)source).ToVector256Unsafe()));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> Expand(Vector128<uint> words, int part) => Expand(words.ToVector256Unsafe(), part).GetLower();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Expand(Vector256<uint> words, int part) =>
        FromHalf(part == 0 ? words & Vector256.Create(0xFFFFu) : words >>> 16);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Expand(Vector512<uint> words, int part) =>
        Vector512.Create(Expand(words.GetLower(), part), Expand(words.GetUpper(), part));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> FromHalf(Vector256<uint> half)
    {
        Vector256<int> magnitude = ((half & Vector256.Create(0x7FFFu)) << 13).AsInt32();
        Vector256<float> value = (magnitude + Vector256.Create(112 << 23)).AsSingle();
        Vector256<int> subnormal = Vector256.LessThan(magnitude, Vector256.Create(0x400 << 13));
        value += ((value - Vector256.Create(6.103515625e-05f)).AsInt32() & subnormal).AsSingle();
        Vector256<int> special = Vector256.GreaterThanOrEqual(magnitude, Vector256.Create(0x7C00 << 13)) & Vector256.Create(0x7F800000);
        return (value.AsInt32() | special | ((half & Vector256.Create(0x8000u)) << 16).AsInt32()).AsSingle();
    }
}
