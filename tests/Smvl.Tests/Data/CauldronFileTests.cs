using System.Text.Json;
using Smvl.Data;

namespace Smvl.Tests.Data;

public class CauldronFileTests
{
    private static string Variants { get; } = Path.Combine(Golden.Root, "tests", "Smvl.Tests", "Formats", "Parquet", "data");

    public static TheoryData<string> GoldenFiles() => FileNames(Golden.Path("parquet"));

    public static TheoryData<string> VariantFiles() => FileNames(Variants);

    /// <summary>fixtures.py: one table of rows.json in every codec and page version; nulls.json has its own.</summary>
    [Theory, MemberData(nameof(GoldenFiles)), Trait("Category", Golden.Category)]
    public void GoldenFileReadsAsWritten(string name)
    {
        JsonElement expected = Golden.Json("parquet", name == "nulls.parquet" ? "nulls.json" : "rows.json");
        using CauldronFile file = CauldronRows.Open(Golden.Path("parquet", name));
        CauldronRows.Equal(expected, file);
    }

    /// <summary>data/make.py: page sizes, page indexes, encodings, list types and schemas that other writers use.</summary>
    [Theory, MemberData(nameof(VariantFiles))]
    public void VariantReadsAsWritten(string name)
    {
        string digest = name.StartsWith("required", StringComparison.Ordinal) ? "required.json" : "rows.json";
        using JsonDocument expected = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(Variants, digest)));
        using CauldronFile file = CauldronRows.Open(Path.Combine(Variants, name));
        CauldronRows.Equal(expected.RootElement, file);
    }

    [Theory, MemberData(nameof(VariantFiles))]
    public void RowsReadInAnyOrderAndFromManyThreads(string name)
    {
        string path = Path.Combine(Variants, name);
        using CauldronFile inOrder = CauldronRows.Open(path);
        string[] expected = [.. Enumerable.Range(0, (int)inOrder.RowCount).Select(r => CauldronRows.Digest(inOrder.ReadRow(r)))];

        using CauldronFile file = CauldronRows.Open(path);
        var actual = new string[expected.Length];
        Parallel.ForEach(Permutation.Create(expected.Length, 3), r => actual[r] = CauldronRows.Digest(file.ReadRow(r)));
        Assert.Equal(expected, actual);
    }

    [Fact]
    public void SampleIsTheFirstPictureAndTheFirstTurn()
    {
        using CauldronFile file = CauldronRows.Open(Golden.Path("parquet", "none-v1.parquet"));
        CauldronRow row = file.ReadRow(5);
        using CauldronSample sample = file.ReadSample(5);
        Assert.Equal(row.Images![0]!.Bytes, sample.Picture!.Memory.ToArray());
        Assert.Equal(row.Texts![0], new CauldronTurn(sample.Turns.Single().Question, sample.Turns[0].Answer, row.Texts[0]!.Source));
    }

    [Fact]
    public void SampleHasAsManyTurnsAsAreWantedAndThere()
    {
        using CauldronFile file = CauldronRows.Open(Path.Combine(Golden.Root, "samples", "data", "scenes_zh", "test-00000-of-00001.parquet"));
        int row = Enumerable.Range(0, (int)file.RowCount).First(r => file.ReadRow(r).Texts is { Count: > 2 });
        string?[] questions = [.. file.ReadRow(row).Texts!.Select(turn => turn!.User)];
        foreach (int turns in new[] { 1, 2, questions.Length, SampleRules.AllTurns })
        {
            using CauldronSample sample = file.ReadSample(row, turns);
            Assert.Equal(questions.Take(turns), sample.Turns.Select(turn => turn.Question));
        }
    }

    [Theory]
    [InlineData(0, "no text")]
    [InlineData(1, "no picture")]
    [InlineData(3, "first picture is null")]
    public void RowWithoutASampleNamesItsPlace(int row, string what)
    {
        string path = Golden.Path("parquet", "nulls.parquet");
        using CauldronFile file = CauldronRows.Open(path);
        string message = Assert.Throws<SmvlException>(() => file.ReadSample(row)).Message;
        Assert.Contains(what, message);
        Assert.Contains($"{path}, row group 0, row {row}", message);
    }

    private static TheoryData<string> FileNames(string folder) =>
        new(Directory.EnumerateFiles(folder, "*.parquet").Select(f => Path.GetFileName(f)).Order(StringComparer.Ordinal));
}
