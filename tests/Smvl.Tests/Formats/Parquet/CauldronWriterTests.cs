using Smvl.Data;
using Smvl.Formats.Parquet;
using Smvl.Tests.Data;

namespace Smvl.Tests.Formats.Parquet;

public sealed class CauldronWriterTests : IDisposable
{
    private static readonly string Variants = Path.Combine(Golden.Root, "tests", "Smvl.Tests", "Formats", "Parquet", "data");

    private readonly TemporaryFolder temporary = new();

    public void Dispose() => temporary.Dispose();

    /// <summary>data/check.py: pyarrow reads this file as rows.json.</summary>
    [Fact]
    public void FileIsTheOneThatPyarrowReads()
    {
        using CauldronFile rows = CauldronRows.Open(Path.Combine(Variants, "groups.parquet"));
        CauldronWriter.Write(temporary["rows.parquet"], All(rows), rowsInGroup: 13);
        Assert.Equal(File.ReadAllBytes(Path.Combine(Variants, "written.parquet")), File.ReadAllBytes(temporary["rows.parquet"]));
    }

    [Theory, Trait("Category", Golden.Category)]
    [InlineData("nulls.parquet", "nulls.json", 1)]
    [InlineData("nulls.parquet", "nulls.json", CauldronWriter.DefaultRowsInGroup)]
    [InlineData("none-v1.parquet", "rows.json", 7)]
    public void RowsComeBack(string file, string expected, int rowsInGroup)
    {
        using CauldronFile rows = CauldronRows.Open(Golden.Path("parquet", file));
        CauldronWriter.Write(temporary["rows.parquet"], All(rows), rowsInGroup);
        using CauldronFile written = CauldronRows.Open(temporary["rows.parquet"]);
        CauldronRows.Equal(Golden.Json("parquet", expected), written);
        Assert.Equal((int)((rows.RowCount - 1) / rowsInGroup), written.RowGroupOf(rows.RowCount - 1));
    }

    [Fact]
    public void RowsWithoutPicturesAndLongTextsComeBack()
    {
        CauldronRow[] rows =
        [
            .. Enumerable.Range(0, 300).Select(i => new CauldronRow(
                [], [.. Enumerable.Range(0, i % 9).Select(t => new CauldronTurn($"第{t}个问题？", string.Concat(Enumerable.Repeat("狗", i * i % 5000)), null))])),
        ];
        CauldronWriter.Write(temporary["text.parquet"], rows);
        using CauldronFile written = CauldronRows.Open(temporary["text.parquet"]);
        Assert.Equal(rows.Select(CauldronRows.Digest), All(written).Select(CauldronRows.Digest));
    }

    [Fact]
    public void FailureLeavesWhatWasThere()
    {
        string path = temporary.Write("rows.parquet", "before");
        Assert.Throws<InvalidOperationException>(() => CauldronWriter.Write(path, Failing(), rowsInGroup: 1));
        Assert.Equal("before", File.ReadAllText(path));
        Assert.Equal([path], Directory.EnumerateFileSystemEntries(temporary.Path));

        static IEnumerable<CauldronRow> Failing()
        {
            yield return new CauldronRow([], []);
            throw new InvalidOperationException();
        }
    }

    private static IEnumerable<CauldronRow> All(CauldronFile file) => Enumerable.Range(0, (int)file.RowCount).Select(r => file.ReadRow(r));
}
