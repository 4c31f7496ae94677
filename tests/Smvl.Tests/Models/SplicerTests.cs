using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using Smvl.Formats;
using Smvl.Models;
using Smvl.Tensors;
using Smvl.Text;

namespace Smvl.Tests.Models;

public sealed class SplicerTests : IDisposable
{
    private const string Connector = "model.connector.modality_projection.proj.weight";

    private readonly TemporaryFolder temporary = new();
    private readonly string vision = Golden.Path("sources", "smolvlm2-tiny");
    private readonly string text = Golden.Path("sources", "qwen3-tiny");

    public void Dispose() => temporary.Dispose();

    public static TheoryData<string> GoldenTensors()
    {
        using SafetensorsFile file = Golden.Tensors("spliced", "model.safetensors");
        return [.. file.Tensors.Keys.Where(name => name != Connector)];
    }

    [Theory]
    [Trait("Category", Golden.Category)]
    [MemberData(nameof(GoldenTensors))]
    public void EveryTensorButTheConnectorEqualsTheReferences(string name)
    {
        using CheckpointFolder spliced = CheckpointFolder.Open(SharedSplice.Folder);
        using SafetensorsFile golden = Golden.Tensors("spliced", "model.safetensors");
        Assert.Equal(golden.Tensors[name].Shape, spliced.Tensors[name].Shape);
        Assert.Equal(DType.BF16, spliced.Tensors[name].DType);
        float[] widened = [.. MemoryMarshal.Cast<byte, ushort>(Bytes(spliced.Tensors[name])).ToArray().Select(half => BitConverter.UInt32BitsToSingle((uint)half << 16))];
        Assert.Equal(Floats(golden.Tensors[name]), widened);
    }

    [Fact]
    [Trait("Category", Golden.Category)]
    public void TheFolderHoldsWhatTheReferencesDoes()
    {
        using CheckpointFolder spliced = CheckpointFolder.Open(SharedSplice.Folder);
        using SafetensorsFile golden = Golden.Tensors("spliced", "model.safetensors");
        Assert.Equal(golden.Tensors.Keys.Order(), spliced.Tensors.Keys.Order());
        Assert.Equivalent(ConfigFile.ReadModel(Golden.Path("spliced")), ConfigFile.ReadModel(SharedSplice.Folder), strict: true);
        foreach (string file in (string[])["tokenizer_config.json", "processor_config.json", "preprocessor_config.json"])
        {
            JsonNode expected = JsonNode.Parse(File.ReadAllBytes(Golden.Path("spliced", file)))!;
            Assert.True(JsonNode.DeepEquals(expected, JsonNode.Parse(File.ReadAllBytes(Path.Combine(SharedSplice.Folder, file)))), file);
        }

        Assert.Equal(File.ReadAllBytes(Path.Combine(text, "tokenizer.json")), File.ReadAllBytes(Path.Combine(SharedSplice.Folder, "tokenizer.json")));
    }

    [Fact]
    public void TheConnectorIsUniformWithinItsBound()
    {
        (Shape shape, float[] values) = ConnectorOf(SharedSplice.Folder);
        double bound = 1 / Math.Sqrt(shape.Width);
        Assert.InRange(values.Max(), 0.99 * bound, bound);
        Assert.InRange(values.Min(), -bound, -0.99 * bound);
    }

    [Fact]
    public void TheConnectorMayBeNormalAndFollowsTheSeed()
    {
        float[] Splice(string name, long seed)
        {
            Splicer.Splice(new SpliceOptions(vision, text, temporary[name]) { Connector = ConnectorInitialization.Normal, ConnectorDeviation = 0.1, Seed = seed });
            return ConnectorOf(temporary[name]).Values;
        }

        float[] first = Splice("a", 1);
        Assert.InRange(Math.Sqrt(first.Average(v => (double)v * v)), 0.098, 0.102);
        Assert.Equal(first, Splice("b", 1));
        Assert.NotEqual(first, Splice("c", 2));
    }

