using Smvl.Images;

namespace Smvl.Tests.Images;

public sealed class ExifOrientationTests
{
    /// <summary>One directory with a width and an orientation.</summary>
    private static byte[] Tiff(bool little, byte type, byte value) => little
        ? [.. "II*\0"u8, 8, 0, 0, 0, 2, 0, 0, 1, 3, 0, 1, 0, 0, 0, 9, 0, 0, 0, 0x12, 1, type, 0, 1, 0, 0, 0, value, 0, 0, 0]
        : [.. "MM\0*"u8, 0, 0, 0, 8, 0, 2, 1, 0, 0, 3, 0, 0, 0, 1, 0, 9, 0, 0, 1, 0x12, 0, type, 0, 0, 0, 1, 0, value, 0, 0];

    [Theory]
    [InlineData(true, 3, 6, 6)]
    [InlineData(false, 3, 6, 6)]
    [InlineData(true, 4, 8, 8)]
    [InlineData(true, 1, 2, 2)]
    [InlineData(true, 3, 0, 1)]
    [InlineData(true, 3, 9, 1)]
    [InlineData(true, 7, 6, 1)]
    public void IsRead(bool little, byte type, byte value, int expected)
    {
        byte[] tiff = Tiff(little, type, value);
        Assert.Equal(expected, ExifOrientation.Read(tiff));
        Assert.Equal(expected, ExifOrientation.Read([.. "Exif\0\0"u8, .. tiff]));
    }

    /// <summary>Cut anywhere, it is upright until the entry is whole.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void DamageMeansUpright(bool little)
    {
        byte[] tiff = Tiff(little, 3, 6);
        const int entryEnd = 8 + 2 + 12 + 12;
        for (int length = 0; length < entryEnd; length++)
        {
            Assert.Equal(1, ExifOrientation.Read(tiff.AsSpan(0, length)));
        }

        byte[] farDirectory = [.. tiff];
        farDirectory.AsSpan(4, 4).Fill(0xFF);
        Assert.Equal(1, ExifOrientation.Read(farDirectory));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    [InlineData(7)]
    [InlineData(8)]
    public void LayoutMeetsEveryPixelOnce(int orientation)
    {
        const int width = 5, height = 3;
        (long start, long stepX, long stepY) = ExifOrientation.Layout(orientation, width, height);
        IEnumerable<long> targets = Enumerable.Range(0, width * height).Select(i => start + (i % width * stepX) + (i / width * stepY));
        Assert.Equal(Enumerable.Range(0, width * height).Select(i => (long)i), targets.Order());
    }
}
