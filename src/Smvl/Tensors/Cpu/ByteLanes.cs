using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace Smvl.Tensors.Cpu;

/// <summary>
/// The registers of the quantized kernels. A register of bytes holds eight consecutive weights of each of <see cref="Rows"/> rows;
/// of 32-bit words it holds two for each row, whose sum is meant. The activations that meet the weights are eight bytes that all
/// rows share. Sums of bytes are exact.
/// </summary>
/// <typeparam name="T">the register, whatever it holds</typeparam>
internal unsafe interface IByteLanes<T>
    where T : unmanaged
{
    /// <summary>Weight rows of a register.</summary>
    static abstract int Rows { get; }

    static abstract T Load(byte* source);

    /// <summary>16-bit words moved <paramref name="shift"/> bits down, then of each byte the bits of <paramref name="mask"/>.</summary>
    static abstract T Bits(T words, int shift, byte mask);

    /// <summary>The bits of both, <paramref name="high"/> (of bytes below 16) four bits up.</summary>
    static abstract T Join(T low, T high);

    /// <summary>A factor per row, stored as F16; one below F16's normal range is met slowly.</summary>
    static abstract T Halves(byte* source);

    /// <summary>A factor per row, stored as F32.</summary>
    static abstract T Floats(float* source);

    /// <summary>A factor per row, stored as a byte.</summary>
    static abstract T Bytes(byte* source);

    /// <summary>A factor per row, stored as a signed byte.</summary>
    static abstract T SignedBytes(byte* source);

    /// <summary>Per row the sum over 32 weights from 0 to 15.</summary>
    static abstract T DotNibbles(T w0, T w1, T w2, T w3, sbyte* a);

    /// <summary>Per row the sum over 16 weights from 0 to 63.</summary>
    static abstract T DotSixBits(T w0, T w1, sbyte* a);

    /// <summary>Per row the sum over 32 signed weights.</summary>
    static abstract T DotSigned(T w0, T w1, T w2, T w3, sbyte* a);

    /// <summary>The same number in every place.</summary>
    static abstract T Share(float value);

    static abstract T Multiply(T x, T y);

    /// <summary>dot (words) · scale + offset; a row gets the offset twice.</summary>
    static abstract T Affine(T dot, float scale, float offset);

    /// <summary>x · y + sum.</summary>
    static abstract T MultiplyAdd(T x, T y, T sum);

    /// <summary>One number per row.</summary>
    static abstract void Store(float* destination, T sums);
}