    [Fact]
    public void ASplicedModelGivesItsTowerAgain()
    {
        Splicer.Splice(new SpliceOptions(SharedSplice.Folder, text, temporary["again"]) { Layout = ImageLayout.Qwen });
        Assert.Equivalent(ConfigFile.ReadModel(SharedSplice.Folder), ConfigFile.ReadModel(temporary["again"]), strict: true);
        using CheckpointFolder first = CheckpointFolder.Open(SharedSplice.Folder), again = CheckpointFolder.Open(temporary["again"]);
        Assert.Equal(first.Tensors.Keys.Order(), again.Tensors.Keys.Order());
        Assert.All(first.Tensors, pair => Assert.Equal(Bytes(pair.Value), Bytes(again.Tensors[pair.Key])));   // the connector too: its seed is the same
    }

    [Fact]
    public void TheTinyBasesFitTogether()
    {
        foreach (string preset in (string[])["smolvlm-tiny-en", "qwen3-tiny-en", "qwen3-tiny-zh"])
        {
            CheckpointInitializer.Initialize(new InitializeOptions(preset, temporary[preset]));
        }

        Splicer.Splice(new SpliceOptions(temporary["smolvlm-tiny-en"], temporary["qwen3-tiny-en"], temporary["english"]));
        ModelConfig config = Splicer.Splice(new SpliceOptions(temporary["english"], temporary["qwen3-tiny-zh"], temporary["chinese"]));
        Assert.Equal(9, config.ImageSequenceLength);
        Assert.Equal(1024, config.ConnectorInputSize);
        Assert.Equal(2012, config.ImageTokenId);
    }

    [Fact]
    public void AnUntiedHeadComesAlong()
    {
        string untied = temporary.CopyOfGolden("sources", "qwen3-tiny");
        GoldenCopy.Edit(Path.Combine(untied, "config.json"), root => root["tie_word_embeddings"] = false);
        using (CheckpointFolder source = CheckpointFolder.Open(text))
        {
            Tensor embedding = source.Tensors["model.embed_tokens.weight"];
            CheckpointWriter.Write(untied, [
                .. source.Tensors.Select(pair => TensorSource.From(pair.Key, pair.Value)),
                new TensorSource("lm_head.weight", DType.BF16, embedding.Shape, stream => stream.Write(new byte[embedding.ByteLength]))]);
        }

        ModelConfig config = Splicer.Splice(new SpliceOptions(vision, untied, temporary["out"]) { Layout = ImageLayout.Qwen });
        Assert.False(config.Text.TieWordEmbeddings);
        using CheckpointFolder spliced = CheckpointFolder.Open(temporary["out"]);
        Assert.False(Bytes(spliced.Tensors["lm_head.weight"]).AsSpan().ContainsAnyExcept((byte)0));
        Assert.False(JsonDocument.Parse(File.ReadAllBytes(temporary["out", "config.json"])).RootElement.GetProperty("tie_word_embeddings").GetBoolean());
    }

    [Fact]
    public void AVocabularyAndMergesAloneAreCompleted()
    {
        string bare = temporary.CopyOfGolden("sources", "qwen3-tiny");
        File.Delete(Path.Combine(bare, "tokenizer.json"));
        File.Delete(Path.Combine(bare, "tokenizer_config.json"));
        var notices = new List<string>();
        Splicer.Splice(new SpliceOptions(vision, bare, temporary["out"]) { Layout = ImageLayout.Qwen }, notices.Add);
        Assert.Single(notices);
        Assert.Equal(ConfigFile.ReadModel(Golden.Path("spliced")).ImageTokenId, ConfigFile.ReadModel(temporary["out"]).ImageTokenId);
        JsonNode written = JsonNode.Parse(File.ReadAllBytes(temporary["out", "tokenizer_config.json"]))!;
        Assert.Equal(26, written["added_tokens_decoder"]!.AsObject().Count);
    }

    [Fact]
    public void ATextModelsChatTemplateIsLeftOut()
    {
        string source = temporary.CopyOfGolden("sources", "qwen3-tiny");
        GoldenCopy.Edit(Path.Combine(source, "tokenizer_config.json"), root => root["chat_template"] = "{{ messages }}");
        Splicer.Splice(new SpliceOptions(vision, source, temporary["out"]));
        Assert.DoesNotContain("{{ messages }}", File.ReadAllText(temporary["out", "tokenizer_config.json"]));
    }

    [Fact]
    public void ATokenizerWithoutTheImageTokenIsRefused() =>
        RefusedText("tokenizer.json", json => json.Replace("<|image_pad|>", "<|image_pat|>"), "the tokenizer lacks a token (expected <|image_pad|>");

