using System.Text.Json;
using System.Text.Json.Nodes;
using Smvl.Formats;
using Smvl.Images;
using Smvl.Inference;
using Smvl.Models;
using Smvl.Tensors;
using Smvl.Tensors.Cpu;
using Smvl.Tests.Training;
using Smvl.Training;

namespace Smvl.Tests.Models;

public sealed class HuggingFaceExporterTests : IDisposable
{
    private readonly TemporaryFolder temporary = new();
    private readonly ComparisonPrompts prompts = new(["图中有什么动物？", "Count: 1, 2, 3."], [new RgbImage(64, 64, [.. Enumerable.Range(0, 64 * 64 * 3).Select(i => (byte)(i * 7 % 251))])]);

    public void Dispose()
    {
        prompts.Dispose();
        temporary.Dispose();
    }

    [Fact]
    public void EveryTensorIsRoundedAndEveryFileIsThere()
    {
        HuggingFaceVerification found = Export(Golden.Path("spliced"));
        Assert.InRange(found.LargestWeightDifference, 1e-6, 0.01);   // the fixture's weights are float32
        Assert.InRange(found.Distance.All.LargestDifference, 1e-6, 0.5);
        Assert.True(found.Distance.Pictures.Positions > 0);
        string[] names = [.. Directory.EnumerateFiles(temporary["out"]).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal)];
        Assert.Equal(
            [
                "README.md", "chat_template.jinja", "config.json", "generation_config.json", "model.safetensors", "preprocessor_config.json", "processor_config.json",
                "tokenizer.json", "tokenizer_config.json",
            ],
            names);
        using CheckpointFolder folder = CheckpointFolder.Open(temporary["out"]);
        Assert.All(folder.Tensors.Values, tensor => Assert.Equal(DType.BF16, tensor.DType));
        Assert.Equal("bfloat16", JsonDocument.Parse(File.ReadAllBytes(temporary["out", "config.json"])).RootElement.GetProperty("dtype").GetString());

        // as rounding to nearest even has it, of whatever the fixtures hold
        using SafetensorsFile source = Golden.Tensors("spliced", "model.safetensors");
        const string Name = "model.connector.modality_projection.proj.weight";
        uint bits = BitConverter.SingleToUInt32Bits(source.Tensors[Name].Span<float>()[5]);
        Assert.Equal((ushort)((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16), folder.Tensors[Name].Span<ushort>()[5]);
    }

    [Fact]
    public void ShardsAreListedInAnIndex()
    {
        Export(Golden.Path("spliced"), options => options with { ShardBytes = 200_000 });
        string[] shards = Directory.GetFiles(temporary["out"], "model-*.safetensors");
        Assert.InRange(shards.Length, 3, 10);
        JsonElement map = JsonDocument.Parse(File.ReadAllBytes(temporary["out", "model.safetensors.index.json"])).RootElement.GetProperty("weight_map");
        Assert.Equal(shards.Select(path => Path.GetFileName(path)).Order(), map.EnumerateObject().Select(entry => entry.Value.GetString()!).Distinct().Order());
        Assert.False(File.Exists(temporary["out", "model.safetensors"]));
    }

    [Fact]
    public void AnExportOfAnExportIsTheSame()
    {
        Export(Golden.Path("spliced"));
        HuggingFaceVerification again = Export(temporary["out"], output: "again");
        Assert.Equal((0.0, 0.0), (again.LargestWeightDifference, again.Distance.All.MeanKl));
        Assert.Equal(File.ReadAllBytes(temporary["out", "model.safetensors"]), File.ReadAllBytes(temporary["again", "model.safetensors"]));
    }

    [Fact]
    public void ARunsFilesBecomeTheCardAndStayBehindThemselves()
    {
        TrainingArguments arguments = TrainingArguments.FromCommandLine(RunFixture.Keys(
            temporary["run"], "--max_steps", "3", "--logging_steps", "1", "--eval_rows", "2", "--eval_strategy", "steps", "--eval_steps", "3", "--per_device_train_batch_size", "1"));
        using (CpuBackend backend = new(2))
        {
            TrainingRun.Run(arguments, backend, new RecordingObserver());
        }

        Export(temporary["run"], options => options with { Facts = new() { License = "apache-2.0", BaseModels = ["a/vision", "b/text"] } });
        string card = File.ReadAllText(temporary["out", "README.md"]);
        Assert.StartsWith(
            """
            ---
            license: "apache-2.0"
            base_model: ["a/vision", "b/text"]
            language: ["zh", "en"]
            pipeline_tag: "image-text-to-text"
            """,
            card,
            StringComparison.Ordinal);
        foreach (string title in (string[])["## Sources", "## Data", "## Training arguments", "## Losses", "## Evaluation", "### A sample answer", "## How to use"])
        {
            Assert.Contains($"\n{title}\n", card, StringComparison.Ordinal);
        }

        JsonElement[] log = [.. JsonDocument.Parse(File.ReadAllBytes(temporary["run", "trainer_state.json"])).RootElement.GetProperty("log_history").EnumerateArray()];
        foreach ((string metric, int rows) in ((string, int)[])[("loss", 3), ("eval_loss", 1)])
        {
            JsonElement[] entries = [.. log.Where(entry => entry.TryGetProperty(metric, out _))];
            Assert.Equal(rows, entries.Length);
            Assert.All(entries, entry => Assert.Contains(
                FormattableString.Invariant($"| {entry.GetProperty("step").GetInt32()} | {entry.GetProperty(metric).GetDouble():F4} |"), card, StringComparison.Ordinal));
        }

        Assert.Contains("\nmax_steps: 3\n", card, StringComparison.Ordinal);
        Assert.Contains("\n- fixture\n", card, StringComparison.Ordinal);
        Assert.DoesNotContain(temporary.Path, card, StringComparison.Ordinal);
        Assert.DoesNotContain(Golden.Folder, card, StringComparison.Ordinal);
        Assert.False(File.Exists(temporary["out", "trainer_state.json"]) || File.Exists(temporary["out", "training_args.yaml"]));
    }

