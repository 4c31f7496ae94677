using Microsoft.Win32.SafeHandles;
using Smvl.Data;

namespace Smvl.Tests.Data;

/// <summary>What a start found out about a JSON file, the next one need not.</summary>
public sealed class RowIndexCacheTests : IDisposable
{
    private const string Rows = "{\"a\": 1}\n{\"a\": 2}\n{\"a\": 3}\n";

    private readonly TemporaryFolder temporary = new();
    private readonly string path;
    private readonly List<string> notes = [];

    public RowIndexCacheTests() => path = temporary.Write("data/rows.jsonl", Rows);

    public void Dispose() => temporary.Dispose();

    /// <summary>A file whose text changed and whose length and time did not is taken for the same: so the entry was read, not the file.</summary>
    [Fact]
    public void TheSecondStartReadsTheEntry()
    {
        RowIndex first = Get();
        Assert.Equal([0, 9, 18, 27], first.Starts);
        DateTime time = File.GetLastWriteTimeUtc(path);
        File.WriteAllText(path, new string('\n', Rows.Length));
        File.SetLastWriteTimeUtc(path, time);
        RowIndex second = Get();
        Assert.Equal((first.Form, true), (second.Form, first.Starts.SequenceEqual(second.Starts)));
        Assert.Equal([path], Directory.GetFiles(temporary["data"]));
    }

    [Theory, InlineData("time"), InlineData("length"), InlineData("damage"), InlineData("cut"), InlineData("empty")]
    public void AnEntryOfAnotherFileIsMadeAgain(string what)
    {
        Get();
        string entry = Assert.Single(Directory.GetFiles(temporary["cache"]));
        byte[] bytes = File.ReadAllBytes(entry);
        switch (what)
        {
            case "time":
                File.WriteAllText(path, Rows.Replace("}\n{", "} {", StringComparison.Ordinal));
                File.SetLastWriteTimeUtc(path, new DateTime(2001, 1, 1));
                break;
            case "length":
                File.AppendAllText(path, "{\"a\": 4}");
                break;
            case "damage":
                bytes[^9] ^= 1;
                File.WriteAllBytes(entry, bytes);
                break;
            default:
                File.WriteAllBytes(entry, what == "cut" ? bytes[..^8] : []);
                break;
        }

        using FileStream stream = File.OpenRead(path);
        Assert.Equal(JsonRowScanner.Scan(path, stream).Starts, Get().Starts);
        Assert.Single(Directory.GetFiles(temporary["cache"]));
    }

    [Fact]
    public void SmallFilesHaveNoEntry()
    {
        using SafeFileHandle handle = File.OpenHandle(path);
        Assert.Equal(3, new RowIndexCache(temporary["cache"]).Get(path, handle, notes).Count);
        Assert.False(Directory.Exists(temporary["cache"]));
    }

    [Fact]
    public void WhereNothingCanBeKeptItIsSaidOnce()
    {
        File.WriteAllText(temporary["cache"], "a file where the folder should be");
        RowIndexCache cache = new(temporary["cache"], smallest: 0);
        using SafeFileHandle handle = File.OpenHandle(path);
        Assert.Equal([3, 3], [cache.Get(path, handle, notes).Count, cache.Get(path, handle, notes).Count]);
        Assert.Contains("cannot be kept", Assert.Single(notes));
    }

    private RowIndex Get()
    {
        using SafeFileHandle handle = File.OpenHandle(path);
        RowIndex index = new RowIndexCache(temporary["cache"], smallest: 0).Get(path, handle, notes);
        Assert.Empty(notes);
        return index;
    }
}
