using System.Text.Json;
using Smvl.Formats;
using Smvl.Tensors.Cpu;

namespace Smvl.Tests;

/// <summary>
/// A tiny text model and mmproj files with what llama.cpp's tools make of them (scripts/make_mtmd_golden.py), in the project's own copy
/// of the fixtures only.
/// </summary>
internal static class MtmdGolden
{
    public const string TextName = "text.gguf", CutName = "mmproj.gguf", UncutName = "mmproj-uncut.gguf";

    /// <summary>What stands in a golden prompt for the rows of a tile.</summary>
    public const int TileMark = -1;

    public static string Folder { get; } = System.IO.Path.Combine(Golden.Root, "tests", "fixtures", "mtmd");

    /// <summary>Questions, some about a picture, with the prompt's ids and the new tokens.</summary>
    public static IReadOnlyList<JsonElement> Cases { get; } = ReadCases();

    /// <summary>Indices of all cases, or of those with a picture.</summary>
    public static IEnumerable<TheoryDataRow<int>> Indices(bool withPicture) =>
        Enumerable.Range(0, Cases.Count).Where(index => !withPicture || Name(Cases[index], "picture") is not null).Select(index => new TheoryDataRow<int>(index));

    public static string Path(string name) => System.IO.Path.Combine(Folder, name);

    /// <summary>The file that a case names under a key, or null.</summary>
    public static string? Name(JsonElement golden, string key) => golden.TryGetProperty(key, out JsonElement name) ? name.GetString() : null;

    /// <summary>(tiles, 3, S, S)</summary>
    public static byte[] Tiles(JsonElement golden)
    {
        using SafetensorsFile tensors = SafetensorsFile.Open(Path("tiles.safetensors"));
        string mmproj = System.IO.Path.GetFileNameWithoutExtension(Name(golden, "mmproj")!);
        return tensors.Tensors[$"{mmproj}/{Name(golden, "picture")}"].Span<byte>().ToArray();
    }

    private static JsonElement[] ReadCases()
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(Path("cases.json")));
        return [.. document.RootElement.Clone().EnumerateArray()];
    }
}
