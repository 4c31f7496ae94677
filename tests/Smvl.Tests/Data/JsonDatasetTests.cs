using System.Text.Json;
using Smvl.Data;

namespace Smvl.Tests.Data;

/// <summary>JSON files as datasets: forms by content, pictures by their places, bad rows by their numbers.</summary>
public sealed class JsonDatasetTests : IDisposable
{
    private const string Text = """{"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}]}""";

    private readonly TemporaryFolder temporary = new();
    private readonly byte[] picture = File.ReadAllBytes(Golden.Path("generate", "0-0.png"));

    public JsonDatasetTests()
    {
        foreach (string folder in (string[])["set", "set/images", "elsewhere"])
        {
            Directory.CreateDirectory(temporary[folder]);
        }
    }

    public void Dispose() => temporary.Dispose();

    [Theory]
    [InlineData("images/p.png", false), InlineData("elsewhere.png", true), InlineData("absolute", false), InlineData("file", false), InlineData("data", false)]
    public void PicturesAreFound(string reference, bool folder)
    {
        File.WriteAllBytes(temporary["set", "images", "p.png"], picture);
        File.WriteAllBytes(temporary["elsewhere", "elsewhere.png"], picture);
        string named = reference switch
        {
            "absolute" => temporary["set", "images", "p.png"],
            "file" => "file://" + temporary["set", "images", "p.png"],
            "data" => "data:image/png;base64," + Convert.ToBase64String(picture),
            _ => reference,
        };
        temporary.Write("set/rows.json", $"[{Row(named)}, {Text}]");
        using CauldronDataset data = Open("set", folder ? temporary["elsewhere"] : null);
        using CauldronSample pictured = data.ReadSample(0), alone = data.ReadSample(1);
        Assert.Equal(picture, pictured.Picture!.Memory.ToArray());
        Assert.Equal(reference == "data" ? null : named, pictured.PicturePath);
        Assert.Null(alone.Picture);
        Assert.Equal(picture, Assert.Single(data.ReadRow(0).Images!)!.Bytes);
        Assert.Equal("q", Assert.Single(data.ReadRow(1).Texts!)!.User);
    }

    [Fact]
    public void AllPicturesAndTurnsOfARowAreThere()
    {
        File.WriteAllBytes(temporary["set", "a.png"], picture);
        File.WriteAllBytes(temporary["set", "b.png"], picture[..^1]);
        temporary.Write("set/rows.jsonl", """{"images": ["a.png", "b.png"], "conversations": [{"from": "human", "value": "1"}, {"from": "gpt", "value": "2"}, {"from": "human", "value": "3"}, {"from": "gpt", "value": "4"}]}""");
        using CauldronDataset data = Open("set");
        using CauldronSample first = data.ReadSample(0), all = data.ReadSample(0, turns: SampleRules.AllTurns, pictures: 9);
        Assert.Equal((1, 1, 1), (first.Turns.Count, first.PicturesLeft, first.TurnsLeft));
        Assert.Equal([picture.Length, picture.Length - 1], all.Pictures.Select(one => one.Memory.Length));
        Assert.Equal(["1 2", "3 4"], all.Turns.Select(turn => $"{turn.Question} {turn.Answer}"));
    }

    [Theory]
    [InlineData("""{"messages": [""", "the row is no whole JSON object")]
    [InlineData("""{"text": "x"}""", "found text")]
    [InlineData("MISSING", "the picture no.png is missing: there is no")]
    [InlineData("NETWORK", "lies on the network")]
    [InlineData("EMPTY", "has 0 bytes")]
    [InlineData("BASE64", "not in base64")]
    public void ABadLineCostsOneRowAndIsNamed(string line, string says)
    {
        File.WriteAllBytes(temporary["set", "empty.png"], []);
        line = line switch
        {
            "MISSING" => Row("no.png"),
            "NETWORK" => Row("http://x/y.png"),
            "EMPTY" => Row("empty.png"),
            "BASE64" => Row("data:image/png;base64,?"),
            _ => line,
        };
        temporary.Write("set/rows.jsonl", $"{Text}\n{line}\n\n{Text}\n");
        using CauldronDataset data = Open("set");
        Assert.Equal(3, data.Count);
        string message = Assert.Throws<SmvlException>(() => data.ReadSample(1)).Message;
        Assert.Contains(says, message);
        Assert.StartsWith($"{temporary["set", "rows.jsonl"]}, row 1: ", message);
        Assert.Contains("skip_bad_rows", message);
        using CauldronSample behind = data.ReadSample(2);
        Assert.Equal("q", behind.Turns[0].Question);
        Assert.Equal(new RowLocation("set", temporary["set", "rows.jsonl"], null, 2), data.Locate(2));
    }

