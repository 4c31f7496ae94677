using System.Text.Json.Nodes;

namespace Smvl.Tests;

/// <summary>A fixture folder copied, to be spoilt.</summary>
internal static class GoldenCopy
{
    /// <summary>A new folder in the temporary one with copies of a fixture folder's files.</summary>
    public static string CopyOfGolden(this TemporaryFolder temporary, params string[] parts)
    {
        string copy = temporary[string.Join('-', parts)];
        Directory.CreateDirectory(copy);
        foreach (string file in Directory.EnumerateFiles(Golden.Path(parts)))
        {
            File.Copy(file, Path.Combine(copy, Path.GetFileName(file)));
        }

        return copy;
    }

    /// <summary>Rewrites a JSON file.</summary>
    public static void Edit(string file, Action<JsonObject> change)
    {
        JsonObject root = JsonNode.Parse(File.ReadAllBytes(file))!.AsObject();
        change(root);
        File.WriteAllText(file, root.ToJsonString());
    }
}
