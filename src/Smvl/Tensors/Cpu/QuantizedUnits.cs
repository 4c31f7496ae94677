using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Smvl.Tensors.Cpu;

/// <summary>
/// A quantized format as the kernels read it. A unit is the blocks of eight weight rows over <see cref="Depth"/> inputs, laid out
/// so that whatever the rows need at a time is consecutive: scales row by row, then strips, which are eight bytes of every row.
/// A unit has as many parts as 32 go into its depth. Sources of the formats: ggml-common.h and ggml-quants.c (ggml).
/// </summary>
internal unsafe interface IQuantizedUnit
{
    /// <summary>Inputs of a block.</summary>
    static abstract int Depth { get; }

    /// <summary>Bytes of eight blocks.</summary>
    static abstract int Bytes { get; }

    /// <summary>Writes a unit from eight rows' blocks, which lie <paramref name="stride"/> bytes apart.</summary>
    static abstract void Pack(byte* unit, byte* blocks, long stride);

    /// <summary>The block of one row, as it was packed.</summary>
    static abstract void Unpack(byte* unit, int row, byte* block);

    /// <summary>The weights that a unit stands for as F32: for each input the eight rows side by side, <paramref name="stride"/> floats from one to the next.</summary>
    static abstract void Widen(float* destination, int stride, byte* unit);

    /// <summary>
    /// 32 inputs of the rows from row on: their bytes, eight inputs to a register (w0 to w3), the block's scale per row (d), and what
    /// the format has for each part (s and t). The part of the group (parts 4 · group and on, of a unit that has several) is known when
    /// this is compiled.
    /// </summary>
    static abstract void Load<TLanes, T>(
        byte* unit, int group, int part, int row, out T w0, out T w1, out T w2, out T w3, out T d, out T s, out T t)
        where TLanes : IByteLanes<T>
        where T : unmanaged;

    /// <summary>sum plus the products of what was loaded by 32 activations.</summary>
    static abstract T Add<TLanes, T>(T sum, T w0, T w1, T w2, T w3, T d, T s, T t, ActivationBlock* a)
        where TLanes : IByteLanes<T>
        where T : unmanaged;
}

/// <summary>A format whose weights are half bytes from 0 to 15 with a scale and an offset for every 32: x = scale · q − minimum.</summary>
internal unsafe interface INibbleUnit : IQuantizedUnit
{
    /// <summary>
    /// A part for products of many rows: four consecutive inputs of the eight rows at a time, as bytes, <paramref name="stride"/> bytes
    /// from one four to the next; per row the scale, and twice the minimum.
    /// </summary>
    static abstract void Spread(byte* quads, int stride, float* scales, float* minima, byte* unit, int part);
}