    [Fact]
    public void ATokenizerOfAnotherModelIsRefused() =>
        RefusedText("config.json", json => json.Replace("\"eos_token_id\": 1002", "\"eos_token_id\": 1055"), "a token with id 1055");

    [Fact]
    public void ATooSmallEmbeddingIsRefused() =>
        RefusedText("config.json", json => json.Replace("\"vocab_size\": 1056", "\"vocab_size\": 1000"), "the tokenizer has more tokens than the embedding has rows");

    [Fact]
    public void WeightsThatDoNotFitTheConfigurationAreRefused() =>
        RefusedText("config.json", json => json.Replace("\"vocab_size\": 1056", "\"vocab_size\": 1100"), "has another shape than config.json says");

    [Fact]
    public void PictureSettingsOfAnotherTowerAreRefused()
    {
        string copy = temporary.CopyOfGolden("sources", "smolvlm2-tiny");
        GoldenCopy.Edit(Path.Combine(copy, "preprocessor_config.json"), root => root["max_image_size"] = new JsonObject { ["longest_edge"] = 384 });
        Refused(copy, text, "max_image_size.longest_edge 64, actual 384");
    }

    [Fact]
    public void ExchangedFoldersAreRefused() => Refused(text, vision, "no vision tower here");

    [Fact]
    public void AnOutputThatIsNotEmptyIsRefusedAndKept()
    {
        Directory.CreateDirectory(temporary["out"]);
        File.WriteAllText(temporary["out", "mine"], "");
        SmvlException e = Assert.Throws<SmvlException>(() => Splicer.Splice(new SpliceOptions(vision, text, temporary["out"])));
        Assert.Contains("the output folder is not empty", e.Message);
        Assert.Equal(["out"], Directory.EnumerateFileSystemEntries(temporary.Path).Select(Path.GetFileName));
        Assert.Single(Directory.EnumerateFileSystemEntries(temporary["out"]));
    }

    [Fact]
    public void AnInterruptedSpliceLeavesNothing()
    {
        var options = new SpliceOptions(vision, text, temporary["out"]);
        Assert.Throws<OperationCanceledException>(() => Splicer.Splice(options, cancellation: new CancellationToken(canceled: true)));
        Assert.Empty(Directory.EnumerateFileSystemEntries(temporary.Path));
    }

    private static (Shape Shape, float[] Values) ConnectorOf(string folder)
    {
        using CheckpointFolder spliced = CheckpointFolder.Open(folder);
        Tensor connector = spliced.Tensors[Connector];
        Assert.Equal(DType.F32, connector.DType);
        return (connector.Shape, Floats(connector));
    }

    private static float[] Floats(Tensor tensor) => MemoryMarshal.Cast<byte, float>(Bytes(tensor)).ToArray();

    private static byte[] Bytes(Tensor tensor)
    {
        using var stream = new MemoryStream();
        HostBytes.CopyTo(tensor, stream);
        return stream.ToArray();
    }

    private void RefusedText(string file, Func<string, string> change, string problem)
    {
        string copy = temporary.CopyOfGolden("sources", "qwen3-tiny");
        string path = Path.Combine(copy, file);
        string before = File.ReadAllText(path);
        Assert.NotEqual(before, change(before));
        File.WriteAllText(path, change(before));
        Refused(vision, copy, problem);
    }

    private void Refused(string from, string onto, string problem)
    {
        string output = temporary["refused"];
        Assert.Contains(problem, Assert.Throws<SmvlException>(() => Splicer.Splice(new SpliceOptions(from, onto, output))).Message);
        Assert.DoesNotContain(Directory.EnumerateFileSystemEntries(temporary.Path), entry => entry.StartsWith(output, StringComparison.Ordinal));
    }

    /// <summary>One splice of the fixtures for all tests that only read it.</summary>
    private static class SharedSplice
    {
        private static readonly TemporaryFolder Temporary = new();

        static SharedSplice()
        {
            AppDomain.CurrentDomain.ProcessExit += (_, _) => Temporary.Dispose();
            Splicer.Splice(new SpliceOptions(Golden.Path("sources", "smolvlm2-tiny"), Golden.Path("sources", "qwen3-tiny"), Folder) { Layout = ImageLayout.Qwen });
        }

        public static string Folder => Temporary["spliced"];
    }
}
