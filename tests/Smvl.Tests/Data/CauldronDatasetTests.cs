using System.Security.Cryptography;
using Smvl.Data;

namespace Smvl.Tests.Data;

public sealed class CauldronDatasetTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory().FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    private static string Shared { get; } =
        Environment.GetEnvironmentVariable("SMVL_SHARED") ?? Path.GetFullPath(Path.Combine(Golden.Root, "..", "shared"));

    /// <summary>The training fixture's dataset, which other tests train on.</summary>
    [Fact, Trait("Category", Golden.Category)]
    public void TrainingFixtureReads()
    {
        using CauldronDataset data = CauldronDataset.Open(Golden.Path("training", "data"), "fixture");
        Assert.True(data.Count > 0);
        Assert.Equal(
            Golden.Json("parquet", "rows.json").EnumerateArray().Take(1).Select(r => r.GetProperty("texts")[0].GetProperty("user").GetString()),
            [Read(0).Question]);
        Assert.All(Enumerable.Range(0, data.Count), i => Assert.NotEqual(0, Read(i).Bytes));

        (string Question, int Bytes) Read(int row)
        {
            using CauldronSample sample = data.ReadSample(row);
            return (sample.Turns.Single().Question, sample.Picture!.Memory.Length);
        }
    }

    /// <summary>Real pictures and texts: sizes and SHA-256 from index.tsv, rows in random order.</summary>
    [Theory]
    [InlineData("cauldron-tiny", "photos")]
    [InlineData("cauldron-tiny", "emoji_zh")]
    [InlineData("cauldron-mini", "photos")]
    [InlineData("cauldron-mini", "emoji_en")]
    [InlineData("cauldron-mini", "emoji_zh")]
    [InlineData("cauldron-mini", "stamps_en")]
    [InlineData("cauldron-mini", "stamps_zh")]
    public void SharedSubsetReadsAsIndexed(string set, string subset)
    {
        string dataDir = Path.Combine(Shared, "data", set);
        if (!Directory.Exists(dataDir))
        {
            Assert.Skip($"{dataDir} is absent; set SMVL_SHARED");
        }

        using CauldronDataset data = CauldronDataset.Open(dataDir, subset);
        string[][] index = [.. File.ReadLines(Path.Combine(dataDir, "index.tsv")).Select(l => l.Split('\t')).Where(l => l[0] == subset && l[1] == "train")];
        Assert.Equal(index.Length, data.Count);

        foreach (int i in Permutation.Create(data.Count, 1))
        {
            CauldronRow row = data.ReadRow(i);
            byte[] picture = row.Images![int.Parse(index[i][3])]!.Bytes!;
            Assert.Equal(index[i][8], $"{picture.Length}");
            Assert.Equal(index[i][9], $"{row.Texts!.Count}");
            Assert.Equal(index[i][10], Convert.ToHexStringLower(SHA256.HashData(picture))[..16]);
        }
    }

    [Fact]
    public void RowsAreNumberedThroughNamesFilesAndRows()
    {
        Copy("b/train-00001-of-00002.parquet");
        Copy("b/train-00000-of-00002.parquet");
        Copy("b/test-00000-of-00001.parquet");
        Copy("a/rows.parquet");
        using CauldronDataset data = CauldronDataset.Open(folder, "b", "a");
        int rows = data.Count / 3;
        Assert.Equal(Golden.Json("parquet", "rows.json").GetArrayLength(), rows);
        Assert.Equal(new("b", Path.Combine(folder, "b", "train-00000-of-00002.parquet"), 0, 0), data.Locate(0));
        Assert.Equal(new("b", Path.Combine(folder, "b", "train-00001-of-00002.parquet"), 1, 7), data.Locate(rows + 7)); // groups of 7
        Assert.Equal(new("a", Path.Combine(folder, "a", "rows.parquet"), (rows - 1) / 7, rows - 1), data.Locate((3 * rows) - 1));
        Assert.Equal(CauldronRows.Digest(data.ReadRow(7)), CauldronRows.Digest(data.ReadRow(rows + 7)));
        Assert.Empty(data.Notes);
    }

    [Fact]
    public void FolderAndFileMayBePaths()
    {
        Copy("set/train-0.parquet");
        using CauldronDataset byFolder = CauldronDataset.Open("no-such-folder", Path.Combine(folder, "set"));
        using CauldronDataset byFile = CauldronDataset.Open(folder, "set/train-0.parquet");
        Assert.Equal("set", byFolder.Locate(0).Subset);
        Assert.Equal("train-0", byFile.Locate(0).Subset);
        Assert.Equal(byFolder.Count, byFile.Count);
    }

    /// <summary>As datasets takes splits by file names: what is held out is read only where its own path is named.</summary>
    [Fact]
    public void TestFilesAreNeverAFoldersRows()
    {
        Copy("set/train-0.parquet");
        Copy("set/test-0.parquet");
        Copy("parts/part.parquet");
        Copy("parts/test-0.parquet");
        Copy("held/test-0.parquet");
        Assert.Equal(["train-0.parquet"], FilesOf("set"));
        Assert.Equal(["part.parquet"], FilesOf("parts"));
        Assert.Equal(["test-0.parquet"], FilesOf("set/test-0.parquet"));
        Assert.Contains("no files to train on", Assert.Throws<SmvlException>(() => FilesOf("held")).Message);

        string[] FilesOf(string name)
        {
            using CauldronDataset data = CauldronDataset.Open(folder, name);
            return [.. Enumerable.Range(0, data.Count).Select(i => Path.GetFileName(data.Locate(i).File)).Distinct()];
        }
    }

    [Fact]
    public void AllTakesTheKnownSubsetsInOrderAndSaysWhatIsMissing()
    {
        foreach (string name in new[] { "dvqa", "okvqa", "chartqa", "own" })
        {
            Copy($"{name}/train-00000-of-00001-abc.parquet");
        }

        Directory.CreateDirectory(Path.Combine(folder, "iam"));
        using CauldronDataset data = CauldronDataset.Open(folder, "all");
        Assert.Equal(["chartqa", "dvqa"], Enumerable.Range(0, data.Count).Select(i => data.Locate(i).Subset).Distinct());
        Assert.Equal(2, data.Notes.Count);
        Assert.Contains("okvqa", data.Notes[0]);
        Assert.Contains("19 of 21", data.Notes[1]);
        Assert.Contains(", iam, ", data.Notes[1]);
    }

    [Fact]
    public void MissingPartOfASubsetIsNoted()
    {
        Copy("a/train-00001-of-00003-abc.parquet");
        using CauldronDataset data = CauldronDataset.Open(folder, "a");
        Assert.Equal(["dataset a has 1 of its 3 files"], data.Notes);
        using CauldronDataset wanted = CauldronDataset.Open(folder, "a/train-00001-of-00003-abc.parquet");
        Assert.Empty(wanted.Notes);
    }

    [Theory]
    [InlineData("cocoqa", "has cocoQA, chartqa, empty")]   // nearest first
    [InlineData("empty", "no files to train on")]
    [InlineData("all", "none of its subsets")]
    [InlineData("chartqa cocoQA chartqa", "named twice")]
    [InlineData("notes.txt", "the file's form is not known")]
    [InlineData("", "no dataset is named")]
    public void WrongNameIsRefused(string names, string says)
    {
        Copy("cocoQA/train-0.parquet");
        if (names != "all")
        {
            Copy("chartqa/train-0.parquet");
        }

        Directory.CreateDirectory(Path.Combine(folder, "empty"));
        File.WriteAllText(Path.Combine(folder, "notes.txt"), "");
        string message = Assert.Throws<SmvlException>(
            () => CauldronDataset.Open(folder, names.Split(' ', StringSplitOptions.RemoveEmptyEntries))).Message;
        Assert.Contains(says, message);
    }

    [Fact]
    public void DatasetWithoutRowsIsRefused()
    {
        Directory.CreateDirectory(Path.Combine(folder, "none"));
        File.WriteAllBytes(
            Path.Combine(folder, "none", "train-0.parquet"), new Formats.Parquet.HandMadeParquet { Rows = 0, Pages = [[]] }.Write());
        Assert.Contains("dataset none is empty", Assert.Throws<SmvlException>(() => CauldronDataset.Open(folder, "none")).Message);
    }

    private void Copy(string name)
    {
        string target = Path.Combine(folder, name);
        Directory.CreateDirectory(Path.GetDirectoryName(target)!);
        File.Copy(Golden.Path("parquet", "snappy-v1.parquet"), target);
    }
}
