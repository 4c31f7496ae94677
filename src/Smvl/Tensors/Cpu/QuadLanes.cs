using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Smvl.Tensors.Cpu;

/// <summary>
/// The registers of <see cref="MatMulNibbles{TUnit, TLanes, T}"/>. A register of bytes holds four consecutive weights of each of
/// <see cref="Rows"/> rows, or the four activations that meet them once for each row; a register of numbers holds one for each row.
/// </summary>
/// <typeparam name="T">the register, whatever it holds</typeparam>
internal unsafe interface IQuadLanes<T>
    where T : unmanaged
{
    /// <summary>Weight rows of a register.</summary>
    static abstract int Rows { get; }

    static abstract T Load(byte* source);

    /// <summary>Four activations for all rows.</summary>
    static abstract T Share(sbyte* activations);

    /// <summary>The same number for all rows.</summary>
    static abstract T Share(float value);

    /// <summary>
    /// sums plus, per row, four weights from 0 to 15 times four activations within ±127: exact for up to eight such products. What
    /// is in a sum's register is known to <see cref="Numbers"/> only.
    /// </summary>
    static abstract T AddProducts(T sums, T weights, T activations);

    /// <summary>Sums of products as F32.</summary>
    static abstract T Numbers(T sums);

    static abstract T Multiply(T x, T y);

    /// <summary>x · y + sum.</summary>
    static abstract T MultiplyAdd(T x, T y, T sum);

    static abstract void Store(float* destination, T numbers);
}

/// <summary>Sixteen rows, with AVX-512. Two products of at most 15 · 127 · 2 and seven more fit 16 bits: 30,480.</summary>
internal readonly unsafe struct QuadLanes512 : IQuadLanes<Vector512<byte>>
{
    public static bool IsSupported => ByteLanes512.IsSupported;

    public static int Rows => 16;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<byte> Load(byte* source) => Vector512.Load(source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<byte> Share(sbyte* activations) => Vector512.Create(*(int*)activations).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<byte> Share(float value) => Vector512.Create(value).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<byte> AddProducts(Vector512<byte> sums, Vector512<byte> weights, Vector512<byte> activations) =>
        Avx512BW.Add(sums.AsInt16(), Avx512BW.MultiplyAddAdjacent(weights, activations.AsSByte())).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<byte> Numbers(Vector512<byte> sums) =>
        Avx512F.ConvertToVector512Single(Avx512BW.MultiplyAddAdjacent(sums.AsInt16(), Vector512<short>.One)).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<byte> Multiply(Vector512<byte> x, Vector512<byte> y) => Avx512F.Multiply(x.AsSingle(), y.AsSingle()).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<byte> MultiplyAdd(Vector512<byte> x, Vector512<byte> y, Vector512<byte> sum) =>
        Avx512F.FusedMultiplyAdd(x.AsSingle(), y.AsSingle(), sum.AsSingle()).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(float* destination, Vector512<byte> numbers) => numbers.AsSingle().Store(destination);
}

/// <summary>Eight rows, with AVX2 (whose sums are as those of AVX-512), Arm's dot products, or what every machine has.</summary>
internal readonly unsafe struct QuadLanes256 : IQuadLanes<Vector256<byte>>
{
    public static int Rows => 8;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Load(byte* source) => Vector256.Load(source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Share(sbyte* activations) => Vector256.Create(*(int*)activations).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Share(float value) => Vector256.Create(value).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> AddProducts(Vector256<byte> sums, Vector256<byte> weights, Vector256<byte> activations) =>
        Avx2.IsSupported
            ? (sums.AsInt16() + Avx2.MultiplyAddAdjacent(weights, activations.AsSByte())).AsByte()
            : ByteLanes256.AddQuads(sums.AsInt32(), weights, activations.AsSByte()).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Numbers(Vector256<byte> sums) =>
        Vector256.ConvertToSingle(Avx2.IsSupported ? Avx2.MultiplyAddAdjacent(sums.AsInt16(), Vector256<short>.One) : sums.AsInt32()).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Multiply(Vector256<byte> x, Vector256<byte> y) => (x.AsSingle() * y.AsSingle()).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> MultiplyAdd(Vector256<byte> x, Vector256<byte> y, Vector256<byte> sum) =>
        Vector256.MultiplyAddEstimate(x.AsSingle(), y.AsSingle(), sum.AsSingle()).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(float* destination, Vector256<byte> numbers) => numbers.AsSingle().Store(destination);
}
