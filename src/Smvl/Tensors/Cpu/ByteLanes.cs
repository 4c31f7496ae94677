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

    /// <summary>A factor per row for a dot product, stored as a signed byte.</summary>
    static abstract T Factors(byte* source);

    /// <summary>Per row the sum over 32 weights from 0 to 15, each less 8.</summary>
    static abstract T DotNibbles(T w0, T w1, T w2, T w3, ActivationBlock* a);

    /// <summary>Per row the sum over 32 weights from 0 to 15, times a factor.</summary>
    static abstract T DotNibbles(T w0, T w1, T w2, T w3, T factors, ActivationBlock* a);

    /// <summary>Per row the sum over 32 weights from 0 to 63, each less 32, the first 16 times one factor and the rest times another.</summary>
    static abstract T DotSixBits(T w0, T w1, T w2, T w3, T lowFactors, T highFactors, ActivationBlock* a);

    /// <summary>Per row the sum over 32 signed weights.</summary>
    static abstract T DotSigned(T w0, T w1, T w2, T w3, ActivationBlock* a);

    /// <summary>The same number in every place.</summary>
    static abstract T Share(float value);

    static abstract T Multiply(T x, T y);

    /// <summary>dot (words) · scale.</summary>
    static abstract T Scale(T dot, float scale);

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

    // in all four words of its row
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<byte> Factors(byte* source) =>
        Avx512BW.Shuffle(
            Avx512F.ConvertToVector512Int64(Vector128.CreateScalarUnsafe(*(long*)source).AsSByte()).AsByte(),
            Vector512.Create(0x0100_0100_0100_0100, 0x0908_0908_0908_0908, 0x0100_0100_0100_0100, 0x0908_0908_0908_0908,
                0x0100_0100_0100_0100, 0x0908_0908_0908_0908, 0x0100_0100_0100_0100, 0x0908_0908_0908_0908).AsByte());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<byte> DotNibbles(Vector512<byte> w0, Vector512<byte> w1, Vector512<byte> w2, Vector512<byte> w3, ActivationBlock* a) =>
        Words(Pairs(w0, w1, w2, w3, a) - Shared((sbyte*)a->Eights).AsInt16(), Vector512<short>.One).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<byte> DotNibbles(
        Vector512<byte> w0, Vector512<byte> w1, Vector512<byte> w2, Vector512<byte> w3, Vector512<byte> factors, ActivationBlock* a) =>
        Words(Pairs(w0, w1, w2, w3, a), factors.AsInt16()).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<byte> DotSixBits(
        Vector512<byte> w0, Vector512<byte> w1, Vector512<byte> w2, Vector512<byte> w3, Vector512<byte> lowFactors, Vector512<byte> highFactors,
        ActivationBlock* a)
    {
        Vector512<short> low = Pairs(w0, a->Values) + Pairs(w1, a->Values + 8) - Shared((sbyte*)a->LowThirtyTwos).AsInt16();
        Vector512<short> high = Pairs(w2, a->Values + 16) + Pairs(w3, a->Values + 24) - Shared((sbyte*)a->HighThirtyTwos).AsInt16();
        return (Words(low, lowFactors.AsInt16()) + Words(high, highFactors.AsInt16())).AsByte();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<byte> DotSigned(Vector512<byte> w0, Vector512<byte> w1, Vector512<byte> w2, Vector512<byte> w3, ActivationBlock* a) =>
        (Signed(w0, a->Values) + Signed(w1, a->Values + 8) + (Signed(w2, a->Values + 16) + Signed(w3, a->Values + 24))).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<byte> Share(float value) => Vector512.Create(value).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<byte> Multiply(Vector512<byte> x, Vector512<byte> y) => (x.AsSingle() * y.AsSingle()).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<byte> Scale(Vector512<byte> dot, float scale) =>
        Avx512F.Multiply(Avx512F.ConvertToVector512Single(dot.AsInt32()), Vector512.Create(scale)).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<byte> MultiplyAdd(Vector512<byte> x, Vector512<byte> y, Vector512<byte> sum) =>
        Avx512F.FusedMultiplyAdd(x.AsSingle(), y.AsSingle(), sum.AsSingle()).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(float* destination, Vector512<byte> sums)
    {
        Vector512<float> both = sums.AsSingle(), rows = Avx512F.Add(both, Avx512F.Permute4x32(both, 0b10_11_00_01));
        Avx512F.PermuteVar16x32(rows, Vector512.Create(0, 2, 4, 6, 8, 10, 12, 14, 0, 2, 4, 6, 8, 10, 12, 14)).GetLower().Store(destination);
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
    private static Vector512<short> Pairs(Vector512<byte> w0, Vector512<byte> w1, Vector512<byte> w2, Vector512<byte> w3, ActivationBlock* a) =>
        Pairs(w0, a->Values) + Pairs(w1, a->Values + 8) + (Pairs(w2, a->Values + 16) + Pairs(w3, a->Values + 24));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<int> Words(Vector512<short> pairs, Vector512<short> factors) => Avx512BW.MultiplyAddAdjacent(pairs, factors);

    // the instruction multiplies unsigned by signed bytes: the sign goes over to the activations
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<int> Signed(Vector512<byte> w, sbyte* a)
    {
        Vector512<sbyte> shared = Shared(a);
        Vector512<sbyte> turned = Vector512.ConditionalSelect(
            Vector512.LessThan(w.AsSByte(), Vector512<sbyte>.Zero), Vector512<sbyte>.Zero - shared, shared);
        return Words(Avx512BW.MultiplyAddAdjacent(Avx512BW.Abs(w.AsSByte()), turned), Vector512<short>.One);
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

    // in all words of its row, be they of 16 bits or of 32
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Factors(byte* source) =>
        Avx2.IsSupported
            ? Avx2.Shuffle(
                Avx2.ConvertToVector256Int64(Vector128.CreateScalarUnsafe(*(int*)source).AsSByte()).AsByte(),
                Vector256.Create(0x0100_0100_0100_0100, 0x0908_0908_0908_0908, 0x0100_0100_0100_0100, 0x0908_0908_0908_0908).AsByte())
            : Twice(Vector128.WidenLower(Vector128.WidenLower(Vector128.CreateScalarUnsafe(*(int*)source).AsSByte()))).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> DotNibbles(Vector256<byte> w0, Vector256<byte> w1, Vector256<byte> w2, Vector256<byte> w3, ActivationBlock* a)
    {
        if (Avx2.IsSupported)
        {
            return Words(Pairs(w0, w1, w2, w3, a) - Shared((sbyte*)a->Eights).AsInt16(), Vector256<short>.One).AsByte();
        }

        Vector256<byte> middle = Vector256.Create((byte)8);
        return Quads(w0 - middle, w1 - middle, w2 - middle, w3 - middle, a).AsByte();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> DotNibbles(
        Vector256<byte> w0, Vector256<byte> w1, Vector256<byte> w2, Vector256<byte> w3, Vector256<byte> factors, ActivationBlock* a) =>
        Avx2.IsSupported
            ? Words(Pairs(w0, w1, w2, w3, a), factors.AsInt16()).AsByte()
            : (Quads(w0, w1, w2, w3, a) * factors.AsInt32()).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> DotSixBits(
        Vector256<byte> w0, Vector256<byte> w1, Vector256<byte> w2, Vector256<byte> w3, Vector256<byte> lowFactors, Vector256<byte> highFactors,
        ActivationBlock* a)
    {
        if (Avx2.IsSupported)
        {
            Vector256<short> low = Pairs(w0, a->Values) + Pairs(w1, a->Values + 8) - Shared((sbyte*)a->LowThirtyTwos).AsInt16();
            Vector256<short> high = Pairs(w2, a->Values + 16) + Pairs(w3, a->Values + 24) - Shared((sbyte*)a->HighThirtyTwos).AsInt16();
            return (Words(low, lowFactors.AsInt16()) + Words(high, highFactors.AsInt16())).AsByte();
        }

        Vector256<byte> middle = Vector256.Create((byte)32);
        Vector256<int> first = Quads(w0 - middle, a->Values) + Quads(w1 - middle, a->Values + 8);
        Vector256<int> second = Quads(w2 - middle, a->Values + 16) + Quads(w3 - middle, a->Values + 24);
        return ((first * lowFactors.AsInt32()) + (second * highFactors.AsInt32())).AsByte();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> DotSigned(Vector256<byte> w0, Vector256<byte> w1, Vector256<byte> w2, Vector256<byte> w3, ActivationBlock* a) =>
        Avx2.IsSupported
            ? (Signed(w0, a->Values) + Signed(w1, a->Values + 8) + (Signed(w2, a->Values + 16) + Signed(w3, a->Values + 24))).AsByte()
            : Quads(w0, w1, w2, w3, a).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Share(float value) => Vector256.Create(value).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Multiply(Vector256<byte> x, Vector256<byte> y) => (x.AsSingle() * y.AsSingle()).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Scale(Vector256<byte> dot, float scale) =>
        (Vector256.ConvertToSingle(dot.AsInt32()) * Vector256.Create(scale)).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> MultiplyAdd(Vector256<byte> x, Vector256<byte> y, Vector256<byte> sum) =>
        Vector256.MultiplyAddEstimate(x.AsSingle(), y.AsSingle(), sum.AsSingle()).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(float* destination, Vector256<byte> sums)
    {
        Vector128<float> low = sums.GetLower().AsSingle(), high = sums.GetUpper().AsSingle();
        (destination[0], destination[1]) = (low[0] + low[1], low[2] + low[3]);
        (destination[2], destination[3]) = (high[0] + high[1], high[2] + high[3]);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> Twice(Vector128<int> rows) =>
        Vector256.Create(Vector128.Shuffle(rows, Vector128.Create(0, 0, 1, 1)), Vector128.Shuffle(rows, Vector128.Create(2, 2, 3, 3)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<sbyte> Shared(sbyte* a) => Vector256.Create(*(long*)a).AsSByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<short> Pairs(Vector256<byte> w, sbyte* a) => Avx2.MultiplyAddAdjacent(w, Shared(a));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<short> Pairs(Vector256<byte> w0, Vector256<byte> w1, Vector256<byte> w2, Vector256<byte> w3, ActivationBlock* a) =>
        Pairs(w0, a->Values) + Pairs(w1, a->Values + 8) + (Pairs(w2, a->Values + 16) + Pairs(w3, a->Values + 24));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> Words(Vector256<short> pairs, Vector256<short> factors) => Avx2.MultiplyAddAdjacent(pairs, factors);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> Signed(Vector256<byte> w, sbyte* a) =>
        Words(Avx2.MultiplyAddAdjacent(Avx2.Abs(w.AsSByte()), Avx2.Sign(Shared(a), w.AsSByte())), Vector256<short>.One);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> Quads(Vector256<byte> w0, Vector256<byte> w1, Vector256<byte> w2, Vector256<byte> w3, ActivationBlock* a) =>
        Quads(w0, a->Values) + Quads(w1, a->Values + 8) + (Quads(w2, a->Values + 16) + Quads(w3, a->Values + 24));

    /// <summary>sums plus, in each 32-bit word, the products of four signed bytes by four, without AVX2.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector256<int> AddQuads(Vector256<int> sums, Vector256<byte> w, Vector256<sbyte> a)
    {
        if (Dp.IsSupported)
        {
            return Vector256.Create(
                Dp.DotProduct(sums.GetLower(), w.GetLower().AsSByte(), a.GetLower()), Dp.DotProduct(sums.GetUpper(), w.GetUpper().AsSByte(), a.GetUpper()));
        }

        Vector256<int> words = w.AsInt32(), by = a.AsInt32();
        return sums + ((words << 24 >> 24) * (by << 24 >> 24)) + ((words << 16 >> 24) * (by << 16 >> 24))
            + (((words << 8 >> 24) * (by << 8 >> 24)) + ((words >> 24) * (by >> 24)));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> Quads(Vector256<byte> w, sbyte* a) => AddQuads(Vector256<int>.Zero, w, Shared(a));
}
