using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using Smvl.Data;
using Smvl.Formats;
using Smvl.Formats.Gguf;
using Smvl.Models;
using Smvl.Tensors;
using Smvl.Tensors.Cpu;
using Smvl.Tensors.Quantization;
using Smvl.Tests.Training;
using Smvl.Text;

namespace Smvl.Tests.Models;

/// <summary>Image markers as tokens of the model: what a splice gives them, what trains them, and who reads them.</summary>
public sealed class ImageTokensTests : IDisposable
{
    private const string Embedding = "model.text_model.embed_tokens.weight", Head = "lm_head.weight", Connector = "model.connector.modality_projection.proj.weight";

    /// <summary>Behind the 1,026 tokens of the fixtures' tokenizer, whose embedding has 1,056 rows; its pictures have grids of up to 2 x 2.</summary>
    private const int FirstId = 1026, Markers = 6;

    private readonly TemporaryFolder temporary = new();
    private readonly string vision = Golden.Path("sources", "smolvlm2-tiny"), text = Golden.Path("sources", "qwen3-tiny");

    public void Dispose() => temporary.Dispose();

    [Fact]
    public void MarkersGetTheNextIdsAndRowsAroundTheMean()
    {
        ModelConfig config = Splicer.Splice(new SpliceOptions(vision, text, temporary["out"]));
        Assert.Equal(1056, config.Text.VocabularySize);
        BpeTokenizer tokenizer = TokenizerFiles.Load(temporary["out"]);
        string[] markers = ["<fake_token_around_image>", "<global-img>", "<row_1_col_1>", "<row_1_col_2>", "<row_2_col_1>", "<row_2_col_2>"];
        Assert.Equal(Enumerable.Range(FirstId, Markers), tokenizer.Encode(string.Concat(markers)));
        Assert.All(tokenizer.AddedTokens.Where(token => token.Id >= FirstId), token => Assert.True(token.Special && !token.Normalized));
        JsonNode settings = JsonNode.Parse(File.ReadAllBytes(temporary["out", "tokenizer_config.json"]))!;
        Assert.Equal(("<fake_token_around_image>", "<global-img>", "<|image_pad|>"),
            ((string?)settings["fake_image_token"], (string?)settings["global_image_token"], (string?)settings["image_token"]));

        float[][] before = Rows(text, "model.embed_tokens.weight"), after = Rows(temporary["out"], Embedding);
        double[] mean = [.. Enumerable.Range(0, 64).Select(d => before.Take(FirstId).Average(row => (double)row[d]))];
        double deviation = Math.Sqrt(before.Take(FirstId).Average(row => row.Select((value, d) => Math.Pow(value - mean[d], 2)).Average()));
        for (int id = 0; id < before.Length; id++)
        {
            if (id is < FirstId or >= FirstId + Markers)
            {
                Assert.Equal(before[id], after[id]);
            }
        }

        double[] noise = [.. after.Skip(FirstId).Take(Markers).SelectMany(row => row.Select((value, d) => value - mean[d]))];
        Assert.InRange(Math.Sqrt(noise.Average(value => value * value)) / deviation, 0.09, 0.11);
        Assert.Equal(Markers, after.Skip(FirstId).Take(Markers).Select(row => string.Join(' ', row)).Distinct().Count());
    }

    [Fact]
    public void TheNoiseFollowsTheSeedAndASecondSpliceKeepsWhatIsThere()
    {
        foreach ((string name, long seed) in ((string, long)[])[("a", 1), ("b", 1), ("c", 2)])
        {
            Splicer.Splice(new SpliceOptions(vision, text, temporary[name]) { Seed = seed });
        }

        Assert.Equal(Bytes(temporary["a"], Embedding), Bytes(temporary["b"], Embedding));
        Assert.NotEqual(Bytes(temporary["a"], Embedding), Bytes(temporary["c"], Embedding));
    }

