using System.Text.Json.Nodes;
using Smvl.Formats;
using Smvl.Models;
using Smvl.Tensors;

namespace Smvl.Tests.Formats;

public sealed class ConfigFileTests : IDisposable
{
    private readonly TemporaryFolder temporary = new();

    public void Dispose() => temporary.Dispose();

    [Theory]
    [Trait("Category", Golden.Category)]
    [InlineData(CheckpointKind.Qwen3, "sources", "qwen3-tiny")]
    [InlineData(CheckpointKind.SmolVlm, "sources", "smolvlm2-tiny")]
    [InlineData(CheckpointKind.Spliced, "spliced")]
    public void TheKindIsSeen(CheckpointKind kind, params string[] parts) => Assert.Equal(kind, ConfigFile.Kind(Golden.Path(parts)));

    [Fact]
    [Trait("Category", Golden.Category)]
    public void TheOldAndTheNewSpellingAgree()
    {
        // the source is written as transformers 4 does, the splice as transformers 5
        ModelConfig spliced = ConfigFile.ReadModel(Golden.Path("spliced"));
        Assert.Equivalent(ConfigFile.ReadTextSource(Golden.Path("sources", "qwen3-tiny")), spliced.Text, strict: true);
        Assert.Equal(ConfigFile.ReadVisionSource(Golden.Path("sources", "smolvlm2-tiny")), new VisionSourceConfig(spliced.Vision, spliced.ScaleFactor));
    }

    [Fact]
    [Trait("Category", Golden.Category)]
    public void WhatIsWrittenIsReadAndSaysNothingElseThanTransformers()
    {
        ModelConfig config = ConfigFile.ReadModel(Golden.Path("spliced"));
        ConfigWriter.Write(temporary.Path, config, DType.F32);
        Assert.Equivalent(config, ConfigFile.ReadModel(temporary.Path), strict: true);
        Contains(Node(Golden.Path("spliced", "config.json")), Node(temporary["config.json"]), "");
    }

    [Fact]
    public void DefaultsAreTheClasses()
    {
        Presets.WriteFiles("smolvlm2-256m", temporary.Path);
        (VisionConfig vision, int scale) = ConfigFile.ReadVisionSource(temporary.Path);
        Assert.Equal((12, 3072, 1e-6, 32, 4), (vision.LayerCount, vision.IntermediateSize, vision.LayerNormEpsilon, vision.GridSize, scale));

        Config("""{"model_type":"qwen3"}""");
        TextConfig text = ConfigFile.ReadTextSource(temporary.Path);
        Assert.Equal((4096, 22016, 32, 32, 32, 128), (text.HiddenSize, text.IntermediateSize, text.LayerCount, text.HeadCount, text.KeyValueHeadCount, text.HeadSize));
        Assert.Equal((151936, 1e-6, 10000, 32768, false), (text.VocabularySize, text.RmsNormEpsilon, text.RopeTheta, text.MaxPositions, text.TieWordEmbeddings));

        Config("""{"model_type":"idefics3","scale_factor":7,"vision_config":{}}""");
        (vision, scale) = ConfigFile.ReadVisionSource(temporary.Path);
        Assert.Equal((1152, 16, 224, 32, 7), (vision.HiddenSize, vision.HeadCount, vision.ImageSize, vision.PatchSize, scale));
    }

    [Fact]
    public void TheLargestTowerIsRead()
    {
        // SmolVLM2-2.2B: 384 pixels are 27 patches of 14 and 6 pixels that no patch holds
        Config("""
            {"model_type":"smolvlm","scale_factor":3,"vision_config":
             {"hidden_size":1152,"image_size":384,"intermediate_size":4304,"num_hidden_layers":27,"patch_size":14}}
            """);
        (VisionConfig vision, int scale) = ConfigFile.ReadVisionSource(temporary.Path);
        Assert.Equal((27, 729, 3), (vision.GridSize, vision.PatchCount, scale));
    }