/// <summary>Eight scales (F16), 4 strips. x = d · q.</summary>
internal readonly unsafe struct UnitQ8_0 : IQuantizedUnit
{
    public static int Depth => 32;

    public static int Bytes => UnitParts.Rows * 34;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Pack(byte* unit, byte* blocks, long stride)
    {
        UnitParts.PackHalves(unit, blocks, stride);
        UnitParts.PackStrips(unit + 16, blocks + 2, stride, 4);
    }

    public static void Unpack(byte* unit, int row, byte* block)
    {
        UnitParts.UnpackHalf(unit, row, block);
        UnitParts.UnpackStrips(unit + 16, row, block + 2, 4);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Widen(float* destination, int stride, byte* unit)
    {
        Vector256<float> scale = ElementF16.Load8(unit);
        for (int strip = 0; strip < 4; strip++, destination += 8 * stride)
        {
            byte* rows = unit + 16 + (64 * strip);
            UnitParts.WidenStrip(destination, stride, Vector256.Load(rows), Vector256.Load(rows + 32), scale, default);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Load<TLanes, T>(
        byte* unit, int group, int part, int row, out T w0, out T w1, out T w2, out T w3, out T d, out T s, out T t)
        where TLanes : IByteLanes<T>
        where T : unmanaged
    {
        d = TLanes.Halves(unit + (2 * row));
        s = t = default;
        byte* strips = unit + 16 + (8 * row);
        (w0, w1, w2, w3) = (TLanes.Load(strips), TLanes.Load(strips + 64), TLanes.Load(strips + 128), TLanes.Load(strips + 192));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Add<TLanes, T>(T sum, T w0, T w1, T w2, T w3, T d, T s, T t, ActivationBlock* a)
        where TLanes : IByteLanes<T>
        where T : unmanaged =>
        TLanes.MultiplyAdd(TLanes.Scale(TLanes.DotSigned(w0, w1, w2, w3, a), a->Scale), d, sum);
}

/// <summary>Eight scales (F16), 2 strips of half bytes: the low halves are inputs 0 to 15. x = d · (q − 8).</summary>
internal readonly unsafe struct UnitQ4_0 : INibbleUnit
{
    public static int Depth => 32;

    public static int Bytes => UnitParts.Rows * 18;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Pack(byte* unit, byte* blocks, long stride)
    {
        UnitParts.PackHalves(unit, blocks, stride);
        UnitParts.PackStrips(unit + 16, blocks + 2, stride, 2);
    }

    public static void Unpack(byte* unit, int row, byte* block)
    {
        UnitParts.UnpackHalf(unit, row, block);
        UnitParts.UnpackStrips(unit + 16, row, block + 2, 2);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Widen(float* destination, int stride, byte* unit)
    {
        Vector256<float> scale = ElementF16.Load8(unit);
        Vector256<byte> mask = Vector256.Create((byte)15), middle = Vector256.Create((byte)8);
        for (int strip = 0; strip < 2; strip++, destination += 8 * stride)
        {
            Vector256<byte> a = Vector256.Load(unit + 16 + (64 * strip)), b = Vector256.Load(unit + 48 + (64 * strip));
            UnitParts.WidenStrip(destination, stride, (a & mask) - middle, (b & mask) - middle, scale, default);
            UnitParts.WidenStrip(destination + (16 * stride), stride, (a >>> 4) - middle, (b >>> 4) - middle, scale, default);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Load<TLanes, T>(
        byte* unit, int group, int part, int row, out T w0, out T w1, out T w2, out T w3, out T d, out T s, out T t)
        where TLanes : IByteLanes<T>
        where T : unmanaged
    {
        d = TLanes.Halves(unit + (2 * row));
        s = t = default;
        byte* strips = unit + 16 + (8 * row);
        T first = TLanes.Load(strips), second = TLanes.Load(strips + 64);
        (w0, w1, w2, w3) = (TLanes.Bits(first, 0, 15), TLanes.Bits(second, 0, 15), TLanes.Bits(first, 4, 15), TLanes.Bits(second, 4, 15));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Add<TLanes, T>(T sum, T w0, T w1, T w2, T w3, T d, T s, T t, ActivationBlock* a)
        where TLanes : IByteLanes<T>
        where T : unmanaged =>
        TLanes.MultiplyAdd(TLanes.Scale(TLanes.DotNibbles(w0, w1, w2, w3, a), a->Scale), d, sum);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Spread(byte* quads, int stride, float* scales, float* minima, byte* unit, int part)
    {
        Vector256<float> scale = ElementF16.Load8(unit);
        scale.Store(scales);
        (scale * 16f).Store(minima);
        for (int strip = 0; strip < 2; strip++, quads += 2 * stride)
        {
            Vector256<byte> a = Vector256.Load(unit + 16 + (64 * strip)), b = Vector256.Load(unit + 48 + (64 * strip));
            UnitParts.SpreadNibbles(quads, stride, a, b);
            UnitParts.SpreadNibbles(quads + (4 * stride), stride, a >>> 4, b >>> 4);
        }
    }
}

/// <summary>
/// Eight scales and eight minima (F32), then per part eight scales and per part eight minima of 6 bits, as bytes, then 16 strips of
/// half bytes: the low halves are the even parts. x = d · scale · q − dmin · min.
/// </summary>
internal readonly unsafe struct UnitQ4_K : INibbleUnit
{
    private const int Scales = 64, Minima = Scales + 64, Strips = Minima + 64;

    public static int Depth => 256;

    public static int Bytes => Strips + (UnitParts.Rows * 128);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Pack(byte* unit, byte* blocks, long stride)
    {
        UnitParts.PackAsFloats(unit, blocks, stride);
        UnitParts.PackAsFloats(unit + 32, blocks + 2, stride);
        for (int row = 0; row < UnitParts.Rows; row++)
        {
            byte* packed = blocks + (row * stride) + 4;
            for (int i = 0; i < 4; i++)
            {
                unit[Scales + (8 * i) + row] = (byte)(packed[i] & 63);
                unit[Scales + (8 * (i + 4)) + row] = (byte)((packed[8 + i] & 15) | (packed[i] >> 6 << 4));
                unit[Minima + (8 * i) + row] = (byte)(packed[4 + i] & 63);
                unit[Minima + (8 * (i + 4)) + row] = (byte)((packed[8 + i] >> 4) | (packed[4 + i] >> 6 << 4));
            }
        }

        UnitParts.PackStrips(unit + Strips, blocks + 16, stride, 16);
    }

    public static void Unpack(byte* unit, int row, byte* block)
    {
        UnitParts.UnpackFloat(unit, row, block);
        UnitParts.UnpackFloat(unit + 32, row, block + 2);
        for (int i = 0; i < 4; i++)
        {
            int scale = unit[Scales + (8 * i) + row], highScale = unit[Scales + (8 * (i + 4)) + row];
            int min = unit[Minima + (8 * i) + row], highMin = unit[Minima + (8 * (i + 4)) + row];
            block[4 + i] = (byte)(scale | (highScale >> 4 << 6));
            block[8 + i] = (byte)(min | (highMin >> 4 << 6));
            block[12 + i] = (byte)((highScale & 15) | ((highMin & 15) << 4));
        }

        UnitParts.UnpackStrips(unit + Strips, row, block + 16, 16);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Widen(float* destination, int stride, byte* unit)
    {
        Vector256<float> d = Vector256.Load((float*)unit), dmin = Vector256.Load((float*)unit + 8);
        Vector256<byte> mask = Vector256.Create((byte)15);
        for (int part = 0; part < 8; part++)
        {
            Vector256<float> scale = d * UnitParts.Floats((sbyte*)unit + Scales + (8 * part)), minimum = dmin * UnitParts.Floats((sbyte*)unit + Minima + (8 * part));
            int shift = (part & 1) * 4;
            for (int strip = 0; strip < 4; strip++, destination += 8 * stride)
            {
                byte* rows = unit + Strips + (part / 2 * 256) + (64 * strip);
                UnitParts.WidenStrip(
                    destination, stride, (Vector256.Load(rows) >>> shift) & mask, (Vector256.Load(rows + 32) >>> shift) & mask, scale, minimum);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Load<TLanes, T>(
        byte* unit, int group, int part, int row, out T w0, out T w1, out T w2, out T w3, out T d, out T s, out T t)
        where TLanes : IByteLanes<T>
        where T : unmanaged
    {
        d = TLanes.Floats((float*)unit + row);
        s = TLanes.Factors(unit + Scales + (32 * group) + (8 * part) + row);
        t = TLanes.Multiply(TLanes.Floats((float*)unit + 8 + row), TLanes.Bytes(unit + Minima + (32 * group) + (8 * part) + row));
        byte* strips = unit + Strips + (512 * group) + (part / 2 * 256) + (8 * row);
        int shift = (part & 1) * 4;
        (w0, w1) = (TLanes.Bits(TLanes.Load(strips), shift, 15), TLanes.Bits(TLanes.Load(strips + 64), shift, 15));
        (w2, w3) = (TLanes.Bits(TLanes.Load(strips + 128), shift, 15), TLanes.Bits(TLanes.Load(strips + 192), shift, 15));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Add<TLanes, T>(T sum, T w0, T w1, T w2, T w3, T d, T s, T t, ActivationBlock* a)
        where TLanes : IByteLanes<T>
        where T : unmanaged =>
        TLanes.MultiplyAdd(
            TLanes.Scale(TLanes.DotNibbles(w0, w1, w2, w3, s, a), a->Scale), d, TLanes.MultiplyAdd(TLanes.Share(a->MinusHalfSum), t, sum));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Spread(byte* quads, int stride, float* scales, float* minima, byte* unit, int part)
    {
        (Vector256.Load((float*)unit) * UnitParts.Floats((sbyte*)unit + Scales + (8 * part))).Store(scales);
        (Vector256.Load((float*)unit + 8) * UnitParts.Floats((sbyte*)unit + Minima + (8 * part)) * 2f).Store(minima);
        int shift = (part & 1) * 4;
        byte* rows = unit + Strips + (part / 2 * 256);
        for (int strip = 0; strip < 4; strip++, rows += 64, quads += 2 * stride)
        {
            UnitParts.SpreadNibbles(quads, stride, Vector256.Load(rows) >>> shift, Vector256.Load(rows + 32) >>> shift);
        }
    }
}

/// <summary>
/// Eight scales (F32), then sixteen times eight signed scales (bytes), 16 strips of the low 4 bits and 8 strips of the high 2 bits.
/// x = d · scale · (q − 32), a scale for 16 inputs.
/// </summary>
internal readonly unsafe struct UnitQ6_K : IQuantizedUnit
{
    private const int Scales = 32, Low = Scales + 128, High = Low + 1024;

    public static int Depth => 256;

    public static int Bytes => High + 512;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Pack(byte* unit, byte* blocks, long stride)
    {
        UnitParts.PackAsFloats(unit, blocks + 208, stride);
        for (int row = 0; row < UnitParts.Rows; row++)
        {
            byte* scales = blocks + (row * stride) + 192;
            for (int i = 0; i < 16; i++)
            {
                unit[Scales + (8 * i) + row] = scales[i];
            }
        }

        UnitParts.PackStrips(unit + Low, blocks, stride, 16);
        UnitParts.PackStrips(unit + High, blocks + 128, stride, 8);
    }

    public static void Unpack(byte* unit, int row, byte* block)
    {
        UnitParts.UnpackFloat(unit, row, block + 208);
        for (int i = 0; i < 16; i++)
        {
            block[192 + i] = unit[Scales + (8 * i) + row];
        }

        UnitParts.UnpackStrips(unit + Low, row, block, 16);
        UnitParts.UnpackStrips(unit + High, row, block + 128, 8);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Widen(float* destination, int stride, byte* unit)
    {
        Vector256<float> d = Vector256.Load((float*)unit);
        for (int part = 0; part < 16; part++)
        {
            Vector256<float> scale = d * UnitParts.Floats((sbyte*)unit + Scales + (8 * part));
            for (int strip = part % 2 * 2; strip < (part % 2 * 2) + 2; strip++, destination += 8 * stride)
            {
                UnitParts.WidenStrip(destination, stride, Six(unit, part / 2, strip, 0), Six(unit, part / 2, strip, 32), scale, default);
            }
        }

        // as in Load
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        static Vector256<byte> Six(byte* unit, int part, int strip, int at)
        {
            int half = part / 4, p = part % 4;
            Vector256<byte> low = Vector256.Load(unit + Low + (half * 512) + ((p & 1) * 256) + (64 * strip) + at);
            Vector256<byte> high = Vector256.Load(unit + High + (half * 256) + (64 * strip) + at);
            low = (low >>> (p / 2 * 4)) & Vector256.Create((byte)15);
            high = (high >>> (2 * p)) & Vector256.Create((byte)3);
            return (low | (high << 4)) - Vector256.Create((byte)32);
        }
    }

    // a group is a half of 128 inputs: part p has strips 4 (p & 1) of the low bits, their low or high halves by p / 2, and bits 2p of the high ones
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Load<TLanes, T>(
        byte* unit, int group, int part, int row, out T w0, out T w1, out T w2, out T w3, out T d, out T s, out T t)
        where TLanes : IByteLanes<T>
        where T : unmanaged
    {
        d = TLanes.Floats((float*)unit + row);
        s = TLanes.Factors(unit + Scales + (64 * group) + (16 * part) + row);
        t = TLanes.Factors(unit + Scales + (64 * group) + (16 * part) + 8 + row);
        int shift = part / 2 * 4, highShift = 2 * part;
        byte* low = unit + Low + (group * 512) + ((part & 1) * 256) + (8 * row), high = unit + High + (group * 256) + (8 * row);
        (w0, w1) = (Six(low, high, shift, highShift), Six(low + 64, high + 64, shift, highShift));
        (w2, w3) = (Six(low + 128, high + 128, shift, highShift), Six(low + 192, high + 192, shift, highShift));

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        static T Six(byte* low, byte* high, int shift, int highShift) =>
            TLanes.Join(TLanes.Bits(TLanes.Load(low), shift, 15), TLanes.Bits(TLanes.Load(high), highShift, 3));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Add<TLanes, T>(T sum, T w0, T w1, T w2, T w3, T d, T s, T t, ActivationBlock* a)
        where TLanes : IByteLanes<T>
        where T : unmanaged =>
        TLanes.MultiplyAdd(TLanes.Scale(TLanes.DotSixBits(w0, w1, w2, w3, s, t, a), a->Scale), d, sum);
}

/// <summary>What the formats share.</summary>
internal static unsafe class UnitParts
{
    /// <summary>Weight rows of a unit.</summary>
    public const int Rows = 8;

    /// <summary>Eight signed bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Floats(sbyte* bytes)
    {
        Vector128<short> wide = Vector128.WidenLower(Vector128.CreateScalarUnsafe(*(long*)bytes).AsSByte());
        return Vector256.ConvertToSingle(Vector256.WidenLower(wide.ToVector256Unsafe()));
    }

    /// <summary>
    /// Eight inputs of eight rows, signed bytes, rows 0 to 3 and 4 to 7: byte · scale − minimum, for each input the rows side by side.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void WidenStrip(float* destination, int stride, Vector256<byte> a, Vector256<byte> b, Vector256<float> scale, Vector256<float> minimum)
    {
        (Vector256<int> first, Vector256<int> second) = Quads(a, b);
        Put(destination, stride, first, scale, minimum);
        Put(destination + (4 * stride), stride, second, scale, minimum);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        static void Put(float* destination, int stride, Vector256<int> words, Vector256<float> scale, Vector256<float> minimum)
        {
            ((Vector256.ConvertToSingle(words << 24 >> 24) * scale) - minimum).Store(destination);
            ((Vector256.ConvertToSingle(words << 16 >> 24) * scale) - minimum).Store(destination + stride);
            ((Vector256.ConvertToSingle(words << 8 >> 24) * scale) - minimum).Store(destination + (2 * stride));
            ((Vector256.ConvertToSingle(words >> 24) * scale) - minimum).Store(destination + (3 * stride));
        }
    }

    /// <summary>Eight inputs of eight rows, in the low half of each byte, rows 0 to 3 and 4 to 7: four inputs of all rows, then the other four.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void SpreadNibbles(byte* quads, int stride, Vector256<byte> a, Vector256<byte> b)
    {
        Vector256<byte> mask = Vector256.Create((byte)15);
        (Vector256<int> first, Vector256<int> second) = Quads(a & mask, b & mask);
        first.Store((int*)quads);
        second.Store((int*)(quads + stride));
    }

    /// <summary>Four inputs of each row in a word, and the other four.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static (Vector256<int> First, Vector256<int> Second) Quads(Vector256<byte> a, Vector256<byte> b) =>
        (Vector256.Narrow(a.AsInt64(), b.AsInt64()), Vector256.Narrow(a.AsInt64() >>> 32, b.AsInt64() >>> 32));

    /// <summary>Eight blocks' F16 fields, row by row.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void PackHalves(byte* unit, byte* field, long stride)
    {
        for (int row = 0; row < Rows; row++)
        {
            ((Half*)unit)[row] = *(Half*)(field + (row * stride));
        }
    }

    public static void UnpackHalf(byte* unit, int row, byte* field) => *(Half*)field = ((Half*)unit)[row];

    /// <summary>Eight blocks' F16 fields as F32: those of the larger blocks are often below F16's normal range.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void PackAsFloats(byte* unit, byte* field, long stride)
    {
        for (int row = 0; row < Rows; row++)
        {
            ((float*)unit)[row] = (float)*(Half*)(field + (row * stride));
        }
    }

    public static void UnpackFloat(byte* unit, int row, byte* field) => *(Half*)field = (Half)((float*)unit)[row];

    /// <summary>Eight blocks' runs of eight bytes, run by run.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void PackStrips(byte* unit, byte* bytes, long stride, int count)
    {
        for (int row = 0; row < Rows; row++, bytes += stride)
        {
            for (int strip = 0; strip < count; strip++)
            {
                ((ulong*)unit)[(strip * Rows) + row] = ((ulong*)bytes)[strip];
            }
        }
    }

    public static void UnpackStrips(byte* unit, int row, byte* bytes, int count)
    {
        for (int strip = 0; strip < count; strip++)
        {
            ((ulong*)bytes)[strip] = ((ulong*)unit)[(strip * Rows) + row];
        }
    }
}
