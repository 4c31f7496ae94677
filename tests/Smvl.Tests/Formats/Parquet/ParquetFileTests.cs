using Smvl.Data;
using Smvl.Formats.Parquet;
using Smvl.Tests.Data;
using Page = Smvl.Tests.Formats.Parquet.HandMadeParquet.Page;

namespace Smvl.Tests.Formats.Parquet;

public sealed class ParquetFileTests : IDisposable
{
    private readonly string path = Path.GetTempFileName();

    public void Dispose() => File.Delete(path);

    /// <summary>Three rows of 2, 4 and 1 elements; the second goes on over three pages, one of which no row starts in.</summary>
    [Fact]
    public void RowSplitBetweenPagesReads()
    {
        using CauldronFile file = Open(new()
        {
            Rows = 3,
            Pages = [[new("010", "444", "a", "b", "c"), new("1", "4", "d"), new("11", "34", "e"), new("0", "4", "f")]],
        });
        Assert.Equal(["[a b]", "[c d null e]", "[f]"], Users(file));
    }

    [Fact]
    public void RowSplitAtAPagesStartReads()
    {
        using CauldronFile file = Open(new() { Rows = 3, Pages = [[new("0", "4", "a"), new("100", "414", "b", "c")]] });
        Assert.Equal(["[a b]", "[]", "[c]"], Users(file));
    }

    [Theory]
    [InlineData(HandMadeParquet.ListKind.ThreeLevels, "01000", "43210", "[a null] [struct] [] null")]
    [InlineData(HandMadeParquet.ListKind.TwoLevels, "0100", "3210", "[a null] [] null")]
    [InlineData(HandMadeParquet.ListKind.Repeated, "010", "210", "[a null] []")]
    internal void EveryKindOfListReads(HandMadeParquet.ListKind kind, string repetitions, string definitions, string expected)
    {
        using CauldronFile file = Open(new()
        {
            Kind = kind,
            Rows = repetitions.Count(r => r == '0'),
            Pages = [[new(repetitions, definitions, "a")]],
        });
        Assert.Equal(expected, string.Join(' ', Users(file)));
    }

    /// <summary>What opening sees: the error names the file, and no row is blamed.</summary>
    [Theory]
    [InlineData("rows that do not add up", "row groups do not add up")]
    [InlineData("column outside the file", "does not fit into the file")]
    [InlineData("column in another file", "another file, other.parquet")]
    [InlineData("unsupported codec", "codec Lz4Raw is not supported")]
    public void WrongFooterIsRefusedOnOpening(string what, string says)
    {
        Page[][] pages = [[new("0", "4", "a")]];
        HandMadeParquet made = what switch
        {
            "rows that do not add up" => new() { Rows = 1, GroupRows = 2, Pages = pages },
            "column outside the file" => new() { Rows = 1, DataPageOffset = 1L << 40, Pages = pages },
            "unsupported codec" => new() { Rows = 1, Codec = 7, Pages = pages },
            _ => new() { Rows = 1, ColumnFile = "other.parquet", Pages = pages },
        };
        string message = Assert.Throws<SmvlException>(() => Open(made)).Message;
        Assert.StartsWith(path, message);
        Assert.Contains(says, message);
    }

    /// <summary>Damage that a row meets: the error names file, row group, row and column.</summary>
    [Theory]
    [InlineData("more rows than the footer", "hold")]
    [InlineData("fewer rows than the footer", "lies outside its column chunk")]
    [InlineData("first entry inside a row", "do not hold")]
    [InlineData("size that is a lie", "its header says")]
    [InlineData("more entries than levels", "end too early")]
    [InlineData("billions of entries", "entries")]
    [InlineData("body behind the chunk", "runs over")]
    [InlineData("level too great", "greater than 4")]
    [InlineData("value cut off", "0 bytes cannot hold 1")]
    [InlineData("unknown encoding", "ByteStreamSplit")]
    [InlineData("dictionary that is not there", "dictionary")]
    [InlineData("old level encoding", "only RLE")]
    [InlineData("page of unknown type", "malformed")]
    [InlineData("columns that disagree", "disagree")]
    public void DamagedPageIsRefusedWithItsPlace(string what, string says)
    {
        Page good = new("0", "4", "a");
        Page[] pages = [what switch
        {
            "more rows than the footer" => new("00", "44", "a", "b"),
            "first entry inside a row" => new("10", "44", "a", "b"),
            "size that is a lie" => good with { UncompressedSize = 1 << 29 },
            "more entries than levels" => good with { Entries = 2 },
            "billions of entries" => good with { Entries = int.MaxValue },
            "body behind the chunk" => good with { CompressedSize = 1000 },
            "level too great" => new("0", "5"),
            "value cut off" => new("0", "4"),
            "unknown encoding" => good with { Encoding = 9 },
            "dictionary that is not there" => new("0", "4", "\0\x02\0") { Encoding = 8 }, // index 0 behind two empty runs,
            "old level encoding" => good with { LevelEncoding = 4 },
            "page of unknown type" => good with { Type = 7 },
            _ => good,
        }];
        using CauldronFile file = Open(new()
        {
            Rows = what == "fewer rows than the footer" ? 2 : 1,
            ValueCount = what switch { "fewer rows than the footer" => 2, "more entries than levels" => 2, _ => null },
            Pages = what == "columns that disagree" ? [[good], [new("01", "44", "a", "b")]] : [pages],
        });
        string message = Assert.Throws<SmvlException>(() => file.ReadRow(0)).Message;
        Assert.StartsWith($"{path}, row group 0, row 0: column ", message);
        Assert.Matches(says, message);
    }