    /// <summary>Grids of 6 x 6 need 38 rows where 30 are free: both matrices grow to a multiple of 64.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void AFullVocabularyGrows(bool tied)
    {
        string source = tied ? text : UntiedText();
        ModelConfig config = Splicer.Splice(new SpliceOptions(FineGrid(), source, temporary["out"]));
        Assert.Equal(1088, config.Text.VocabularySize);
        foreach ((string theirs, string ours) in tied ? [("model.embed_tokens.weight", Embedding)] : ((string, string)[])[("model.embed_tokens.weight", Embedding), (Head, Head)])
        {
            float[][] before = Rows(source, theirs), after = Rows(temporary["out"], ours);
            Assert.Equal(1088, after.Length);
            Assert.Equal(before.Take(FirstId), after.Take(FirstId));
            for (int d = 0; d < 64; d++)
            {
                double mean = before.Take(FirstId).Average(row => (double)row[d]);
                Assert.All(after.Skip(FirstId + 38), row => Assert.Equal(mean, row[d], Math.Abs(mean) / 128));   // bfloat16 has 8 bits
            }
        }

        using CpuBackend backend = new(1);
        using ModelFolder model = ModelFolder.Open(temporary["out"], backend);
        Assert.Equal(Enumerable.Range(FirstId, 38), model.MarkerIds);
    }

    [Fact]
    public void AVocabularyAndMergesAloneGetTheMarkersToo()
    {
        string bare = temporary.CopyOfGolden("sources", "qwen3-tiny");
        File.Delete(Path.Combine(bare, "tokenizer.json"));
        File.Delete(Path.Combine(bare, "tokenizer_config.json"));
        File.WriteAllText(Path.Combine(bare, "added_tokens.json"), "{\"<|endoftext|>\": 1000}");
        Splicer.Splice(new SpliceOptions(vision, bare, temporary["out"]));
        Assert.Equal([FirstId, FirstId + 3], TokenizerFiles.Load(temporary["out"]).Encode("<fake_token_around_image><row_1_col_2>"));
        Assert.Equal(FirstId + 1, (int)JsonNode.Parse(File.ReadAllBytes(temporary["out", "added_tokens.json"]))!["<global-img>"]!);
    }

