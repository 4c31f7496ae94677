using System.Security.Cryptography;
using System.Text.Json;
using Smvl.Data;
using Smvl.Formats.Parquet;

namespace Smvl.Tests.Data;

/// <summary>Compares rows as read with rows as the reference wrote them down: every null, every text, the SHA-256 of every picture.</summary>
internal static class CauldronRows
{
    public static CauldronFile Open(string path) => CauldronFile.Open(path, new PageCache());

    public static void Equal(JsonElement expected, CauldronFile file)
    {
        Assert.Equal(expected.GetArrayLength(), file.RowCount);
        Assert.All(expected.EnumerateArray().Index(), e => Equal(e.Item, file.ReadRow(e.Index)));
    }

    public static void Equal(JsonElement expected, CauldronRow actual) => Assert.Equal(Digest(expected), Digest(actual));

    /// <summary>A row as one string in which null, empty and absent differ.</summary>
    public static string Digest(CauldronRow row) =>
        List(row.Images, i => Fields(i.Path, i.Bytes is null ? null : Convert.ToHexStringLower(SHA256.HashData(i.Bytes)))) + " "
        + List(row.Texts, t => Fields(t.User, t.Assistant, t.Source));

    private static string Digest(JsonElement row) =>
        List(Elements(row.GetProperty("images")), i => Fields(Text(i, "path"), Text(i, "sha256"))) + " "
        + List(Elements(row.GetProperty("texts")), t => Fields(Text(t, "user"), Text(t, "assistant"), Text(t, "source")));

    private static List<JsonElement?>? Elements(JsonElement list) => list.ValueKind == JsonValueKind.Null
        ? null
        : [.. list.EnumerateArray().Select(e => e.ValueKind == JsonValueKind.Null ? (JsonElement?)null : e)];

    private static string? Text(JsonElement? element, string name) => element!.Value.GetProperty(name).GetString();

    private static string List<T>(IEnumerable<T?>? elements, Func<T, string> digest) =>
        elements is null ? "null" : $"[{string.Join("; ", elements.Select(e => e is null ? "null" : digest(e)))}]";

    private static string Fields(params string?[] fields) => $"({string.Join(", ", fields.Select(f => f is null ? "null" : $"\"{f}\""))})";
}