    [Theory]
    [InlineData("rows.json", "", "expected a parquet file, which begins with PAR1, a JSON array, with [, or JSON lines, with {, actual no text")]
    [InlineData("rows.parquet", "id,text\n1,x", "actual bytes 69642C746578740A312C78 at its start")]
    [InlineData("rows.jsonl", "\"a\"", "actual '\"a\"' at its start")]
    [InlineData("rows.json", "[{\"a\": 1}]", "row 0: the row has no conversation")]
    [InlineData("rows.json", "{\n \"data\": []\n}", "row 0: the row is no whole JSON object")]
    [InlineData("rows.txt", Text, "has no files to train on (expected train-*.parquet, or .parquet, .json or .jsonl files, actual rows.txt)")]
    public void AnotherFormIsRefusedWhenItIsOpened(string name, string text, string says)
    {
        temporary.Write("set/" + name, text);
        Assert.Contains(says, Assert.Throws<SmvlException>(() => Open("set").Dispose()).Message);
    }

    /// <summary>A file's name says nothing about its form.</summary>
    [Fact]
    public void TheContentDecides()
    {
        temporary.Write("set/a.json", $"{Text}\n{Text}");
        temporary.Write("set/b.jsonl", $"[{Text}]");
        File.Copy(Golden.Path("parquet", "none-v1.parquet"), temporary["set", "c"]);
        using CauldronDataset data = Open("set"), parquet = Open("set/c");
        Assert.Equal(3, data.Count);
        Assert.Equal(Golden.Json("parquet", "rows.json").GetArrayLength(), parquet.Count);
    }

    [Theory]
    [InlineData("train.json val.json test.jsonl", "train.json"), InlineData("b.jsonl a.json test.json", "a.json b.jsonl"), InlineData("x.parquet a.json", "x.parquet")]
    public void AFoldersFilesToTrainOn(string names, string expected)
    {
        foreach (string name in names.Split(' '))
        {
            if (name == "x.parquet")
            {
                File.Copy(Golden.Path("parquet", "none-v1.parquet"), temporary["set", name]);
            }
            else
            {
                temporary.Write("set/" + name, $"[{Text}]");
            }
        }

        using CauldronDataset data = Open("set");
        Assert.Equal(expected, string.Join(' ', Enumerable.Range(0, data.Count).Select(row => Path.GetFileName(data.Locate(row).File)).Distinct()));
    }

    /// <summary>Written by pyarrow with FineVision's columns; scripts/make_finevision_fixture.py says what the rows hold.</summary>
    [Fact, Trait("Category", Golden.Category)]
    public void FineVisionsFormReads()
    {
        string folder = Path.Combine(Golden.Root, "tests", "Smvl.Tests", "Data", "finevision");
        using CauldronDataset data = CauldronDataset.Open("none", folder);
        using JsonDocument expected = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "rows.json")));
        Assert.Equal(expected.RootElement.GetArrayLength(), data.Count);
        Assert.All(expected.RootElement.EnumerateArray().Index(), row => CauldronRows.Equal(row.Item, data.ReadRow(row.Index)));
        using CauldronSample two = data.ReadSample(1, pictures: 2), alone = data.ReadSample(2, turns: SampleRules.AllTurns);
        Assert.Equal((2, 0), (two.Pictures.Count(), alone.Pictures.Count()));
        Assert.Equal(2, alone.Turns.Count);
    }

    private static string Row(string named) =>
        $$"""{"image": {{JsonSerializer.Serialize(named)}}, "conversations": [{"from": "human", "value": "<image>\nq"}, {"from": "gpt", "value": "a"}]}""";

    private CauldronDataset Open(string name, string? imageFolder = null) =>
        CauldronDataset.Open(temporary.Path, [name], imageFolder, new RowIndexCache(temporary["cache"]));
}
