namespace Smvl.Images;

/// <summary>A decoded picture: 8 bits per channel, packed red, green, blue, rows from the top: (height, width, 3).</summary>
public sealed class RgbImage
{
    public const int Channels = 3;

    /// <param name="width">pixels, at least 1</param>
    /// <param name="height">pixels, at least 1</param>
    /// <param name="pixels">height × width × 3 bytes; kept, not copied</param>
    /// <exception cref="ArgumentException">the three do not fit together</exception>
    public RgbImage(int width, int height, byte[] pixels)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        if (pixels.LongLength != (long)width * height * Channels)
        {
            throw new ArgumentException($"{width}x{height} RGB pixels take {(long)width * height * Channels} bytes, got {pixels.Length}", nameof(pixels));
        }

        Width = width;
        Height = height;
        Pixels = pixels;
    }

    public int Width { get; }

    public int Height { get; }

    /// <summary>(height, width, 3)</summary>
    public byte[] Pixels { get; }
}
