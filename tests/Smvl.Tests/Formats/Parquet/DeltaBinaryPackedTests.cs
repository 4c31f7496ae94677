using Smvl.Formats.Parquet;

namespace Smvl.Tests.Formats.Parquet;

public class DeltaBinaryPackedTests
{
    /// <summary>The two examples of Encodings.md, with two bytes behind them that must stay.</summary>
    [Theory]
    [InlineData("8001 04 05 02 02 00000000 aabb", new[] { 1, 2, 3, 4, 5 })]
    [InlineData("8001 04 08 0e 03 02000000 c03f000000000000 aabb", new[] { 7, 5, 3, 1, 2, 3, 4, 5 })]
    [InlineData("8001 04 01 0e aabb", new[] { 7 })]
    public void ExampleReads(string stream, int[] expected)
    {
        ReadOnlySpan<byte> data = Bytes(stream);
        Assert.Equal(expected, DeltaBinaryPacked.ReadLengths(ref data, expected.Length));
        Assert.Equal("AABB", Convert.ToHexString(data));
    }

    [Theory]
    [InlineData("")]
    [InlineData("8001 04 06 02 02 00000000")]                            // another count
    [InlineData("00 04 05 02 02 00000000")]                              // blocks of 0
    [InlineData("8001 00 05 02 02")]                                     // no miniblocks
    [InlineData("8001 03 05 02 02 000000")]                              // miniblocks of a fraction
    [InlineData("8001 04 05 02 01 00000000")]                            // 1, 0, -1: a negative length
    [InlineData("8001 04 05 02 02 21000000 00")]                         // 33 bits
    [InlineData("8001 04 05 02 02 0200")]                                // widths cut off
    [InlineData("8001 04 05 02 02 02000000 00")]                         // miniblock cut off
    [InlineData("8001 04 05 ffffffffffffffffffff01 02 00000000")]        // number of more than 10 bytes
    public void DamagedStreamIsRefused(string stream) => Assert.Throws<InvalidDataException>(() =>
    {
        ReadOnlySpan<byte> data = Bytes(stream);
        DeltaBinaryPacked.ReadLengths(ref data, 5);
    });

    private static byte[] Bytes(string hex) => Convert.FromHexString(hex.Replace(" ", ""));
}
