using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Smvl.Images;

/// <summary>
/// Turns 8 rows of bytes into rows of 8 bytes and back, 8 x 8 at a time in eight 64-bit words. Source: Warren, Hacker's Delight,
/// 7-3 (transposing by exchanging ever smaller blocks), for bytes instead of bits.
/// </summary>
internal static unsafe class ByteTranspose
{
    /// <summary>The rows transposed together.</summary>
    public const int Rows = 8;

    /// <summary>(Rows, width) to (width, Rows)</summary>
    /// <param name="source">the first row</param>
    /// <param name="stride">bytes from row to row</param>
    /// <param name="width">bytes per row</param>
    /// <param name="target">receives width × Rows bytes without gaps</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void ToColumns(byte* source, nint stride, int width, byte* target)
    {
        int x = 0;
        for (; x + 8 <= width; x += 8)
        {
            Block(source + x, stride, target + (x * Rows), Rows);
        }

        for (; x < width; x++)
        {
            for (int y = 0; y < Rows; y++)
            {
                target[(x * Rows) + y] = source[(y * stride) + x];
            }
        }
    }

    /// <summary>(width, Rows) to (Rows, width)</summary>
    /// <param name="source">width × Rows bytes without gaps</param>
    /// <param name="target">the first row</param>
    /// <param name="stride">bytes from row to row</param>
    /// <param name="width">bytes per row</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void ToRows(byte* source, byte* target, nint stride, int width)
    {
        int x = 0;
        for (; x + 8 <= width; x += 8)
        {
            Block(source + (x * Rows), Rows, target + x, stride);
        }

        for (; x < width; x++)
        {
            for (int y = 0; y < Rows; y++)
            {
                target[(y * stride) + x] = source[(x * Rows) + y];
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Block(byte* source, nint sourceStride, byte* target, nint targetStride)
    {
        Debug.Assert(BitConverter.IsLittleEndian, "the exchanges below count bytes from the low end");
        ulong a = Load(source), b = Load(source + sourceStride);
        ulong c = Load(source + (2 * sourceStride)), d = Load(source + (3 * sourceStride));
        source += 4 * sourceStride;
        ulong e = Load(source), f = Load(source + sourceStride);
        ulong g = Load(source + (2 * sourceStride)), h = Load(source + (3 * sourceStride));

        Exchange(ref a, ref e, 32, 0x00000000FFFFFFFF);
        Exchange(ref b, ref f, 32, 0x00000000FFFFFFFF);
        Exchange(ref c, ref g, 32, 0x00000000FFFFFFFF);
        Exchange(ref d, ref h, 32, 0x00000000FFFFFFFF);

        Exchange(ref a, ref c, 16, 0x0000FFFF0000FFFF);
        Exchange(ref b, ref d, 16, 0x0000FFFF0000FFFF);
        Exchange(ref e, ref g, 16, 0x0000FFFF0000FFFF);
        Exchange(ref f, ref h, 16, 0x0000FFFF0000FFFF);

        Exchange(ref a, ref b, 8, 0x00FF00FF00FF00FF);
        Exchange(ref c, ref d, 8, 0x00FF00FF00FF00FF);
        Exchange(ref e, ref f, 8, 0x00FF00FF00FF00FF);
        Exchange(ref g, ref h, 8, 0x00FF00FF00FF00FF);

        Save(target, a);
        Save(target + targetStride, b);
        Save(target + (2 * targetStride), c);
        Save(target + (3 * targetStride), d);
        target += 4 * targetStride;
        Save(target, e);
        Save(target + targetStride, f);
        Save(target + (2 * targetStride), g);
        Save(target + (3 * targetStride), h);
    }

    private static ulong Load(byte* source) => Unsafe.ReadUnaligned<ulong>(source);

    private static void Save(byte* target, ulong eight) => Unsafe.WriteUnaligned(target, eight);

    /// <summary>Exchanges the upper blocks of <paramref name="low"/> with the lower blocks of <paramref name="high"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Exchange(ref ulong low, ref ulong high, int shift, ulong mask)
    {
        ulong difference = ((low >> shift) ^ high) & mask;
        low ^= difference << shift;
        high ^= difference;
    }
}
