using Smvl.Formats.Parquet;

namespace Smvl.Tests.Formats.Parquet;

public class RleBitPackedTests
{
    /// <summary>Encodings.md's own example packs 0 to 7 in 3 bits; the other streams are by hand.</summary>
    [Theory]
    [InlineData("03 88c6fa", 3, new[] { 0, 1, 2, 3, 4, 5, 6, 7 })]
    [InlineData("03 88c6", 3, new[] { 0, 1, 2, 3, 4 })]                    // padding of the last group cut off
    [InlineData("08 05", 3, new[] { 5, 5, 5, 5 })]
    [InlineData("08 0501 00 ffff 03 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f 10", 16, new[] { 261, 261, 261, 261, 513, 1027 })]
    [InlineData("", 0, new[] { 0, 0, 0 })]
    [InlineData("04 ffffff7f", 32, new[] { int.MaxValue, int.MaxValue })]
    public void StreamReads(string stream, int width, int[] expected)
    {
        byte[] data = Convert.FromHexString(stream.Replace(" ", ""));
        var actual = new int[expected.Length];
        RleBitPacked.Read(data, width, int.MaxValue, actual.AsSpan());
        Assert.Equal(expected, actual);

        int zeros = RleBitPacked.CountZeros(data, width, expected.Length, out uint first);
        Assert.Equal(expected.Count(v => v == 0), zeros);
        Assert.Equal((uint)expected[0], first);
    }

    [Theory]
    [InlineData("", 1)]                 // nothing there
    [InlineData("10", 1)]               // run without its value
    [InlineData("04 00", 1)]            // run too short
    [InlineData("03 88", 3)]            // packed values cut off
    [InlineData("ffffffffff7f", 1)]     // header over 32 bits
    [InlineData("08 07", 3)]            // greater than allowed
    public void DamagedStreamIsRefused(string stream, int width)
    {
        byte[] data = Convert.FromHexString(stream.Replace(" ", ""));
        Assert.Throws<InvalidDataException>(() => RleBitPacked.Read(data, width, 6, new int[4].AsSpan()));
    }
}
