using Smvl.Formats;
using Smvl.Tensors;
using static Smvl.Tests.Cli.CommandLine;

namespace Smvl.Tests.Cli;

/// <summary><c>smvl train</c> as a user runs it, on the fixtures' model and data: what it leaves, and what it refuses.</summary>
public sealed class TrainCommandTests : IDisposable
{
    private readonly TemporaryFolder temporary = new();

    public void Dispose() => temporary.Dispose();

    [Fact]
    public async Task AYamlFileWithKeysOverItTrains()
    {
        string yaml = temporary.Write("run.yaml", $"""
            model: {Golden.Path("spliced")}
            data_dir: {Golden.Path("training", "data")}
            train_data: [fixture]
            output_dir: {temporary["run"]}
            learning_rate: 1e-3   # a string in YAML 1.1
            max_steps: 100
            eval_rows: 2
            evaluation_strategy: epoch
            report_to: jsonl
            """);
        (int code, string output, string error) = await Run("train", yaml, "--max_steps", "3", "--per_device_train_batch_size=2");
        Assert.Equal((0, ""), (code, error));
        Assert.Contains("trainable params: 0.05M", output);
        Assert.Contains("  trains model.connector.modality_projection.proj.weight  [", output);
        Assert.Contains("step 3/3", output);
        Assert.Contains("eval_loss", output);
        Assert.Contains("sample answer", output);
        Assert.StartsWith("使用中文回答所有问题。\n图中有什么动物？\n", File.ReadAllText(temporary["run", "sample_answer.txt"]));
        Assert.Equal(
            ["checkpoint-3"], Directory.GetDirectories(temporary["run"]).Select(d => Path.GetFileName(d)!));
        foreach (string folder in (string[])[temporary["run"], temporary["run", "checkpoint-3"]])
        {
            (int infoCode, string info, _) = await Run("info", folder);
            Assert.Equal(0, infoCode);
            Assert.Contains("connector", info);
        }

        // frozen tensors are written back as they were
        using CheckpointFolder before = CheckpointFolder.Open(Golden.Path("spliced"));
        using CheckpointFolder after = CheckpointFolder.Open(temporary["run"]);
        Assert.Equal(before.Tensors.Keys.Order(), after.Tensors.Keys.Order());
        Assert.All(before.Tensors, t => Assert.Equal(
            !t.Key.Contains("connector", StringComparison.Ordinal), HostBytes.Equal(t.Value, after.Tensors[t.Key])));
    }

    [Fact]
    public async Task Bf16StoresFrozenMatricesInHalf()
    {
        (int code, _, string error) = await Run([.. Keys("run"), "--bf16", "true", "--max_steps", "1"]);
        Assert.Equal((0, ""), (code, error));
        using CheckpointFolder weights = CheckpointFolder.Open(temporary["run"]);
        Assert.Equal(DType.F32, weights.Tensors["model.connector.modality_projection.proj.weight"].DType);
        Assert.Equal(DType.BF16, weights.Tensors["model.text_model.embed_tokens.weight"].DType);
        Assert.Equal(DType.F32, weights.Tensors["model.text_model.norm.weight"].DType);
    }

    [Theory]
    [InlineData("--learning_rat", "1e-4", "did you mean learning_rate")]
    [InlineData("--learning_rate", "fast", "number")]
    [InlineData("--max_steps", "0", "max_steps")]
    [InlineData("--freeze", "head", "connector")]
    [InlineData("extra", "words", "unexpected argument")]
    public async Task WrongKeysAreWrongUsage(string key, string value, string hint)
    {
        (int code, _, string error) = await Run([.. Keys("run"), key, value]);
        Assert.Equal(2, code);
        Assert.Contains(hint, Assert.Single(error.TrimEnd('\n').Split('\n')));
        Assert.False(Directory.Exists(temporary["run"]));
    }

    [Fact]
    public async Task WrongKeysInAFileNameItsLine()
    {
        string yaml = temporary.Write("run.yaml", "max_steps: 3\nlearning_rat: 1e-4\n");
        string error = await Fails("train", yaml);
        Assert.Contains("run.yaml:2", error);
        Assert.Contains("did you mean learning_rate", error);
        Assert.Contains("none.yaml: the configuration file does not exist", await Fails("train", temporary["none.yaml"]));
    }

    [Theory]
    [InlineData("--train_data", "cocoqa", "cocoqa")]
    [InlineData("--model", "nowhere", "nowhere")]
    [InlineData("--max_length", "3", "max_length")]
    [InlineData("--sample_image", "no.png", "no.png")]
    [InlineData("--data_dir", "nowhere", "nowhere")]
    public async Task WhatIsMissingIsNamedBeforeAnythingIsWritten(string key, string value, string named)
    {
        string[] keys = [.. Keys("run")];
        int at = Array.IndexOf(keys, key);
        string[] args = at >= 0 ? [.. keys[..(at + 1)], value, .. keys[(at + 2)..]] : [.. keys, key, value];
        Assert.Contains(named, await Fails(args));
        Assert.False(Directory.Exists(temporary["run"]));
    }