    [Theory]
    [InlineData("""{"rope_theta":5000000,"rope_scaling":null}""", 5e6)]
    [InlineData("""{"rope_theta":5000000.0,"rope_scaling":{"rope_type":"default"}}""", 5e6)]
    [InlineData("""{"rope_parameters":{"rope_theta":5000000,"rope_type":"default"}}""", 5e6)]
    [InlineData("""{"rope_theta":5000000,"rope_parameters":{"type":"default"}}""", 5e6)]
    [InlineData("""{"num_key_value_heads":null,"use_sliding_window":true,"sliding_window":null}""", 10000)]
    [InlineData("""{"use_sliding_window":true,"max_window_layers":32}""", 10000)]
    [InlineData("""{"layer_types":["full_attention"],"use_sliding_window":true,"unknown":{"a":[]}}""", 10000)]
    public void WhatIsPlainIsAccepted(string keys, double theta)
    {
        Config(Qwen3(keys));
        Assert.Equal(theta, ConfigFile.ReadTextSource(temporary.Path).RopeTheta);
    }

    [Theory]
    [InlineData("""{"rope_scaling":{"rope_type":"yarn","factor":4.0}}""", "rope_scaling is not supported (expected the default rotary positions, actual yarn)")]
    [InlineData("""{"rope_scaling":{"type":"linear","factor":2}}""", "rope_scaling")]
    [InlineData("""{"rope_parameters":{"rope_type":"llama3","rope_theta":1}}""", "rope_parameters")]
    [InlineData("""{"rope_parameters":{"full_attention":{"rope_theta":1}}}""", "one per layer type")]
    [InlineData("""{"rope_parameters":{"rope_theta":1,"partial_rotary_factor":0.5}}""", "partial_rotary_factor")]
    [InlineData("""{"partial_rotary_factor":0.5}""", "partial_rotary_factor")]
    [InlineData("""{"rope_theta":0}""", "rope_theta")]
    [InlineData("""{"use_sliding_window":true}""", "sliding_window is not supported")]
    [InlineData("""{"layer_types":["full_attention","sliding_attention"]}""", "sliding_attention")]
    [InlineData("""{"attention_bias":true}""", "attention_bias is not supported (expected false, actual true)")]
    [InlineData("""{"attention_dropout":0.1}""", "attention_dropout")]
    [InlineData("""{"hidden_act":"gelu"}""", "hidden_act is not supported (expected silu, actual gelu)")]
    [InlineData("""{"hidden_size":"64"}""", "hidden_size has a wrong value (expected an integer, actual \"64\")")]
    [InlineData("""{"hidden_size":0}""", "hidden_size is not supported (expected a positive integer, actual 0)")]
    [InlineData("""{"hidden_size":64.5}""", "hidden_size")]
    [InlineData("""{"head_dim":33}""", "head_dim is not supported (expected an even number, actual 33)")]
    [InlineData("""{"num_key_value_heads":3}""", "num_attention_heads is not supported (expected a multiple of num_key_value_heads 3, actual 32)")]
    [InlineData("""{"eos_token_id":[1,"2"]}""", "eos_token_id has a wrong value")]
    [InlineData("""{"tie_word_embeddings":1}""", "tie_word_embeddings has a wrong value (expected true or false, actual 1)")]
    [InlineData("""{"model_type":"llama"}""", "model_type is not supported (expected qwen3, smolvlm or idefics3, actual llama)")]
    [InlineData("""{"model_type":null}""", "model_type is missing")]
    public void ATextModelThatIsNotComputedIsRefused(string keys, string problem)
    {
        Config(Qwen3(keys));
        Refused(problem, ConfigFile.ReadTextSource);
    }

