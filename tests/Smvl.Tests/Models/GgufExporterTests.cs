using Smvl.Formats.Gguf;
using Smvl.Images;
using Smvl.Inference;
using Smvl.Models;
using Smvl.Tensors;
using Smvl.Tensors.Cpu;
using Smvl.Tensors.Quantization;
using Smvl.Text;

namespace Smvl.Tests.Models;

public sealed class GgufExporterTests : IDisposable
{
    private readonly TemporaryFolder temporary = new();
    private readonly CpuBackend backend = new(2);

    public void Dispose()
    {
        backend.Dispose();
        temporary.Dispose();
    }

    [Fact]
    public void TheFilesHoldExactlyTheKeysThatLlamaCppReads()
    {
        GgufPaths paths = Export(FileType.F32);
        Assert.Equal(temporary["out", "model-F32.gguf"], paths.Text);
        Assert.Equal(temporary["out", "mmproj-model-F32.gguf"], paths.Projector);
        using GgufFile text = GgufFile.Open(paths.Text), projector = GgufFile.Open(paths.Projector);
        GgufMetadata keys = text.Metadata;
        Assert.Equal(
            [
                "general.architecture qwen3", "general.type model", "general.name model", "general.file_type 0", "qwen3.block_count 3", "qwen3.context_length 4096",
                "qwen3.embedding_length 64", "qwen3.feed_forward_length 160", "qwen3.attention.head_count 4", "qwen3.attention.head_count_kv 2",
                "qwen3.attention.key_length 32", "qwen3.attention.value_length 32", "qwen3.attention.layer_norm_rms_epsilon 1E-06", "qwen3.rope.freq_base 1000000",
                "qwen3.vocab_size 1056", "tokenizer.ggml.model gpt2", "tokenizer.ggml.pre qwen2", "tokenizer.ggml.tokens", "tokenizer.ggml.token_type", "tokenizer.ggml.merges",
                "tokenizer.ggml.eos_token_id 1002", "tokenizer.ggml.bos_token_id 1000", "tokenizer.ggml.padding_token_id 1000", "tokenizer.ggml.add_bos_token False", "tokenizer.chat_template",
            ],
            keys.Keys.Select(key => Described(keys, key)));
        Assert.Equal(ChatTemplate.Jinja, keys.Text("tokenizer.chat_template"));
        keys = projector.Metadata;
        Assert.Equal(
            [
                "general.architecture clip", "general.type mmproj", "general.name model", "general.file_type 0", "clip.has_vision_encoder True", "clip.projector_type idefics3",
                "clip.use_gelu True", "clip.vision.image_size 64", "clip.vision.patch_size 8", "clip.vision.embedding_length 48", "clip.vision.feed_forward_length 96",
                "clip.vision.block_count 2", "clip.vision.attention.head_count 3", "clip.vision.attention.layer_norm_epsilon 1E-06", "clip.vision.projection_dim 64",
                "clip.vision.projector.scale_factor 4", "clip.vision.image_mean", "clip.vision.image_std", "clip.vision.preproc_image_size 128",
            ],
            keys.Keys.Select(key => Described(keys, key)));
        Assert.Equal([0.5f, 0.5f, 0.5f], keys.Floats("clip.vision.image_mean"));
    }

    [Fact]
    public void TheVocabularyIsListedAsLlamaCppLooksItUp()
    {
        BpeTokenizer tokenizer = TokenizerFiles.Load(ExportableFolder.Make(temporary));
        GgufVocabulary vocabulary = GgufVocabulary.Of(tokenizer, ImageLayout.Qwen, 1056, "x");
        int start = tokenizer.TokenToId("<|vision_start|>")!.Value, pad = tokenizer.TokenToId("<|vision_pad|>")!.Value;
        Assert.Equal(("<fake_token_around_image>", 3), (vocabulary.Tokens[start], vocabulary.Types[start]));
        Assert.Equal(("<global-img>", 3), (vocabulary.Tokens[pad], vocabulary.Types[pad]));
        Assert.Equal(("ĊĊ", 1), (vocabulary.Tokens[ExportableFolder.BreaksId], vocabulary.Types[ExportableFolder.BreaksId]));
        Assert.Equal(("[PAD1055]", 5), (vocabulary.Tokens[1055], vocabulary.Types[1055]));
        Assert.Equal(4, vocabulary.Types[tokenizer.TokenToId("<think>")!.Value]);
        Assert.Equal(3, vocabulary.Types[tokenizer.TokenToId("<|im_end|>")!.Value]);
        Assert.Equal(3, vocabulary.Types[tokenizer.TokenToId("<|fim_pad|>")!.Value]);   // by its looks
        Assert.Equal(1056, vocabulary.Tokens.Distinct().Count());
        Assert.Equal("Ċ Ċ", vocabulary.Merges[^1]);
    }