    [Fact]
    public async Task AFolderWithOtherThingsIsNotTouched()
    {
        temporary.Write("run/thesis.txt", "mine");
        Assert.Contains("not empty", await Fails(Keys("run")));
        Assert.Equal("mine", File.ReadAllText(temporary["run", "thesis.txt"]));
        Assert.Single(Directory.EnumerateFileSystemEntries(temporary["run"]));
    }

    [Theory]
    [InlineData("missing", "missing")]
    [InlineData("shape", "shape")]
    [InlineData("vocabulary", "embed_tokens")]
    public async Task WeightsThatDoNotFitAreRefused(string fault, string named)
    {
        string model = temporary.CopyOfGolden("spliced");
        if (fault == "vocabulary")
        {
            GoldenCopy.Edit(Path.Combine(model, "config.json"), root => root["text_config"]!["vocab_size"] = 1040);
        }
        else
        {
            string file = Path.Combine(model, "model.safetensors");
            string spoilt = file + ".new";
            using (SafetensorsFile weights = SafetensorsFile.Open(file))
            {
                SafetensorsWriter.Write(spoilt, weights.Tensors
                    .Where(t => fault != "missing" || t.Key != "model.text_model.norm.weight")
                    .Select(t => TensorSource.From(t.Key, t.Key == "model.text_model.norm.weight" ? t.Value.View(1, t.Value.Count) : t.Value)));
            }

            File.Move(spoilt, file, overwrite: true);
        }

        string[] keys = [.. Keys("run")];
        keys[Array.IndexOf(keys, "--model") + 1] = model;
        Assert.Contains(named, await Fails(keys));
        Assert.False(Directory.Exists(temporary["run"]));
    }

    [Fact]
    public async Task ABadRowStopsOrIsSkippedAndCounted()
    {
        string data = temporary["data"];
        Directory.CreateDirectory(Path.Combine(data, "bad"));
        string from = Directory.GetFiles(Golden.Path("training", "data", "fixture"))[0];
        byte[] bytes = File.ReadAllBytes(from);

        // the first PNG's header chunk: the picture no longer decodes, the file around it is whole
        int png = bytes.AsSpan().IndexOf("IHDR"u8);
        bytes[png + 4] ^= 0x55;
        File.WriteAllBytes(Path.Combine(data, "bad", "train-00000-of-00001.parquet"), bytes);
        string[] keys = ["--data_dir", data, "--train_data", "bad", "--train_sampling_strategy", "sequential", "--eval_rows", "0"];
        string error = await Fails([.. Keys("run", keys), "--max_steps", "3"]);
        Assert.Contains("row group 0, row 0", error);

        (int code, string output, string stderr) = await Run([.. Keys("run2", keys), "--max_steps", "3", "--skip_bad_rows"]);
        Assert.Equal((0, ""), (code, stderr));
        Assert.Contains("bad rows skipped: 1", output);
    }

    [Fact]
    public async Task PicturesShrinkBeforeTheirRowsAreCut()
    {
        (int code, string output, string error) = await Run([.. Keys("run"), "--max_steps", "3", "--max_length", "60"]);
        Assert.Equal((0, ""), (code, error));
        Assert.Contains("pictures cut into fewer tiles to fit max_length", output);
    }

    [Fact]
    public async Task ALossThatIsNotFiniteStopsBeforeTheWeights()
    {
        // the first update's rate is enormous; the loss of the second step cannot be finite
        string error = await Fails([.. Keys("run"), "--learning_rate", "1e38", "--max_grad_norm", "0", "--save_steps", "1", "--lr_scheduler_type", "constant", "--max_steps", "3"]);
        Assert.Contains("step 2", error);
        Assert.Contains("row group", error);
        Assert.Equal(
            ["checkpoint-1", "not_finite-2"], Directory.GetDirectories(temporary["run"]).Select(d => Path.GetFileName(d)!).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task HelpListsEveryKey()
    {
        (int code, string output, _) = await Run("train", "--help");
        Assert.Equal(0, code);
        Assert.All((string[])["learning_rate", "gradient_accumulation_steps", "skip_bad_rows"], key => Assert.Contains(key, output));
    }

    [Fact]
    public async Task TheDefaultSpliceIsLookedForWhereTheOriginalsPutTheirModels()
    {
        string error = await Fails(
            "train", "--data_dir", Golden.Path("training", "data"), "--train_data", "fixture", "--output_dir", temporary["run"]);
        Assert.Contains("model/SmolVLM2-256M-Video-Instruct", error);
    }

    /// <summary>A run of three short steps into the temporary folder, or with other data keys.</summary>
    private string[] Keys(string output, params string[] data) =>
    [
        "train",
        "--model", Golden.Path("spliced"),
        .. data.Length > 0 ? data : ["--data_dir", Golden.Path("training", "data"), "--train_data", "fixture"],
        "--output_dir", temporary[output],
        "--report_to", "none",
        "--per_device_train_batch_size", "2",
    ];
}
