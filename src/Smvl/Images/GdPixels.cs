using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Smvl.Images;

/// <summary>Turns libgd's rows into packed RGB, upright.</summary>
internal static unsafe class GdPixels
{
    /// <summary>Rows and columns per block where rows become columns, so that both sides of the copy stay in the cache.</summary>
    private const int Block = 64;

    /// <param name="image">a decoded picture of (height, width)</param>
    /// <param name="orientation">EXIF's, 1 to 8</param>
    /// <param name="pixels">receives (height, width, 3), or (width, height, 3) where the orientation swaps the axes</param>
    public static void Copy(GdImage* image, int orientation, Span<byte> pixels)
    {
        int width = image->Width, height = image->Height;
        (long start, long stepX, long stepY) = ExifOrientation.Layout(orientation, width, height);
        uint* palette = stackalloc uint[256];
        FillPalette(image, palette);
        uint* row = stackalloc uint[Block];
        fixed (byte* first = pixels)
        {
            for (int top = 0; top < height; top += Block)
            {
                for (int left = 0; left < width; left += Block)
                {
                    int columns = Math.Min(Block, width - left);
                    for (int y = top; y < Math.Min(top + Block, height); y++)
                    {
                        uint* colors = row;
                        if (image->IsTrueColor != 0)
                        {
                            colors = image->TrueColorRows[y] + left;
                        }
                        else
                        {
                            Expand(image->Rows[y] + left, palette, row, columns);
                        }

                        byte* target = first + (RgbImage.Channels * (start + (left * stepX) + (y * stepY)));
                        if (stepX == 1)
                        {
                            Pack(colors, columns, target);
                        }
                        else
                        {
                            Scatter(colors, columns, target, RgbImage.Channels * stepX);
                        }
                    }
                }
            }
        }
    }

    /// <summary>Puts a GIF's frame on its logical screen.</summary>
    /// <param name="image">the frame, a palette picture</param>
    /// <param name="gif">where it lies</param>
    /// <param name="pixels">receives (gif.Height, gif.Width, 3)</param>
    public static void CopyFrame(GdImage* image, GifStructure gif, Span<byte> pixels)
    {
        int fill = gif.FillIndex;
        ReadOnlySpan<byte> color = [(byte)image->Red[fill], (byte)image->Green[fill], (byte)image->Blue[fill]];
        for (int i = 0; i < pixels.Length; i += RgbImage.Channels)
        {
            color.CopyTo(pixels[i..]);
        }

        int frameStride = gif.FrameWidth * RgbImage.Channels;
        using NativeBytes frame = new(frameStride * gif.FrameHeight);
        Copy(image, ExifOrientation.Upright, frame.Span);
        for (int y = 0; y < gif.FrameHeight; y++)
        {
            int target = (((y + gif.FrameTop) * gif.Width) + gif.FrameLeft) * RgbImage.Channels;
            frame.Span.Slice(y * frameStride, frameStride).CopyTo(pixels[target..]);
        }
    }

    private static void FillPalette(GdImage* image, uint* palette)
    {
        if (image->IsTrueColor == 0)
        {
            for (int i = 0; i < 256; i++)
            {
                palette[i] = (uint)((image->Red[i] << 16) | (image->Green[i] << 8) | image->Blue[i]);
            }
        }
    }

    private static void Expand(byte* indices, uint* palette, uint* colors, int count)
    {
        for (int x = 0; x < count; x++)
        {
            colors[x] = palette[indices[x]];
        }
    }

    /// <summary>0xAARRGGBB words to R, G, B bytes side by side.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Pack(uint* colors, int count, byte* target)
    {
        int x = 0;
        if (Vector128.IsHardwareAccelerated && BitConverter.IsLittleEndian)
        {
            Vector128<byte> order = Vector128.Create((byte)2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, 255, 255, 255, 255);

            // each store spills 4 bytes, which the next pixels overwrite: the last 6 pixels are left to the scalar loop
            for (; x + 6 <= count; x += 4)
            {
                Vector128.Shuffle(Vector128.Load(colors + x).AsByte(), order).Store(target + (RgbImage.Channels * x));
            }
        }

        Scatter(colors + x, count - x, target + (RgbImage.Channels * x), RgbImage.Channels);
    }

    private static void Scatter(uint* colors, int count, byte* target, long step)
    {
        for (int x = 0; x < count; x++, target += step)
        {
            uint color = colors[x];
            target[0] = (byte)(color >> 16);
            target[1] = (byte)(color >> 8);
            target[2] = (byte)color;
        }
    }
}