    [Theory]
    [InlineData("f32", 0)]
    [InlineData("f16", 0.02)]
    [InlineData("q8_0", 0.5)]
    [InlineData("q4_0", 4)]
    public void WhatIsWrittenAnswersAsTheFolder(string type, double bound)
    {
        TokenDivergence? found = null;
        var shares = new List<double>();
        var options = new GgufExportOptions(ExportableFolder.Make(temporary), temporary["out"], FileType.Find(type)!) { Threads = 2 };
        GgufExporter.Export(options, (source, paths) => found = GgufVerifier.Verify(source, paths, options, shares.Add));

        // three texts and a picture, each with sixteen tokens of an answer
        Assert.True(found!.Positions > 4 * 16, $"{found.Positions} positions");
        Assert.InRange(found.LargestDifference, 0, bound);
        Assert.True(type != "f32" || found.Agreement == 1);
        Assert.Equal(1, shares[^1]);
        Assert.Equal(shares.Order(), shares);
    }

    [Fact]
    public void WithoutTilesAPictureIsOneTileAndTheOverviewWhateverItsSize()
    {
        using GgufFile off = GgufFile.Open(Export(FileType.F32, options => options with { Tiles = false, ProjectorType = FileType.F16 }).Projector);
        int tile = off.Metadata.Int("clip.vision.image_size");
        Assert.Equal(tile, off.Metadata.Int("clip.vision.preproc_image_size"));
        Assert.Equal(2, new MtmdImageProcessor(tile, tile).Process(new RgbImage(300, 100, new byte[300 * 100 * 3])).TileCount);
        Assert.Equal(DType.F16, off.Tensors["v.blk.0.ffn_up.weight"].DType);
        Assert.Equal(DType.F32, off.Tensors["v.patch_embd.weight"].DType);
        Assert.Equal(DType.F32, off.Tensors["v.blk.0.ffn_up.bias"].DType);
    }

    [Fact]
    public void AFailedCheckLeavesWhatWasThere()
    {
        Directory.CreateDirectory(temporary["out"]);
        File.WriteAllText(temporary["out", "model-F32.gguf"], "an older one");
        Assert.Throws<SmvlException>(() => Export(FileType.F32, options => options with { Replace = true }, (_, _) => throw new SmvlException("no")));
        Assert.Equal(["model-F32.gguf"], Directory.EnumerateFileSystemEntries(temporary["out"]).Select(Path.GetFileName));
        Assert.Equal("an older one", File.ReadAllText(temporary["out", "model-F32.gguf"]));
        Assert.Contains("--force", Refusal(FileType.F32).Message, StringComparison.Ordinal);
        Export(FileType.F32, options => options with { Replace = true });
        Assert.Equal(2, Directory.EnumerateFileSystemEntries(temporary["out"]).Count());
    }

    [Fact]
    public void AFailedCheckLeavesNoFolder()
    {
        Assert.Throws<SmvlException>(() => Export(FileType.F32, check: (_, _) => throw new SmvlException("no")));
        Assert.False(Directory.Exists(temporary["out"]));
    }

    [Theory]
    [InlineData("blk.1.ffn_down.weight", "tensor blk.1.ffn_down.weight is not its source")]
    [InlineData("v.blk.1.ln2.bias", "tensor v.blk.1.ln2.bias is not its source")]
    public void AnotherWeightIsFound(string tensor, string problem) => Mismatch(
        paths =>
        {
            string path = tensor.StartsWith('v') ? paths.Projector : paths.Text;
            long offset;
            using (GgufFile file = GgufFile.Open(path))
            {
                offset = file.Tensors[tensor].ByteOffset;
            }

            Change(path, bytes => bytes[offset + 2] ^= 1);
        },
        problem);

    [Theory]
    [InlineData("qwen3.rope.freq_base", 2, "extents or special ids are not the source's")]
    [InlineData("tokenizer.ggml.eos_token_id", 0, "the end token is not the source's")]
    [InlineData("tokenizer.ggml.bos_token_id", 0, "extents or special ids are not the source's")]
    public void AnotherValueIsFound(string key, int at, string problem) => Mismatch(
        paths => Change(paths.Text, bytes => bytes[bytes.AsSpan().IndexOf(System.Text.Encoding.UTF8.GetBytes(key)) + key.Length + sizeof(uint) + at] ^= 1), problem);

    [Fact]
    public void AnotherTokenIsFound() => Mismatch(
        paths => Change(paths.Text, bytes => bytes[bytes.AsSpan().IndexOf("<tool_response>"u8) + 1] ^= 1), "is not the source's (expected '<tool_response>'");

