using System.Reflection;

namespace Smvl.Models;

/// <summary>
/// The models that can be made with random weights: each is a folder of the files that a published checkpoint of that size has
/// beside its weights (Presets/, embedded here), in the spelling of its publication. The tiny ones are for demonstrations and tests;
/// those named after a language are the bases of samples/, whose special tokens stand behind the tokens that their tokenizer learns.
/// </summary>
public static class Presets
{
    private const string Prefix = "presets/";

    /// <summary>qwen3-0.6b, qwen3-tiny, qwen3-tiny-en, qwen3-tiny-en-linear, qwen3-tiny-zh, smolvlm-tiny-en, smolvlm2-256m, smolvlm2-tiny.</summary>
    public static IReadOnlyList<string> Names { get; } =
        [.. ResourceNames.Select(name => name.Split('/')[1]).Distinct().Order(StringComparer.Ordinal)];

    private static IEnumerable<string> ResourceNames =>
        typeof(Presets).Assembly.GetManifestResourceNames().Where(name => name.StartsWith(Prefix, StringComparison.Ordinal));

    /// <summary>Writes the preset's files into an existing folder.</summary>
    /// <exception cref="SmvlException">no preset of this name</exception>
    internal static void WriteFiles(string preset, string folder)
    {
        if (!Names.Contains(preset))
        {
            throw new SmvlException("no such preset", expected: string.Join(", ", Names), actual: preset);
        }

        Assembly assembly = typeof(Presets).Assembly;
        foreach (string name in ResourceNames.Where(name => name.Split('/')[1] == preset))
        {
            using Stream source = assembly.GetManifestResourceStream(name)!;
            using FileStream file = File.Create(Path.Combine(folder, name.Split('/')[2]));
            source.CopyTo(file);
        }
    }
}
