using System.Globalization;
using System.Text.RegularExpressions;

namespace Smvl.Data;

/// <summary>A set of files, in reading order.</summary>
/// <param name="Name">of the folder or file</param>
/// <param name="NamedAs">what a list of datasets calls it: a path, <c>all</c>, or its name</param>
/// <param name="Files">at least one</param>
internal sealed record CauldronSubset(string Name, string NamedAs, string[] Files);

/// <summary>
/// Finds the files that a dataset's names stand for. A name is a folder below the data folder, or any path to a folder or a file;
/// <c>all</c> is the original scripts' choice of 21 subsets. A folder's <c>train-*.parquet</c> are its rows (other splits lie beside them);
/// a folder without any gives all its .parquet files but <c>test-*.parquet</c>, which only their own paths name. A folder without a parquet
/// file gives its .json, .jsonl and .ndjson files in the same way, by <c>train*</c>, and all but <c>test*</c> and <c>val*</c>.
/// </summary>
internal static partial class CauldronSubsets
{
    public const string All = "all";

    /// <summary>What <c>train_data: all</c> trains on, in this order.</summary>
    public static readonly string[] Chosen =
    [
        "chartqa", "finqa", "aokvqa", "figureqa", "diagram_image_to_text", "geomverse", "ai2d", "iam", "infographic_vqa", "intergps",
        "hateful_memes", "clevr", "iconqa", "multihiertt", "mapqa", "datikz", "hitab", "chart2text", "cocoqa", "docvqa", "dvqa",
    ];

    /// <summary>Subsets that the original scripts found bad.</summary>
    public static readonly string[] LeftOut = ["mimic_cgd", "localized_narratives", "okvqa", "ocrvqa", "clevr_math", "nlvr2"];

    /// <summary>Resolves every name; adds a line to <paramref name="notes"/> for whatever a user should know.</summary>
    /// <exception cref="SmvlException">a name stands for nothing, or for no parquet file, or is given twice</exception>
    public static List<CauldronSubset> Resolve(string dataDir, IReadOnlyList<string> names, List<string> notes)
    {
        var subsets = new List<CauldronSubset>();
        foreach (string name in names)
        {
            if (name == All)
            {
                subsets.AddRange(ResolveAll(dataDir, notes));
            }
            else
            {
                subsets.Add(ResolveOne(dataDir, name, notes));
            }
        }

        var seen = new HashSet<string>();
        foreach (CauldronSubset subset in subsets)
        {
            if (subset.Files.FirstOrDefault(f => !seen.Add(Path.GetFullPath(f))) is string twice)
            {
                throw new SmvlException("a dataset is named twice", twice, hint: "name each dataset once in train_data");
            }
        }

        return subsets;
    }

    private static List<CauldronSubset> ResolveAll(string dataDir, List<string> notes)
    {
        var found = new List<CauldronSubset>();
        var missing = new List<string>();
        foreach (string name in Chosen)
        {
            string folder = Path.Combine(dataDir, name);
            if (Directory.Exists(folder) && FromFolder(folder, All, notes) is CauldronSubset subset)
            {
                found.Add(subset);
            }
            else
            {
                missing.Add(name);
            }
        }

        if (found.Count == 0)
        {
            throw new SmvlException(
                "train_data: all found none of its subsets", dataDir, $"folders such as {Chosen[0]} with parquet files", Folders(dataDir), "set data_dir or name a dataset in train_data");
        }

        notes.Add($"train_data: all leaves out {string.Join(", ", LeftOut)}: the original scripts found them bad");
        if (missing.Count > 0)
        {
            notes.Add($"train_data: all goes on without {missing.Count} of {Chosen.Length} subsets that {dataDir} lacks: {string.Join(", ", missing)}");
        }

        return found;
    }

