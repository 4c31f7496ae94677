using Smvl.Cli.TinyBases;
using Smvl.Data;

namespace Smvl.Cli.Demo;

/// <summary>Which files of the repository the demo works on, and where it works.</summary>
/// <param name="Root">the folder with samples/ and configs/</param>
/// <param name="Output">where the demo works</param>
internal sealed record DemoFiles(string Root, string Output)
{
    /// <summary>What is spliced, below samples/.</summary>
    public const string VisionName = TinyBasesBuild.VisionName, TextName = TinyBasesBuild.TextName;

    private const string ConfigName = "configs/demo_train.yaml";
    private const string TestFiles = "test-*.parquet";

    public string Config => Path.Combine(Root, ConfigName);

    public string Vision => Path.Combine(Root, "samples", VisionName);

    public string Text => Path.Combine(Root, "samples", TextName);

    public string Data => Path.Combine(Root, "samples", "data");

    public string Spliced => Path.Combine(Output, "spliced");

    public string Run => Path.Combine(Output, "run");

    public string Pictures => Path.Combine(Output, "pictures");

    public string Report => Path.Combine(Output, "report.html");

    /// <summary>Chinese dialogues without pictures, which no model was trained on; empty where the repository has none.</summary>
    public IReadOnlyList<string> Dialogues
    {
        get
        {
            string folder = Path.Combine(Data, TextDialogues.Subset);
            return Directory.Exists(folder) ? [.. Directory.EnumerateFiles(folder, TestFiles).Order(StringComparer.Ordinal)] : [];
        }
    }

    /// <summary>The repository above the program, or the current folder.</summary>
    /// <exception cref="SmvlException">neither has the demo's files</exception>
    public static DemoFiles Find(string output)
    {
        for (string? folder = AppContext.BaseDirectory; folder is not null; folder = Path.GetDirectoryName(folder))
        {
            if (File.Exists(Path.Combine(folder, ConfigName)))
            {
                return new DemoFiles(folder, output);
            }
        }

        return File.Exists(ConfigName)
            ? new DemoFiles(".", output)
            : throw new SmvlException("the demo's files are not there", ConfigName, hint: "run it from a checkout of the repository");
    }

    /// <summary>The held-out questions of the datasets that are trained on: those of their test files, which training leaves alone.</summary>
    /// <param name="datasets">names of folders in <see cref="Data"/></param>
    /// <exception cref="SmvlException">no dataset has a test file, or one cannot be read</exception>
    public IReadOnlyList<ScoredQuestion> HeldOutQuestions(IReadOnlyList<string> datasets)
    {
        string[] files =
        [
            .. datasets.Select(name => Path.Combine(Data, name)).Where(Directory.Exists)
                .SelectMany(folder => Directory.EnumerateFiles(folder, TestFiles).Order(StringComparer.Ordinal)),
        ];
        if (files.Length == 0)
        {
            throw new SmvlException("no dataset of the demo has held-out questions", Data, $"{TestFiles} beside the training files", "none");
        }

        using CauldronDataset dataset = CauldronDataset.Open(Data, files);
        return [.. ScoredQuestion.Read(dataset)];
    }

    /// <summary>The demo's own folder of an earlier run; a folder of anything else stays, and the splice refuses it.</summary>
    public void RemoveEarlierSplice()
    {
        if (File.Exists(Path.Combine(Spliced, "config.json")) && File.Exists(Path.Combine(Spliced, "model.safetensors")))
        {
            Directory.Delete(Spliced, recursive: true);
        }
    }
}