/// <summary>Eight rows, with AVX-512.</summary>
internal readonly unsafe struct ByteLanes512 : IByteLanes<Vector512<byte>>
{
    public static bool IsSupported => Simd512.IsSupported && Avx512BW.IsSupported;

    public static int Rows => 8;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<byte> Load(byte* source) => Vector512.Load(source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<byte> Bits(Vector512<byte> words, int shift, byte mask) =>
        (words.AsUInt16() >>> shift).AsByte() & Vector512.Create(mask);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<byte> Join(Vector512<byte> low, Vector512<byte> high) => low | (high.AsUInt16() << 4).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<byte> Halves(byte* source)
    {
        // into the upper part of both words of its row, see HalfBits
        Vector512<ushort> twice = Avx512BW.PermuteVar32x16(
            Vector128.Load((ushort*)source).ToVector256Unsafe().ToVector512Unsafe(),
            Vector512.Create(0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 6, 6, 6, 6, 7, 7, 7, (ushort)7));
        return (((twice.AsInt32() >> 3) & Vector512.Create(HalfBits.Mask)).AsSingle() * Vector512.Create(HalfBits.Scale)).AsByte();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<byte> Floats(float* source) => Twice(Vector256.Load(source));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<byte> Bytes(byte* source) =>
        Twice(Vector256.ConvertToSingle(Avx2.ConvertToVector256Int32(source)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<byte> SignedBytes(byte* source) =>
        Twice(Vector256.ConvertToSingle(Avx2.ConvertToVector256Int32((sbyte*)source)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<byte> DotNibbles(Vector512<byte> w0, Vector512<byte> w1, Vector512<byte> w2, Vector512<byte> w3, sbyte* a) =>
        Words(Pairs(w0, a) + Pairs(w1, a + 8) + (Pairs(w2, a + 16) + Pairs(w3, a + 24))).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<byte> DotSixBits(Vector512<byte> w0, Vector512<byte> w1, sbyte* a) =>
        Words(Pairs(w0, a) + Pairs(w1, a + 8)).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<byte> DotSigned(Vector512<byte> w0, Vector512<byte> w1, Vector512<byte> w2, Vector512<byte> w3, sbyte* a) =>
        (Signed(w0, a) + Signed(w1, a + 8) + (Signed(w2, a + 16) + Signed(w3, a + 24))).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<byte> Share(float value) => Vector512.Create(value).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<byte> Multiply(Vector512<byte> x, Vector512<byte> y) => (x.AsSingle() * y.AsSingle()).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<byte> Affine(Vector512<byte> dot, float scale, float offset) =>
        Avx512F.FusedMultiplyAdd(
            Avx512F.ConvertToVector512Single(dot.AsInt32()), Vector512.Create(scale), Vector512.Create(offset)).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<byte> MultiplyAdd(Vector512<byte> x, Vector512<byte> y, Vector512<byte> sum) =>
        Avx512F.FusedMultiplyAdd(x.AsSingle(), y.AsSingle(), sum.AsSingle()).AsByte();

    public static void Store(float* destination, Vector512<byte> sums)
    {
        ByteLanes256.Store(destination, sums.GetLower());
        ByteLanes256.Store(destination + 4, sums.GetUpper());
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<byte> Twice(Vector256<float> rows) =>
        Avx512F.PermuteVar16x32(
            rows.ToVector512Unsafe(), Vector512.Create(0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7)).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<sbyte> Shared(sbyte* a) => Vector512.Create(*(long*)a).AsSByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<short> Pairs(Vector512<byte> w, sbyte* a) => Avx512BW.MultiplyAddAdjacent(w, Shared(a));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<int> Words(Vector512<short> pairs) => Avx512BW.MultiplyAddAdjacent(pairs, Vector512<short>.One);

    // the instruction multiplies unsigned by signed bytes: the sign goes over to the activations
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<int> Signed(Vector512<byte> w, sbyte* a)
    {
        Vector512<sbyte> shared = Shared(a);
        Vector512<sbyte> turned = Vector512.ConditionalSelect(
            Vector512.LessThan(w.AsSByte(), Vector512<sbyte>.Zero), Vector512<sbyte>.Zero - shared, shared);
        return Words(Avx512BW.MultiplyAddAdjacent(Avx512BW.Abs(w.AsSByte()), turned));
    }
}

/// <summary>Four rows, with AVX2, Arm's dot products, or what every machine has.</summary>
internal readonly unsafe struct ByteLanes256 : IByteLanes<Vector256<byte>>
{
    public static int Rows => 4;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Load(byte* source) => Vector256.Load(source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Bits(Vector256<byte> words, int shift, byte mask) =>
        (words.AsUInt16() >>> shift).AsByte() & Vector256.Create(mask);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Join(Vector256<byte> low, Vector256<byte> high) => low | (high.AsUInt16() << 4).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Halves(byte* source)
    {
        Vector128<short> rows = Vector128.CreateScalarUnsafe(*(long*)source).AsInt16();
        Vector256<int> twice = Vector256.WidenLower(Vector128.Shuffle(rows, Vector128.Create(0, 0, 1, 1, 2, 2, 3, 3)).ToVector256Unsafe());
        return (((twice << 13) & Vector256.Create(HalfBits.Mask)).AsSingle() * Vector256.Create(HalfBits.Scale)).AsByte();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Floats(float* source) => Twice(Vector128.Load(source).AsInt32()).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Bytes(byte* source) =>
        Vector256.ConvertToSingle(Twice(Vector128.WidenLower(Vector128.WidenLower(Vector128.CreateScalarUnsafe(*(int*)source).AsByte())).AsInt32())).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> SignedBytes(byte* source) =>
        Vector256.ConvertToSingle(Twice(Vector128.WidenLower(Vector128.WidenLower(Vector128.CreateScalarUnsafe(*(int*)source).AsSByte())))).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> DotNibbles(Vector256<byte> w0, Vector256<byte> w1, Vector256<byte> w2, Vector256<byte> w3, sbyte* a) =>
        Avx2.IsSupported
            ? Words(Pairs(w0, a) + Pairs(w1, a + 8) + (Pairs(w2, a + 16) + Pairs(w3, a + 24))).AsByte()
            : (Quads(w0, a) + Quads(w1, a + 8) + (Quads(w2, a + 16) + Quads(w3, a + 24))).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> DotSixBits(Vector256<byte> w0, Vector256<byte> w1, sbyte* a) =>
        Avx2.IsSupported ? Words(Pairs(w0, a) + Pairs(w1, a + 8)).AsByte() : (Quads(w0, a) + Quads(w1, a + 8)).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> DotSigned(Vector256<byte> w0, Vector256<byte> w1, Vector256<byte> w2, Vector256<byte> w3, sbyte* a) =>
        Avx2.IsSupported
            ? (Signed(w0, a) + Signed(w1, a + 8) + (Signed(w2, a + 16) + Signed(w3, a + 24))).AsByte()
            : (Quads(w0, a) + Quads(w1, a + 8) + (Quads(w2, a + 16) + Quads(w3, a + 24))).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Share(float value) => Vector256.Create(value).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Multiply(Vector256<byte> x, Vector256<byte> y) => (x.AsSingle() * y.AsSingle()).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Affine(Vector256<byte> dot, float scale, float offset) =>
        Vector256.MultiplyAddEstimate(Vector256.ConvertToSingle(dot.AsInt32()), Vector256.Create(scale), Vector256.Create(offset)).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> MultiplyAdd(Vector256<byte> x, Vector256<byte> y, Vector256<byte> sum) =>
        Vector256.MultiplyAddEstimate(x.AsSingle(), y.AsSingle(), sum.AsSingle()).AsByte();

    public static void Store(float* destination, Vector256<byte> sums)
    {
        Vector256<float> both = sums.AsSingle();
        for (int row = 0; row < Rows; row++)
        {
            destination[row] = both[2 * row] + both[(2 * row) + 1];
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> Twice(Vector128<int> rows) =>
        Vector256.Create(Vector128.Shuffle(rows, Vector128.Create(0, 0, 1, 1)), Vector128.Shuffle(rows, Vector128.Create(2, 2, 3, 3)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<sbyte> Shared(sbyte* a) => Vector256.Create(*(long*)a).AsSByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<short> Pairs(Vector256<byte> w, sbyte* a) => Avx2.MultiplyAddAdjacent(w, Shared(a));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> Words(Vector256<short> pairs) => Avx2.MultiplyAddAdjacent(pairs, Vector256<short>.One);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> Signed(Vector256<byte> w, sbyte* a) =>
        Words(Avx2.MultiplyAddAdjacent(Avx2.Abs(w.AsSByte()), Avx2.Sign(Shared(a), w.AsSByte())));

    /// <summary>Any signed bytes, without AVX2.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> Quads(Vector256<byte> w, sbyte* a)
    {
        if (Dp.IsSupported)
        {
            Vector128<sbyte> shared = Vector128.Create(*(long*)a).AsSByte();
            return Vector256.Create(
                Dp.DotProduct(Vector128<int>.Zero, w.GetLower().AsSByte(), shared), Dp.DotProduct(Vector128<int>.Zero, w.GetUpper().AsSByte(), shared));
        }

        Vector256<int> words = w.AsInt32(), by = Shared(a).AsInt32();
        return ((words << 24 >> 24) * (by << 24 >> 24)) + ((words << 16 >> 24) * (by << 16 >> 24))
            + (((words << 8 >> 24) * (by << 8 >> 24)) + ((words >> 24) * (by >> 24)));
    }
}