    [Fact]
    public void AnotherActivationOfThePixelsIsFoundInTheAnswers() => Mismatch(
        paths => Change(paths.Projector, bytes => bytes[bytes.AsSpan().IndexOf("clip.vision.image_mean"u8) + 22 + 4 + 12 + 3] ^= 0x80),
        "the written model answers otherwise than its source");

    [Fact]
    public void AVocabularyWithoutBreaksIsRefused() =>
        Assert.StartsWith($"{Golden.Path("spliced")}: the vocabulary has no token for \"\\n\\n\"", Refusal(FileType.F32, Golden.Path("spliced")).Message);

    [Fact]
    public void MarkersThatAreNoTokensAreRefused()
    {
        string folder = ExportableFolder.Make(temporary);
        ExportableFolder.Change(folder, "tokenizer_config.json", root =>
        {
            root["image_token"] = "<|image_pad|>";
            root["fake_image_token"] = "<vision_start>";
            root["global_image_token"] = "<|vision_pad|>";
        });
        Assert.StartsWith($"{folder}: the image marker <vision_start> is no token of its own", Refusal(FileType.F32, folder).Message);
    }

    [Fact]
    public void AMarkersNameThatAnotherTokenHasIsRefused()
    {
        string folder = ExportableFolder.Make(temporary);
        ExportableFolder.Change(folder, "tokenizer.json", root => root["model"]!["vocab"]!["<global-img>"] = 1041);
        Assert.StartsWith($"{folder}: the vocabulary has <global-img>, but the image layout uses another token", Refusal(FileType.F32, folder).Message);
    }

    [Fact]
    public void WordsThatAreTakenWholeAreRefused()
    {
        string folder = ExportableFolder.Make(temporary);
        ExportableFolder.Change(folder, "tokenizer.json", root => root["model"]!["ignore_merges"] = true);
        Assert.StartsWith($"{folder}: the tokenizer takes words that are tokens whole", Refusal(FileType.F32, folder).Message);
    }

    [Fact]
    public void PixelsPreparedOtherwiseAreRefused()
    {
        string folder = ExportableFolder.Make(temporary);
        ExportableFolder.Change(folder, "preprocessor_config.json", root => root["do_normalize"] = false);
        Assert.StartsWith($"{folder}: pixels are prepared otherwise than llama.cpp does", Refusal(FileType.F32, folder).Message);
    }

    [Fact]
    public void RowsThatAreNoWholeBlocksAreRefused()
    {
        Assert.Contains("cannot be stored as q4_k_m", Refusal(FileType.Q4_K_M).Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(temporary["out"]));
    }

    private static string Described(GgufMetadata keys, string key) => key switch
    {
        "tokenizer.ggml.tokens" or "tokenizer.ggml.token_type" or "tokenizer.ggml.merges" or "tokenizer.chat_template" or "clip.vision.image_mean" or "clip.vision.image_std" => key,
        _ when Record.Exception(() => keys.Text(key)) is null => $"{key} {keys.Text(key)}",
        _ when Record.Exception(() => keys.Bool(key)) is null => $"{key} {keys.Bool(key)}",
        _ when Record.Exception(() => keys.Float(key)) is null => FormattableString.Invariant($"{key} {keys.Float(key)}"),
        _ => $"{key} {keys.Int(key)}",
    };

    private static void Change(string path, Action<byte[]> change)
    {
        byte[] bytes = File.ReadAllBytes(path);
        change(bytes);
        File.WriteAllBytes(path, bytes);
    }

    private void Mismatch(Action<GgufPaths> damage, string problem)
    {
        GgufExportOptions options = Options(FileType.F32, ExportableFolder.Make(temporary));
        string refusal = Assert.Throws<SmvlException>(() => GgufExporter.Export(options, (source, paths) =>
        {
            damage(paths);
            GgufVerifier.Verify(source, paths, options);
        })).Message;
        Assert.Contains(problem, refusal, StringComparison.Ordinal);
        Assert.False(Directory.Exists(temporary["out"]));
    }

    private SmvlException Refusal(FileType type, string? folder = null) =>
        Assert.Throws<SmvlException>(() => GgufExporter.Export(Options(type, folder ?? ExportableFolder.Make(temporary))));

    private GgufPaths Export(
        FileType type, Func<GgufExportOptions, GgufExportOptions>? change = null, Action<ModelFolder, GgufPaths>? check = null)
    {
        GgufExportOptions options = Options(type, ExportableFolder.Make(temporary));
        return GgufExporter.Export(change?.Invoke(options) ?? options, check);
    }

    private GgufExportOptions Options(FileType type, string folder) => new(folder, temporary["out"], type) { Threads = 2 };
}