    [Theory]
    [InlineData("""{"hidden_act":"gelu"}""", "vision_config.hidden_act is not supported (expected gelu_pytorch_tanh, actual gelu)")]
    [InlineData("""{"num_channels":1}""", "vision_config.num_channels")]
    [InlineData("""{"num_attention_heads":5}""", "vision_config.hidden_size is not supported (expected a multiple of num_attention_heads 5")]
    [InlineData("""{"image_size":[64,48]}""", "vision_config.image_size is not supported (expected a square of a positive edge, actual 64 x 48)")]
    [InlineData("""{"patch_size":65}""", "vision_config.patch_size")]
    [InlineData("""{"patch_size":9}""", "scale_factor is not supported (expected a divisor of the patch grid's edge 7, actual 4)")]
    [InlineData("""{"attention_dropout":0.5}""", "vision_config.attention_dropout")]
    public void ATowerThatIsNotComputedIsRefused(string keys, string problem)
    {
        string copy = temporary.CopyOfGolden("sources", "smolvlm2-tiny");
        GoldenCopy.Edit(Path.Combine(copy, "config.json"), root => Merge(root["vision_config"]!.AsObject(), keys));
        Assert.Contains(problem, Assert.Throws<SmvlException>(() => ConfigFile.ReadVisionSource(copy)).Message);
    }

    [Fact]
    public void AnImageTokenBehindTheVocabularyIsRefused()
    {
        string copy = temporary.CopyOfGolden("spliced");
        GoldenCopy.Edit(Path.Combine(copy, "config.json"), root => root["image_token_id"] = (int)root["text_config"]!["vocab_size"]!);
        Assert.Contains("image_token_id", Assert.Throws<SmvlException>(() => ConfigFile.ReadModel(copy)).Message);
    }

    [Fact]
    public void AnotherKindOfFolderIsRefused()
    {
        Assert.Contains("not a text model", Assert.Throws<SmvlException>(() => ConfigFile.ReadTextSource(Golden.Path("sources", "smolvlm2-tiny"))).Message);
        Assert.Contains("no vision tower", Assert.Throws<SmvlException>(() => ConfigFile.ReadVisionSource(Golden.Path("sources", "qwen3-tiny"))).Message);
        Assert.Contains("smvl splice", Assert.Throws<SmvlException>(() => ConfigFile.ReadModel(Golden.Path("sources", "qwen3-tiny"))).Message);
    }

    [Theory]
    [InlineData("{", "not JSON")]
    [InlineData("[]", "not a JSON object")]
    public void AFileThatIsNoObjectIsRefused(string text, string problem)
    {
        Config(text);
        Refused(problem, ConfigFile.ReadTextSource);
    }

    [Fact]
    public void AMissingFileIsRefused() => Refused("no such file", ConfigFile.ReadTextSource);

    private static JsonNode Node(string path) => JsonNode.Parse(File.ReadAllBytes(path))!;

    /// <summary>Every key that was written is in the reference's file with the same value.</summary>
    private static void Contains(JsonNode expected, JsonNode? actual, string path)
    {
        foreach ((string key, JsonNode? value) in actual!.AsObject())
        {
            Assert.True(expected.AsObject().ContainsKey(key), path + key);
            if (value is JsonObject)
            {
                Contains(expected[key]!, value, $"{path}{key}.");
            }
            else
            {
                Assert.True(JsonNode.DeepEquals(expected[key], value), $"{path}{key}: {value}, expected {expected[key]}");
            }
        }
    }

    private static string Qwen3(string keys)
    {
        JsonObject root = new() { ["model_type"] = "qwen3" };
        Merge(root, keys);
        return root.ToJsonString();
    }

    private static void Merge(JsonObject root, string keys)
    {
        foreach ((string key, JsonNode? value) in JsonNode.Parse(keys)!.AsObject())
        {
            root[key] = value?.DeepClone();
        }
    }

    private void Config(string json) => File.WriteAllText(temporary["config.json"], json);

    private void Refused(string problem, Func<string, object> read)
    {
        string message = Assert.Throws<SmvlException>(() => read(temporary.Path)).Message;
        Assert.Contains(problem, message);
        Assert.StartsWith(temporary["config.json"], message);
    }
}
