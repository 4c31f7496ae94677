using Smvl.Formats.Parquet;

namespace Smvl.Tests.Formats.Parquet;

public class SnappyTests
{
    /// <summary>Written by hand after format_description.txt.</summary>
    [Theory]
    [InlineData("00", "")]
    [InlineData("05 10 68656c6c6f", "hello")]
    [InlineData("0c 08 616263 15 03", "abcabcabcabc")]                    // 1-byte offset, length 9: overlaps what it writes
    [InlineData("0a 04 6162 1e 0200", "ababababab")]                      // 2-byte offset
    [InlineData("0a 04 6162 1f 02000000", "ababababab")]                  // 4-byte offset
    [InlineData("06 f0 05 616263646566", "abcdef")]                       // literal length in 1 byte
    [InlineData("06 f4 0500 616263646566", "abcdef")]                     // ... in 2
    [InlineData("06 f8 050000 616263646566", "abcdef")]                   // ... in 3
    [InlineData("06 fc 05000000 616263646566", "abcdef")]                 // ... in 4
    public void HandMadeStreamDecompresses(string stream, string expected)
    {
        var actual = new byte[expected.Length];
        Snappy.Decompress(Bytes(stream), actual.Length, actual);
        Assert.Equal(expected, System.Text.Encoding.ASCII.GetString(actual));
    }

    [Theory]
    [InlineData("")]                              // no length
    [InlineData("ffffffffff01")]                  // length over 32 bits
    [InlineData("05 10 68656c6c")]                // literal cut off
    [InlineData("04 0c 68656c6c")]                // another length than expected
    [InlineData("05 0c 68656c6c")]                // ends too early
    [InlineData("05 14 68656c6c6f6f")]            // literal too long for the target
    [InlineData("05 00 61 01 00")]                // offset 0
    [InlineData("05 00 61 01 02")]                // offset before the start
    [InlineData("05 00 61 05 01")]                // reference too long for the target: 5 behind 1
    [InlineData("05 00 61 02 01")]                // offset cut off
    [InlineData("05 fc ffffff")]                  // literal's length cut off
    [InlineData("05 fc ffffffff 61")]             // literal of 2^32
    public void DamagedStreamIsRefused(string stream) =>
        Assert.Throws<InvalidDataException>(() => Snappy.Decompress(Bytes(stream), 5, new byte[5]));

    /// <summary>A stream of random elements, made together with what it means, up to several literal and offset sizes.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void RandomElementsDecompress(int seed)
    {
        var random = new Random(seed);
        var plain = new List<byte>();
        var elements = new List<byte>();
        for (int i = 0; i < 300; i++)
        {
            int kind = plain.Count == 0 ? 0 : random.Next(4);
            if (kind == 0)
            {
                byte[] literal = new byte[random.Next(10) == 0 ? random.Next(1, 70_000) : random.Next(1, 80)];
                random.NextBytes(literal);
                int code = literal.Length - 1;
                elements.AddRange(code < 60 ? [(byte)(code << 2)]
                    : code < 256 ? [60 << 2, (byte)code]
                    : code < 65_536 ? [61 << 2, (byte)code, (byte)(code >> 8)]
                    : [62 << 2, (byte)code, (byte)(code >> 8), (byte)(code >> 16)]);
                elements.AddRange(literal);
                plain.AddRange(literal);
                continue;
            }

            int distance = random.Next(1, Math.Min(plain.Count, kind == 1 ? 2047 : kind == 2 ? 65_535 : int.MaxValue - 1) + 1);
            int count = kind == 1 ? random.Next(4, 12) : random.Next(1, 65);
            elements.AddRange(kind switch
            {
                1 => [(byte)((distance >> 8) << 5 | (count - 4) << 2 | 1), (byte)distance],
                2 => [(byte)((count - 1) << 2 | 2), (byte)distance, (byte)(distance >> 8)],
                _ => [(byte)((count - 1) << 2 | 3), .. BitConverter.GetBytes(distance)],
            });
            for (int b = 0; b < count; b++)
            {
                plain.Add(plain[^distance]);
            }
        }

        var actual = new byte[plain.Count];
        byte[] stream = [.. ThriftWriter.Varint((ulong)plain.Count), .. elements];
        Snappy.Decompress(stream, plain.Count, actual);
        Assert.True(actual.AsSpan().SequenceEqual(plain.ToArray()));

        // any prefix, wherever it ends
        for (int i = 0; i < 50; i++)
        {
            var prefix = new byte[random.Next(1, 1000)];
            Snappy.Decompress(stream, plain.Count, prefix);
            Assert.True(prefix.AsSpan().SequenceEqual(plain.ToArray().AsSpan(0, prefix.Length)));
        }
    }

    /// <summary>Lengths about the borders of literals, references and the window; that others read it is checked with whole files.</summary>
    [Fact]
    public void CompressedDataDecompresses()
    {
        var random = new Random(4);
        foreach (int length in new[] { 0, 1, 3, 4, 5, 11, 12, 59, 60, 61, 64, 65, 68, 255, 256, 257, 65_535, 65_536, 65_600, 200_000 })
        {
            foreach (int letters in new[] { 1, 2, 4, 256 })
            {
                byte[] plain = [.. Enumerable.Range(0, length).Select(_ => (byte)random.Next(letters))];
                byte[] stream = Snappy.Compress(plain);
                var actual = new byte[length];
                Snappy.Decompress(stream, length, actual);
                Assert.True(actual.AsSpan().SequenceEqual(plain), $"{length} bytes of {letters} values");
            }
        }

        Assert.InRange(Snappy.Compress(new byte[64_000]).Length, 3000, 3100); // 3 bytes for every 64
    }

    private static byte[] Bytes(string hex) => Convert.FromHexString(hex.Replace(" ", ""));
}
