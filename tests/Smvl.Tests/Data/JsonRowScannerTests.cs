using System.Text;
using System.Text.Json;
using Smvl.Data;

namespace Smvl.Tests.Data;

/// <summary>Rows are found where System.Text.Json finds them, however the file's bytes come.</summary>
public sealed class JsonRowScannerTests
{
    /// <summary>Objects with everything in their strings that could be taken for structure, with white space or without.</summary>
    [Theory]
    [InlineData(1, false), InlineData(2, true), InlineData(3, false), InlineData(4, true)]
    public void AnArraysElementsAreFound(ulong seed, bool indented)
    {
        string json = (seed == 3 ? "\uFEFF \n" : "") + JsonSerializer.Serialize(Rows(seed), new JsonSerializerOptions { WriteIndented = indented }) + (indented ? " \n" : "");
        byte[] bytes = Encoding.UTF8.GetBytes(json);
        using JsonDocument whole = JsonDocument.Parse(json.TrimStart('\uFEFF'));
        string[] expected = [.. whole.RootElement.EnumerateArray().Select(row => row.GetRawText())];
        foreach (int atOnce in (int[])[1, 2, 7, 1 << 20])
        {
            RowIndex index = JsonRowScanner.Scan("rows.json", new Trickle(bytes, atOnce));
            Assert.Equal(JsonRowForm.Array, index.Form);
            Assert.Equal(expected, Rows(bytes, index));
        }
    }

    [Theory, InlineData("\n"), InlineData("\r\n"), InlineData("\n\n \t\n")]
    public void LinesAreFound(string between)
    {
        string[] expected = [.. Rows(5).Select(row => JsonSerializer.Serialize(row))];
        byte[] bytes = Encoding.UTF8.GetBytes("\uFEFF" + string.Join(between, expected) + between);
        foreach (int atOnce in (int[])[1, 3, 1 << 20])
        {
            RowIndex index = JsonRowScanner.Scan("rows.jsonl", new Trickle(bytes, atOnce));
            Assert.Equal(JsonRowForm.Lines, index.Form);
            Assert.Equal(expected, Rows(bytes, index));
        }
    }

    [Theory, InlineData("[]"), InlineData(" [ ] \n")]
    public void AnEmptyArrayHasNoRows(string json) => Assert.Equal(0, Scan(json).Count);

    [Theory]
    [InlineData("[{\"a\": 1}, {\"b\": [2", "row 1, byte 19: the file ends before its array does")]
    [InlineData("[{}, {}", "row 2, byte 7: the file ends before its array does")]
    [InlineData("[{} {}]", "row 1, byte 4: the file's array cannot be read (expected , or ], actual {)")]
    [InlineData("[{}, 3]", "row 1, byte 5: the file's array cannot be read (expected {, the start of a row, actual 3)")]
    [InlineData("[{}] x", "row 1, byte 5: the file's array cannot be read (expected nothing behind the array, actual x)")]
    public void AnArrayThatIsNoneNamesItsPlace(string json, string says) =>
        Assert.Contains($"rows.json, {says}", Assert.Throws<SmvlException>(() => Scan(json)).Message);

    private static RowIndex Scan(string json) => JsonRowScanner.Scan("rows.json", new MemoryStream(Encoding.UTF8.GetBytes(json)));

    private static string[] Rows(byte[] bytes, RowIndex index) => [.. Enumerable.Range(0, index.Count).Select(row =>
    {
        var reader = new Utf8JsonReader(bytes.AsSpan((int)index.Starts[row]..(int)index.Starts[row + 1]));
        using JsonDocument parsed = JsonDocument.ParseValue(ref reader);
        return parsed.RootElement.GetRawText();
    })];

    private static Dictionary<string, object>[] Rows(ulong seed)
    {
        string[] pieces = ["\"", "\\", "{", "}", "[", "]", ",", ":", "\n", "红", "😀", "a", "\\\"", "\u2028"];
        SplitMix64 random = new(seed);
        string Text() => string.Concat(Enumerable.Range(0, (int)(random.Next() % 9)).Select(_ => pieces[random.Next() % (ulong)pieces.Length]));
        return [.. Enumerable.Range(0, 40).Select(i => new Dictionary<string, object>
        {
            ["id" + Text()] = i, ["text"] = Text(), ["list"] = new object[] { Text(), new Dictionary<string, object> { ["in"] = Text() }, Array.Empty<int>() },
        })];
    }

    /// <summary>A stream that gives few bytes at a time.</summary>
    private sealed class Trickle(byte[] bytes, int atOnce) : MemoryStream(bytes)
    {
        public override int Read(Span<byte> buffer) => base.Read(buffer[..Math.Min(buffer.Length, atOnce)]);
    }
}
