namespace Smvl.Images;

/// <summary>
/// A decoded picture: 8 bits per channel, packed red, green, blue, rows from the top: (height, width, 3). A picture that was decoded or
/// resized owns its memory and gives it back when disposed; views, and pictures of somebody's array, own nothing.
/// </summary>
public sealed class RgbImage : IDisposable
{
    public const int Channels = 3;

    private readonly ReadOnlyMemory<byte> pixels;
    private readonly IDisposable? owned;

    /// <param name="width">pixels, at least 1</param>
    /// <param name="height">pixels, at least 1</param>
    /// <param name="pixels">height × width × 3 bytes; kept, not copied</param>
    /// <exception cref="ArgumentException">the three do not fit together</exception>
    public RgbImage(int width, int height, byte[] pixels)
        : this(width, height, pixels, owned: null)
    {
    }

    /// <param name="width">pixels, at least 1</param>
    /// <param name="height">pixels, at least 1</param>
    /// <param name="pixels">height × width × 3 bytes; taken over</param>
    internal RgbImage(int width, int height, NativeBytes pixels)
        : this(width, height, pixels.Memory, pixels)
    {
    }

    private RgbImage(int width, int height, ReadOnlyMemory<byte> pixels, IDisposable? owned)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        if (pixels.Length != (long)width * height * Channels)
        {
            throw new ArgumentException($"{width}x{height} RGB pixels take {(long)width * height * Channels} bytes, got {pixels.Length}", nameof(pixels));
        }

        Width = width;
        Height = height;
        this.pixels = pixels;
        this.owned = owned;
    }

    public int Width { get; }

    public int Height { get; }

    /// <summary>(height, width, 3); valid while the picture is referenced and not disposed.</summary>
    public ReadOnlySpan<byte> Pixels => pixels.Span;

    /// <summary>The same picture, its memory left with its owner.</summary>
    public RgbImage View() => new(Width, Height, pixels, owned: null);

    /// <summary>Gives the memory back, once; a view does nothing.</summary>
    public void Dispose() => owned?.Dispose();
}