    private static CauldronSubset ResolveOne(string dataDir, string name, List<string> notes)
    {
        foreach (string path in new[] { Path.Combine(dataDir, name), name })
        {
            if (name.Length > 0 && Directory.Exists(path))
            {
                return FromFolder(path, name, notes) ?? throw new SmvlException(
                    "the dataset's folder has no files to train on", path, "train-*.parquet, or .parquet, .json or .jsonl files", FilesOf(path),
                    "download the dataset into it; a file's own path names a test file");
            }

            if (File.Exists(path))
            {
                return new(Path.GetFileNameWithoutExtension(path), name, [path]);
            }
        }

        throw new SmvlException(
            $"dataset {name} is unknown", "train_data", $"a folder in {dataDir}, a path, or {All}", Folders(dataDir, name), "smvl download resources --subsets NAME fetches one of the_cauldron, or set data_dir");
    }

    // Null without any file.
    private static CauldronSubset? FromFolder(string folder, string namedAs, List<string> notes)
    {
        string[] all = [.. Directory.EnumerateFiles(folder)];
        string[] files = Splits([.. all.Where(f => HasEnding(f, ".parquet"))], "train-", "test-");
        if (files.Length == 0)
        {
            files = Splits([.. all.Where(f => HasEnding(f, ".json") || HasEnding(f, ".jsonl") || HasEnding(f, ".ndjson"))], "train", "test", "val");
        }

        if (files.Length == 0)
        {
            return null;
        }

        string name = Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder)));
        NoteMissingParts(name, files, notes);
        return new(name, namedAs, files);
    }

    private static bool HasEnding(string file, string ending) => file.EndsWith(ending, StringComparison.OrdinalIgnoreCase);

    // Sorted by their names' bytes, so that rows have the same numbers on every machine.
    private static string[] Splits(string[] files, string train, params string[] heldOut)
    {
        bool Begins(string file, string with) => Path.GetFileName(file).StartsWith(with, StringComparison.Ordinal);
        string[] rest = [.. files.Where(f => !heldOut.Any(with => Begins(f, with))).Order(StringComparer.Ordinal)];
        string[] training = [.. rest.Where(f => Begins(f, train))];
        return training.Length > 0 ? training : rest;
    }

    private static string FilesOf(string folder)
    {
        string[] names = [.. Directory.EnumerateFiles(folder).Select(f => Path.GetFileName(f)).Order(StringComparer.Ordinal)];
        return names.Length == 0 ? "none" : string.Join(", ", names.Take(5)) + (names.Length > 5 ? $" and {names.Length - 5} more" : "");
    }

    // train-00000-of-00003-<hash>.parquet says how many there should be
    private static void NoteMissingParts(string subset, string[] files, List<string> notes)
    {
        foreach (IGrouping<int, string> group in files
            .Select(f => PartName().Match(Path.GetFileName(f))).Where(m => m.Success)
            .GroupBy(m => int.Parse(m.Groups[2].ValueSpan, CultureInfo.InvariantCulture), m => m.Groups[1].Value))
        {
            int parts = group.Distinct().Count();
            if (parts < group.Key)
            {
                notes.Add($"dataset {subset} has {parts} of its {group.Key} files");
            }
        }
    }

    private static string Folders(string dataDir, string? near = null)
    {
        if (!Directory.Exists(dataDir))
        {
            return $"there is no folder {dataDir}";
        }

        string[] folders = [.. Directory.EnumerateDirectories(dataDir).Select(d => Path.GetFileName(d)).Order(StringComparer.Ordinal)];
        IEnumerable<string> shown = near is null ? folders : NearestNames.Of(near, folders);
        return folders.Length switch
        {
            0 => "no folders",
            <= 5 => $"has {string.Join(", ", shown)}",
            _ => $"has {string.Join(", ", shown.Take(5))} and {folders.Length - 5} more",
        };
    }

    [GeneratedRegex(@"^train-(\d{5})-of-(\d{5})")]
    private static partial Regex PartName();
}
