using System.Runtime.CompilerServices;
using System.Text.Json;
using Smvl.Formats;

namespace Smvl.Tests;

/// <summary>
/// The golden fixtures, written by the reference implementation. Their folder is <c>SMVL_FIXTURES</c>, or the project's own copy;
/// tests take names and counts from the files, so that fixtures of another seed serve as well.
/// </summary>
internal static class Golden
{
    public const string Category = "Golden";

    /// <summary>The checkout's root, found from this source file.</summary>
    public static string Root { get; } = System.IO.Path.GetFullPath(System.IO.Path.Combine(SourceFolder(), "..", ".."));

    public static string Folder { get; } =
        Environment.GetEnvironmentVariable("SMVL_FIXTURES") ?? System.IO.Path.Combine(Root, "tests", "fixtures");

    public static string Path(params string[] parts) => System.IO.Path.Combine([Folder, .. parts]);

    public static JsonElement Json(params string[] parts)
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(Path(parts)));
        return document.RootElement.Clone();
    }

    public static SafetensorsFile Tensors(params string[] parts) => SafetensorsFile.Open(Path(parts));

    private static string SourceFolder([CallerFilePath] string path = "") => System.IO.Path.GetDirectoryName(path)!;
}