    /// <summary>Ids that transformers' AutoProcessor gave for the same splice: scripts/make_image_tokens_golden.py.</summary>
    [Theory]
    [InlineData("tokens"), InlineData("qwen3-smvl"), InlineData("qwen")]
    public void PromptsAreTheProcessors(string layout)
    {
        Splicer.Splice(new SpliceOptions(vision, text, temporary["out"]) { Layout = ImageLayout.OfName(layout)! });
        using CpuBackend backend = new(1);
        using ModelFolder model = ModelFolder.Open(temporary["out"], backend);
        JsonElement golden = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(Golden.Root, "tests", "Smvl.Tests", "Models", "data", "image-tokens.json"))).RootElement;
        Assert.True(golden.GetProperty(layout).GetArrayLength() > 3);
        foreach (JsonElement prompt in golden.GetProperty(layout).EnumerateArray())
        {
            (int Width, int Height)[] sizes = [.. prompt.GetProperty("sizes").EnumerateArray().Select(size => (size[0].GetInt32(), size[1].GetInt32()))];
            ImageGrid[] grids = [.. sizes.Select(size => model.Images.Plan(size.Width, size.Height)).Select(plan => new ImageGrid(plan.Rows, plan.Cols))];
            ChatMessage message = new("user", [.. sizes.Select(_ => ContentPart.Image), new ContentPart(prompt.GetProperty("question").GetString()!)]);
            Assert.Equal(prompt.GetProperty("ids").EnumerateArray().Select(id => id.GetInt32()), model.Prompts.Chat([message], grids, enableThinking: false));
        }
    }

    [Fact]
    public void LlamaCppFindsTheMarkersInTheVocabulary()
    {
        string source = temporary.CopyOfGolden("sources", "qwen3-tiny");
        ExportableFolder.Change(source, "tokenizer.json", ExportableFolder.AddBreaks);
        Splicer.Splice(new SpliceOptions(vision, source, temporary["model"]));
        GgufPaths paths = GgufExporter.Export(new GgufExportOptions(temporary["model"], temporary["out"], FileType.F32));
        using (GgufFile file = GgufFile.Open(paths.Text))
        {
            BpeTokenizer tokenizer = TokenizerFiles.Load(temporary["model"]);
            IReadOnlyList<int> types = file.Metadata.Ints("tokenizer.ggml.token_type");
            Assert.All(ImageLayout.MarkersFor(2), marker => Assert.Equal((int)GgufTokenType.Control, types[tokenizer.TokenToId(marker)!.Value]));
            string all = string.Concat(ImageLayout.MarkersFor(2));
            Assert.Equal(tokenizer.Encode(all), GgufTokenizer.Read(file.Metadata).Encode(all));
        }

        Splicer.Splice(new SpliceOptions(vision, source, temporary["smvl"]) { Layout = ImageLayout.Qwen3Smvl });
        Assert.Contains(
            "<vision_start> is no token of its own",
            Assert.Throws<SmvlException>(() => GgufExporter.Export(new GgufExportOptions(temporary["smvl"], temporary["none"], FileType.F32))).Message);
    }

    /// <summary>The gradient of a row is that of the same row where the whole matrix is trained, which the fixtures' reference computed.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void RowsGetTheirShareOfTheWholeGradient(bool tied)
    {
        Splicer.Splice(new SpliceOptions(vision, tied ? text : UntiedText(), temporary["out"]));
        using CpuBackend backend = new(2);
        using ModelFolder rows = ModelFolder.Open(temporary["out"], backend), whole = ModelFolder.Open(temporary["out"], backend);
        rows.Model.TrainRows(rows.MarkerIds, _ => true);
        whole.Model.Unfreeze(parameter => parameter.Name is "text.embedding" or "head");
        int[] ids = [1001, 3, FirstId, FirstId + 2, 5, FirstId, FirstId + 1, FirstId, 7];
        double[] losses = [.. ((ModelFolder[])[rows, whole]).Select(model =>
        {
            // one marker is predicted too, others are only read
            using Batch batch = new([new Sample(ids, [.. ids.Select((id, t) => t is 3 or 8 ? id : Batch.Ignored)], new NativeBytes(0), 0)], model.Prompts.ImageTokenId);
            return model.Model.LossAndGradients(batch, 0.5);
        })];
        Assert.Equal(losses[1], losses[0]);
        Parameter[] trained = [.. rows.Model.Trained];
        Assert.Equal(tied ? ["text.embedding.rows"] : ["text.embedding.rows", "head.rows"], trained.Select(part => part.Name));
        foreach (Parameter part in trained)
        {
            Parameter matrix = whole.Model.Parameters.Single(parameter => part.Name == parameter.Name + ".rows");
            for (int i = 0; i < Markers; i++)
            {
                float[] expected = matrix.Gradient!.Slice(FirstId + i, 1).Span<float>().ToArray();
                Approx.Equal(expected, part.Gradient!.Slice(i, 1).Span<float>(), $"{part.Name} {i}", 1e-5, 1e-9);
            }

            Assert.True(backend.SumOfSquares(part.Gradient!) > 0, part.Name);
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void TrainingChangesTheConnectorAndTheMarkersRowsOnly(bool tied)
    {
        Splicer.Splice(new SpliceOptions(vision, tied ? text : UntiedText(), temporary["model"]));
        RecordingObserver observer = new();
        RunFixture.Run(Keys("run", "--max_steps", "3"), observer);
        Assert.Equal(
            [$"{Connector}  [64, 768]", $"{Embedding}.rows  [6, 64]", .. tied ? [] : new[] { $"{Head}.rows  [6, 64]" }],
            observer.Trainable.Select(line => string.Join("  ", line.Split("  ")[..2])));
        Dictionary<string, byte[]> before = RunFixture.Weights(temporary["model"]), after = RunFixture.Weights(temporary["run"]);
        Assert.Equal(before.Keys.Order(), after.Keys.Order());
        foreach ((string name, byte[] bytes) in before)
        {
            if (name is Embedding or Head)
            {
                const int rowBytes = 64 * 2;
                int[] changed = [.. Enumerable.Range(0, bytes.Length / rowBytes)
                    .Where(row => !bytes.AsSpan(row * rowBytes, rowBytes).SequenceEqual(after[name].AsSpan(row * rowBytes, rowBytes)))];
                Assert.Equal(bytes.Length, after[name].Length);
                Assert.Equal(Enumerable.Range(FirstId, Markers), changed);
            }
            else
            {
                Assert.Equal(name != Connector, bytes.AsSpan().SequenceEqual(after[name]));
            }
        }
    }

    /// <summary>The trained rows go into the adapter, and from there, in their matrices' type, into the merged model.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void RowsAreTrainedBesideAdapters(bool tied)
    {
        Splicer.Splice(new SpliceOptions(vision, tied ? text : UntiedText(), temporary["model"]));
        RunFixture.Run(Keys("run", "--max_steps", "3", "--lora_r", "2"));
        string[] matrices = tied ? [Embedding] : [Embedding, Head];
        using (SafetensorsFile adapter = SafetensorsFile.Open(temporary["run", AdapterFolder.WeightsName]))
        {
            Assert.Equal(
                [.. matrices.Select(name => $"base_model.model.{name[..^".weight".Length]}.token_adapter.trainable_tokens_delta F32[6, 64]").Append($"base_model.model.{Connector} F32[64, 768]").Order()],
                adapter.Tensors.Where(pair => !pair.Key.Contains("lora_", StringComparison.Ordinal)).Select(pair => $"{pair.Key} {pair.Value}").Order());
        }

        JsonNode config = JsonNode.Parse(File.ReadAllBytes(temporary["run", AdapterFolder.ConfigName]))!;
        Assert.Equal([Connector[..^".weight".Length]], config["modules_to_save"]!.AsArray().Select(name => (string)name!));
        Assert.Equal(matrices.Select(name => name[..^".weight".Length]), config["trainable_token_indices"]!.AsObject().Select(pair => pair.Key));
        Assert.All(config["trainable_token_indices"]!.AsObject(), pair => Assert.Equal(Enumerable.Range(FirstId, Markers), pair.Value!.AsArray().Select(id => (int)id!)));
        AdapterMerger.Merge(temporary["model"], temporary["run"], temporary["merged"], new CpuBackend(1));
        Dictionary<string, byte[]> before = RunFixture.Weights(temporary["model"]), after = RunFixture.Weights(temporary["merged"]);
        foreach (string name in matrices)
        {
            const int rowBytes = 64 * 2;
            int[] changed = [.. Enumerable.Range(0, before[name].Length / rowBytes)
                .Where(row => !before[name].AsSpan(row * rowBytes, rowBytes).SequenceEqual(after[name].AsSpan(row * rowBytes, rowBytes)))];
            Assert.Equal(before[name].Length, after[name].Length);
            Assert.Equal(Enumerable.Range(FirstId, Markers), changed);
        }

        if (tied)
        {
            OtherFormsAreReadOrRefused(after);
        }

        // and not where they are to stay frozen
        RecordingObserver observer = new();
        RunFixture.Run(Keys("frozen", "--max_steps", "1", "--lora_r", "2", "--freeze_parameters", "*"), observer);
        Assert.DoesNotContain(observer.Trainable, line => line.Contains(".rows", StringComparison.Ordinal));
    }

    /// <summary>PEFT's list, which is of the embedding; ids that do not fit; rows that are missing.</summary>
    private void OtherFormsAreReadOrRefused(Dictionary<string, byte[]> merged)
    {
        void Write(JsonNode? ids) => GoldenCopy.Edit(temporary["run", AdapterFolder.ConfigName], root => root["trainable_token_indices"] = ids);
        string Error() => Assert.Throws<SmvlException>(() => AdapterMerger.Merge(temporary["model"], temporary["run"], temporary["wrong"], new CpuBackend(1))).Message;

        int[] ids = [.. Enumerable.Range(FirstId, Markers)];
        Write(new JsonArray([.. ids.Select(id => JsonValue.Create(id))]));
        AdapterMerger.Merge(temporary["model"], temporary["run"], temporary["list"], new CpuBackend(1));
        Assert.Equal(merged[Embedding], RunFixture.Weights(temporary["list"])[Embedding]);
        Write(new JsonObject { ["embed_tokens"] = new JsonArray([.. ids.Select(id => JsonValue.Create(id + 99))]) });
        Assert.Contains("a token that the model does not have", Error(), StringComparison.Ordinal);
        Write(new JsonObject { ["embed_tokens"] = new JsonArray(1, 2) });
        Assert.Contains("expected [2, 64]", Error(), StringComparison.Ordinal);
        Write(null);
        Assert.Contains("belongs to no part of the model", Error(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData]
    [InlineData("--lora_r", "2", "--lora_dropout", "0.2")]
    [InlineData("--lora_r", "2", "--use_ema", "true", "--ema_decay", "0.9", "--bf16", "true")]
    public void AnInterruptedRunContinuesBitForBit(params string[] more)
    {
        Splicer.Splice(new SpliceOptions(vision, text, temporary["model"]));
        RecordingObserver whole = new();
        RunFixture.Run(Keys("whole", ["--max_steps", "6", .. more]), whole);
        using CancellationTokenSource stop = new();
        RecordingObserver first = new()
        {
            AtStep = step =>
            {
                if (step == 3)
                {
                    stop.Cancel();
                }
            },
        };
        Assert.True(RunFixture.Run(Keys("parts", ["--max_steps", "6", .. more]), first, threads: 1, cancellation: stop.Token).Interrupted);
        RecordingObserver second = new();
        RunFixture.Run(Keys("parts", ["--max_steps", "6", .. more]), second);
        Assert.Equal(whole.Steps.Select(step => step.Loss), first.Steps.Concat(second.Steps).Select(step => step.Loss));
        string weights = more.Length > 0 ? AdapterFolder.WeightsName : "model.safetensors";
        Assert.Equal(File.ReadAllBytes(temporary["whole", weights]), File.ReadAllBytes(temporary["parts", weights]));
    }

    [Fact]
    public void EverythingTrainedTrainsTheMarkersWithTheRest()
    {
        Splicer.Splice(new SpliceOptions(vision, text, temporary["model"]));
        RecordingObserver observer = new();
        RunFixture.Run(Keys("run", "--max_steps", "1", "--freeze", "full"), observer);
        Assert.DoesNotContain(observer.Trainable, name => name.Contains(".rows", StringComparison.Ordinal));
        Assert.Contains(observer.Trainable, name => name.StartsWith(Embedding, StringComparison.Ordinal));
    }

    [Fact]
    public void AnotherLayoutThanTheModelsIsRefused()
    {
        string message = Assert.Throws<SmvlException>(() => RunFixture.Run(RunFixture.Keys(temporary["run"], "--image_layout", "tokens"))).Message;
        Assert.Contains("spliced with another image layout", message);
        Assert.Contains("expected qwen, as ", message);
        Assert.Contains("actual tokens", message);
        Assert.False(Directory.Exists(temporary["run"]));
        RunFixture.Run(RunFixture.Keys(temporary["run"], "--image_layout", "qwen", "--max_steps", "1", "--save_strategy", "no"));
    }

    private List<string> Keys(string output, params string[] more)
    {
        List<string> keys = RunFixture.Keys(
            temporary[output], ["--eval_rows", "0", "--learning_rate", "1e-2", "--per_device_train_batch_size", "2", .. more]);
        keys[1] = temporary["model"];
        return keys;
    }

    /// <summary>The vision source with pictures cut into up to 6 x 6 tiles.</summary>
    private string FineGrid()
    {
        string copy = temporary.CopyOfGolden("sources", "smolvlm2-tiny");
        GoldenCopy.Edit(Path.Combine(copy, "preprocessor_config.json"), root => root["size"] = new JsonObject { ["longest_edge"] = 6 * 64 });
        return copy;
    }

    /// <summary>The text source with a head of its own: the embedding's rows backwards.</summary>
    private string UntiedText()
    {
        string untied = temporary.CopyOfGolden("sources", "qwen3-tiny");
        GoldenCopy.Edit(Path.Combine(untied, "config.json"), root => root["tie_word_embeddings"] = false);
        using CheckpointFolder source = CheckpointFolder.Open(text);
        Tensor embedding = source.Tensors["model.embed_tokens.weight"];
        ushort[] backwards = [.. embedding.Span<ushort>().ToArray().Chunk(64).Reverse().SelectMany(row => row)];
        CheckpointWriter.Write(untied, [
            .. source.Tensors.Select(pair => TensorSource.From(pair.Key, pair.Value)),
            new TensorSource(Head, DType.BF16, embedding.Shape, stream => stream.Write(MemoryMarshal.AsBytes<ushort>(backwards)))]);
        return untied;
    }

    private static float[][] Rows(string folder, string name) =>
        [.. MemoryMarshal.Cast<byte, ushort>(Bytes(folder, name)).ToArray().Select(half => BitConverter.UInt32BitsToSingle((uint)half << 16)).Chunk(64)];

    private static byte[] Bytes(string folder, string name) => RunFixture.Weights(folder)[name];
}