    [Fact]
    public void WhatNobodyToldIsLeftOut()
    {
        Export(Golden.Path("spliced"));
        string card = File.ReadAllText(temporary["out", "README.md"]);
        Assert.DoesNotContain("license", card, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("base_model", card, StringComparison.Ordinal);
        Assert.Equal(["## How to use"], card.Split('\n').Where(line => line.StartsWith("## ", StringComparison.Ordinal)));
    }

    [Fact]
    public void ASpliceTellsItsSourcesAndTheirLicences()
    {
        string vision = temporary.CopyOfGolden("sources", "smolvlm2-tiny");
        File.WriteAllText(Path.Combine(vision, "README.md"), "---\nlanguage: en\nlicense: apache-2.0\ntags:\n- x\n---\n\nlicense: mit\n");
        Splicer.Splice(new SpliceOptions(vision, Golden.Path("sources", "qwen3-tiny"), temporary["spliced"]));
        Assert.Equal(new ModelSources(new("sources-smolvlm2-tiny", "apache-2.0"), new("qwen3-tiny", null)), ModelSources.Read(temporary["spliced"]));
        Export(temporary["spliced"]);
        string card = File.ReadAllText(temporary["out", "README.md"]);
        Assert.Contains("\n| vision tower | sources-smolvlm2-tiny | apache-2.0 |\n| text model, tokenizer | qwen3-tiny |  |\n", card, StringComparison.Ordinal);
        Assert.Equal(ModelSources.Read(temporary["spliced"]), ModelSources.Read(temporary["out"]));
    }

    [Fact]
    public void AnotherWeightIsFoundAndNothingStays() => Mismatch(
        folder => Change(Path.Combine(folder, "model.safetensors"), bytes => bytes[^1] ^= 1), "is not its source's, rounded");

    [Fact]
    public void AnotherConfigurationIsFound() => Mismatch(
        folder => GoldenCopy.Edit(Path.Combine(folder, "config.json"), root => root["text_config"]!["rope_parameters"]!["rope_theta"] = 5e4), "extents or special ids are not the source's");

    [Fact]
    public void AnotherNormalisationIsFound() => Mismatch(
        folder => GoldenCopy.Edit(Path.Combine(folder, "preprocessor_config.json"), root => root["image_mean"] = new JsonArray(0.4, 0.5, 0.5)),
        "pictures are not normalised as at the source");

    [Fact]
    public void AnotherTokenIsFound() => Mismatch(
        folder => GoldenCopy.Edit(Path.Combine(folder, "tokenizer.json"), root =>
        {
            JsonNode ids = root["model"]!["vocab"]!;
            (ids["1"], ids["2"]) = (ids["2"]!.DeepClone(), ids["1"]!.DeepClone());
        }),
        "a prompt has other ids or tiles than at its source");

    [Fact]
    public void AWeightThatIsNoNumberIsRefused()
    {
        string folder = temporary.CopyOfGolden("spliced");
        Change(Path.Combine(folder, "model.safetensors"), bytes => (bytes[^1], bytes[^2]) = (0x7F, 0xC0));
        Assert.Contains("rounded", Assert.Throws<SmvlException>(() => Export(folder)).Message, StringComparison.Ordinal);
    }

    private static void Change(string path, Action<byte[]> change)
    {
        byte[] bytes = File.ReadAllBytes(path);
        change(bytes);
        File.WriteAllBytes(path, bytes);
    }

    private void Mismatch(Action<string> spoil, string problem)
    {
        SmvlException found = Assert.Throws<SmvlException>(() => HuggingFaceExporter.Export(Options(Golden.Path("spliced"), "out"), (source, folder) =>
        {
            spoil(folder);
            HuggingFaceVerifier.Verify(source, folder, prompts);
        }));
        Assert.Contains(problem, found.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFileSystemEntries(temporary.Path));
    }

    private HuggingFaceVerification Export(string folder, Func<HuggingFaceExportOptions, HuggingFaceExportOptions>? change = null, string output = "out")
    {
        HuggingFaceVerification? found = null;
        HuggingFaceExportOptions options = Options(folder, output);
        HuggingFaceExporter.Export(change?.Invoke(options) ?? options, (source, written) => found = HuggingFaceVerifier.Verify(source, written, prompts));
        return found!;
    }

    private HuggingFaceExportOptions Options(string folder, string output) => new(folder, temporary[output]) { Threads = 2 };
}
