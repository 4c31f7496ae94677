namespace Smvl.Hubs;

/// <summary>
/// What the original scripts fetch before training, and where they put it: <c>smvl train</c> looks for it there.
/// </summary>
/// <param name="Name">by which it is chosen</param>
/// <param name="Kind">what it is</param>
/// <param name="ModelScope">its name there</param>
/// <param name="HuggingFace">its name there</param>
/// <param name="Folder">in the working folder</param>
internal sealed record HubResource(string Name, RepositoryKind Kind, string ModelScope, string HuggingFace, string Folder)
{
    public const string ModelFolder = "model";
    public const string TextFolder = $"{ModelFolder}/Qwen3-0.6B";
    public const string VisionFolder = $"{ModelFolder}/SmolVLM2-256M-Video-Instruct";
    public const string DataFolder = "data/the_cauldron";

    public static readonly HubResource Text = new("text", RepositoryKind.Model, "Qwen/Qwen3-0.6B", "Qwen/Qwen3-0.6B", TextFolder);

    public static readonly HubResource Vision = new(
        "vision", RepositoryKind.Model, "HuggingFaceTB/SmolVLM2-256M-Video-Instruct", "HuggingFaceTB/SmolVLM2-256M-Video-Instruct", VisionFolder);

    public static readonly HubResource Data = new("data", RepositoryKind.Dataset, "AI-ModelScope/the_cauldron", "HuggingFaceM4/the_cauldron", DataFolder);

    public static readonly IReadOnlyList<HubResource> All = [Text, Vision, Data];

    /// <summary>What to ask a hub for.</summary>
    /// <param name="hub">which</param>
    /// <param name="subsets">of the data set</param>
    /// <param name="folder">that takes the place of the working folder</param>
    public DownloadRequest Request(HubKind hub, IReadOnlyList<string> subsets, string folder) =>
        new(RepositoryId.Parse(Kind, hub == HubKind.ModelScope ? ModelScope : HuggingFace))
        {
            LocalFolder = Path.Combine(folder, Folder),
            Include = Kind == RepositoryKind.Dataset ? [.. subsets.Select(subset => $"{subset}/*")] : [],
            Also = ["README.md"],   // by which datasets.load_dataset finds the subsets
            // the vision tower once more, for another runtime
            Exclude = this == Vision ? ["onnx/*"] : [],
        };
}