    [Fact]
    public void TextThatIsNotUtf8IsRefused()
    {
        byte[] bytes = new HandMadeParquet { Rows = 2, Pages = [[new("00", "44", "good", "wrong")]] }.Write();
        for (int at = 0; bytes.AsSpan(at).IndexOf("wrong"u8) is var next && next >= 0; at += next + 1)
        {
            bytes[at + next] = 0xff;
        }

        File.WriteAllBytes(path, bytes);
        using CauldronFile file = CauldronRows.Open(path);
        Assert.Equal("good", file.ReadRow(0).Texts![0]!.User);
        string message = Assert.Throws<SmvlException>(() => file.ReadRow(1)).Message;
        Assert.StartsWith($"{path}, row group 0, row 1: a text is not UTF-8", message);
    }

    [Fact]
    public void WrongChecksumIsRefused()
    {
        byte[] bytes = File.ReadAllBytes(Variant("checksums.parquet"));
        bytes[bytes.AsSpan().IndexOf("问题"u8)] ^= 1;
        File.WriteAllBytes(path, bytes);
        using CauldronFile file = CauldronRows.Open(path);
        Assert.Contains("checksum", Assert.Throws<SmvlException>(() => ReadAll(file)).Message);
    }

    [Theory]
    [InlineData("")]
    [InlineData("PAR1PAR1")]
    [InlineData("PAR1\0\0\0\0PAR1")]
    [InlineData("PAR1\uffff\uffff\uffff\uffffPAR1")]
    [InlineData("PAR1 nothing in here PARE")]
    [InlineData("a text file of some length")]
    public void OtherFileIsRefused(string content)
    {
        File.WriteAllBytes(path, System.Text.Encoding.Latin1.GetBytes(content));
        Assert.Contains(path, Assert.Throws<SmvlException>(() => CauldronRows.Open(path)).Message);
    }

    [Fact]
    public void MissingFileAndFolderAreRefused()
    {
        Assert.Contains("no-such.parquet", Assert.Throws<SmvlException>(() => CauldronRows.Open("no-such.parquet")).Message);
        Assert.Throws<SmvlException>(() => CauldronRows.Open(Path.GetTempPath()));
    }

    [Theory]
    [InlineData("pages", "column pages is missing, the file has images, texts")]
    [InlineData("images", "column images is no list of structs with size: it has bytes, path")]
    public void OtherSchemaIsRefused(string column, string says)
    {
        string message = Assert.Throws<SmvlException>(() => ParquetFile.Open(
            Variant("pages-v1.parquet"), new PageCache(), root => [StructList.Find(root, column, ["size"], [])])).Message;
        Assert.Contains(says, message);
    }

    /// <summary>Files cut off, or with some bytes changed, read or are refused; nothing else happens, and memory stays small.</summary>
    [Theory]
    [InlineData("pages-v1.parquet")]
    [InlineData("index-v1.parquet")]
    [InlineData("index-v2-zstd.parquet")]
    [InlineData("fallback-index-gzip.parquet")]
    [InlineData("delta-v1.parquet")]
    [InlineData("delta-length-v2.parquet")]
    [InlineData("groups.parquet")]
    public void DamagedFileReadsOrIsRefused(string name)
    {
        byte[] good = File.ReadAllBytes(Variant(name));
        var random = new Random(7);
        int refused = 0;
        const int tries = 60;
        for (int i = 0; i < tries; i++)
        {
            byte[] bad = i % 10 == 0 ? good[..random.Next(good.Length)] : [.. good];
            for (int flips = i % 10 == 0 ? 0 : random.Next(1, 5); flips > 0; flips--)
            {
                // half of them in the footer, which has most of the structure
                int at = flips % 2 == 0 ? random.Next(bad.Length) : bad.Length - 1 - random.Next(Math.Min(bad.Length, 2500));
                bad[at] = (byte)random.Next(256);
            }

            File.WriteAllBytes(path, bad);
            try
            {
                using CauldronFile file = CauldronRows.Open(path);
                ReadAll(file);
            }
            catch (SmvlException e)
            {
                Assert.StartsWith(path, e.Message);
                refused++;
            }
        }

        Assert.InRange(refused, tries / 4, tries);
    }

    private CauldronFile Open(HandMadeParquet made)
    {
        File.WriteAllBytes(path, made.Write());
        return CauldronRows.Open(path);
    }

    private static void ReadAll(CauldronFile file)
    {
        for (long row = 0; row < file.RowCount; row++)
        {
            file.ReadRow(row);
        }
    }

    private static IEnumerable<string> Users(CauldronFile file)
    {
        for (int row = 0; row < file.RowCount; row++)
        {
            CauldronRow read = file.ReadRow(row);
            yield return read.Texts is null ? "null" : $"[{string.Join(' ', read.Texts.Select(t => t is null ? "struct" : t.User ?? "null"))}]";
        }
    }

    private static string Variant(string name) => Path.Combine(Golden.Root, "tests", "Smvl.Tests", "Formats", "Parquet", "data", name);
}
