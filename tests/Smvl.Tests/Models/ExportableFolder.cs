using System.Text.Json.Nodes;

namespace Smvl.Tests.Models;

/// <summary>The fixtures' spliced folder, with the token of two line breaks that its vocabulary lacks and llama.cpp needs.</summary>
internal static class ExportableFolder
{
    public const int BreaksId = 1040;

    /// <summary>Makes the folder; returns its path.</summary>
    public static string Make(TemporaryFolder temporary, string name = "model")
    {
        string folder = temporary[name];
        Directory.CreateDirectory(folder);
        foreach (string file in Directory.EnumerateFiles(Golden.Path("spliced")))
        {
            File.WriteAllBytes(Path.Combine(folder, Path.GetFileName(file)), File.ReadAllBytes(file));
        }

        Change(folder, "tokenizer.json", AddBreaks);
        return folder;
    }

    /// <summary>Changes tokenizer.json.</summary>
    public static void AddBreaks(JsonNode root)
    {
        root["model"]!["vocab"]!["ĊĊ"] = BreaksId;
        root["model"]!["merges"]!.AsArray().Add(new JsonArray("Ċ", "Ċ"));
    }

    /// <summary>Changes a JSON file of the folder.</summary>
    public static void Change(string folder, string file, Action<JsonNode> change)
    {
        string path = Path.Combine(folder, file);
        JsonNode root = JsonNode.Parse(File.ReadAllBytes(path))!;
        change(root);
        File.WriteAllText(path, root.ToJsonString());
    }
}
