using System.Buffers.Binary;

namespace Smvl.Images;

/// <summary>
/// What the blocks of a GIF say up to the end of its first frame. libgd gives the frame alone; the picture is the logical screen with
/// the frame on it, and around the frame lies the transparent color's index or 0, as in Pillow. (Frames that reach beyond the screen
/// libgd refuses.)
/// Source: GIF89a specification, sections 18 to 24.
/// </summary>
/// <param name="Width">pixels of the whole picture</param>
/// <param name="Height">pixels of the whole picture</param>
/// <param name="FrameLeft">pixels from the left edge</param>
/// <param name="FrameTop">pixels from the top edge</param>
/// <param name="FrameWidth">pixels</param>
/// <param name="FrameHeight">pixels</param>
/// <param name="FillIndex">the color index around the frame</param>
/// <param name="IsComplete">whether the data reaches the end of the first frame</param>
internal readonly record struct GifStructure(
    int Width, int Height, int FrameLeft, int FrameTop, int FrameWidth, int FrameHeight, int FillIndex, bool IsComplete)
{
    private const byte Extension = 0x21, GraphicControl = 0xF9, Frame = 0x2C;

    public static GifStructure Read(ReadOnlySpan<byte> data)
    {
        int fillIndex = 0;
        int at = data.Length < 13 ? data.Length : 13 + ColorTableBytes(data[10]);
        while (at + 10 <= data.Length)
        {
            byte block = data[at];
            if (block == Frame)
            {
                (int left, int top) = (UInt16(data[(at + 1)..]), UInt16(data[(at + 3)..]));
                (int width, int height) = (UInt16(data[(at + 5)..]), UInt16(data[(at + 7)..]));
                int end = SkipSubBlocks(data, at + 11 + ColorTableBytes(data[at + 9]));
                return new GifStructure(
                    UInt16(data[6..]), UInt16(data[8..]), left, top, width, height, fillIndex, end <= data.Length);
            }

            if (block != Extension)
            {
                break;
            }

            if (data[at + 1] == GraphicControl && (data[at + 3] & 1) != 0)
            {
                fillIndex = data[at + 6];
            }

            at = SkipSubBlocks(data, at + 2);
        }

        return default;
    }

    /// <summary>The position behind the empty sub-block that ends a sequence; beyond the data where it is missing.</summary>
    private static int SkipSubBlocks(ReadOnlySpan<byte> data, int at)
    {
        while (at < data.Length && data[at] != 0)
        {
            at += 1 + data[at];
        }

        return at + 1;
    }

    private static int ColorTableBytes(byte flags) => (flags & 0x80) == 0 ? 0 : 3 << ((flags & 7) + 1);

    private static int UInt16(ReadOnlySpan<byte> bytes) => BinaryPrimitives.ReadUInt16LittleEndian(bytes);
}
