using System.Text;
using System.Text.Json;
using Smvl.Images;
using Smvl.Inference;
using Smvl.Models;
using Smvl.Tensors.Cpu;
using Smvl.Text;

namespace Smvl.Tests.Models;

/// <summary>GGUF files that gguf-py wrote, run beside llama.cpp's tools; and files that do not fit.</summary>
public sealed class GgufModelTests : IDisposable
{
    private static readonly string Text = MtmdGolden.Path(MtmdGolden.TextName), Projector = MtmdGolden.Path(MtmdGolden.UncutName);

    private readonly CpuBackend backend = new(2);
    private readonly TemporaryFolder temporary = new();

    public static IEnumerable<TheoryDataRow<int>> Cases() => MtmdGolden.Indices(withPicture: false);

    public void Dispose()
    {
        backend.Dispose();
        temporary.Dispose();
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void PromptAndGreedyTokensAreLlamaCpps(int index)
    {
        JsonElement golden = MtmdGolden.Cases[index];
        string? projector = MtmdGolden.Name(golden, "mmproj"), picture = MtmdGolden.Name(golden, "picture");
        using GgufModel model = GgufModel.Open(Text, projector is null ? null : MtmdGolden.Path(projector), backend);
        ChatAnswer answer = Ask(model, golden.GetProperty("question").GetString()!, picture);

        int imageToken = model.Prompts.ImageTokenId, rows = projector is null ? 0 : model.Model.Config.ImageSequenceLength;
        int[] expected = [.. golden.GetProperty("prompt").EnumerateArray().Select(id => id.GetInt32()).SelectMany(id => id == MtmdGolden.TileMark ? Enumerable.Repeat(imageToken, rows) : [id])];
        Assert.Equal(expected, answer.Prompt.Ids);
        JsonElement[] tokens = [.. golden.GetProperty("new").EnumerateArray()];
        Assert.Equal(tokens.Select(token => token.GetProperty("id").GetInt32()), answer.Tokens.Select(token => token.Id));
        foreach ((JsonElement token, GeneratedToken made) in tokens.Zip(answer.Tokens))
        {
            Assert.Equal(token.GetProperty("logprob").GetDouble(), made.LogProbability, 1e-3);
        }
    }

    [Fact]
    public void ThinkingChangesNothingWhereTheTemplateKnowsNone()
    {
        using GgufModel model = GgufModel.Open(Text, null, backend);
        using ChatSession session = new(model);
        ChatMessage[] messages = [ChatMessage.FromText("user", "hello")];
        Assert.Equal(session.Prepare(messages, [], thinking: true).Ids, session.Prepare(messages, [], thinking: false).Ids);
    }

    [Fact]
    public void APictureWithoutAProjectorSaysWhatToPass()
    {
        using GgufModel model = GgufModel.Open(Text, null, backend);
        Assert.False(model.Model.TakesPictures);
        Assert.Contains("--mmproj", Assert.Throws<SmvlException>(() => Ask(model, "hello", "5x7.png")).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("<global-img>", "<global+img>")]
    [InlineData("<fake_token_around_image>", "<fake_token_around+image>")]
    [InlineData("ĊĊ", "ĊĠ")]
    public void MarkersThatTheVocabularyLacksAreNamedWhenAPictureIsAsked(string marker, string instead)
    {
        string path = Changed(Text, marker, instead, also: marker == "ĊĊ" ? ("Ċ Ċ", "Ċ Ġ") : null);
        using GgufModel model = GgufModel.Open(path, Projector, backend);
        Assert.NotEmpty(Ask(model, "hello", picture: null).Tokens);
        SmvlException refused = Assert.Throws<SmvlException>(() => Ask(model, "hello", "5x7.png"));
        Assert.Contains(marker == "ĊĊ" ? @"no \n\n" : $"no {marker}", refused.Message, StringComparison.Ordinal);
        Assert.Equal(path, refused.Where);
    }

    [Theory]
    [InlineData("blk.1.attn_norm.weight", "blk.7.attn_norm.weight", "blk.1.attn_norm.weight")]
    [InlineData("qwen3.block_count", "qwen3.block-count", "qwen3.block_count")]
    [InlineData("tokenizer.ggml.merges", "tokenizer.ggml.murges", "tokenizer.ggml.merges")]
    [InlineData("gpt2", "bert", "tokenizer.ggml.model")]
    [InlineData("qwen2", "llama", "tokenizer.ggml.pre")]
    [InlineData("Ġa", "Ġt", "'Ġt'")]
    public void ATextFileThatDoesNotFitIsRefused(string there, string instead, string named) =>
        Refused(Changed(Text, there, instead), null, named);

    [Theory]
    [InlineData("v.post_ln.bias", "v.past_ln.bias", "v.post_ln.bias")]
    [InlineData("idefics3", "internvl", "clip.projector_type")]
    [InlineData("clip.use_gelu", "clip.use_silu", "clip.use_gelu")]
    [InlineData("clip.vision.image_std", "clip.vision.image_sdt", "clip.vision.image_std")]
    public void AProjectorThatDoesNotFitIsRefused(string there, string instead, string named) =>
        Refused(Text, Changed(Projector, there, instead), named);

    [Theory]
    [InlineData("qwen3.block_count", int.MaxValue, "block_count")]
    [InlineData("qwen3.attention.head_count", int.MaxValue - 1, "key_length")]
    [InlineData("qwen3.attention.head_count_kv", 3, "head_count_kv")]
    [InlineData("qwen3.attention.key_length", 17, "key_length")]
    [InlineData("qwen3.attention.value_length", 18, "value_length")]
    [InlineData("qwen3.embedding_length", 64, "token_embd.weight")]
    [InlineData("tokenizer.ggml.eos_token_id", 288, "eos_token_id")]
    public void AnExtentThatDoesNotFitIsRefused(string key, int value, string named) => Refused(WithNumber(Text, key, value), null, named);

    [Theory]
    [InlineData("clip.vision.projection_dim", 64)]
    [InlineData("clip.vision.block_count", int.MaxValue)]
    [InlineData("clip.vision.image_size", int.MaxValue)]
    [InlineData("clip.vision.patch_size", 33)]
    [InlineData("clip.vision.attention.head_count", 3)]
    [InlineData("clip.vision.projector.scale_factor", 3)]
    [InlineData("clip.vision.embedding_length", int.MaxValue - 1)]
    public void AProjectorsExtentThatDoesNotFitIsRefused(string key, int value) => Refused(Text, WithNumber(Projector, key, value), "clip.vision.");

    [Fact]
    public void FilesInEachOthersPlaceAreRefused()
    {
        Refused(Projector, null, "general.architecture");
        Refused(Text, Text, "general.architecture");
    }

    private static ChatAnswer Ask(GgufModel model, string question, string? picture)
    {
        using ChatSession session = new(model);
        ContentPart[] content = picture is null ? [new(question)] : [ContentPart.Image, new(question)];
        RgbImage[] pictures = picture is null ? [] : [ImageDecoder.DecodeFile(MtmdGolden.Path(picture))];
        return session.Answer(session.Prepare([new ChatMessage("user", content)], pictures, thinking: false), ChatSession.Defaults(model.Generation), 8);
    }

    /// <summary>A copy with another number under a key.</summary>
    private string WithNumber(string file, string key, int value)
    {
        byte[] bytes = File.ReadAllBytes(file);
        int at = bytes.AsSpan().IndexOf(Encoding.UTF8.GetBytes(key + "\u0004\0\0\0"));
        Assert.True(at > 0, key);
        BitConverter.TryWriteBytes(bytes.AsSpan(at + key.Length + sizeof(uint)), value);
        string path = temporary[Path.GetFileName(file)];
        File.WriteAllBytes(path, bytes);
        return path;
    }

    private void Refused(string text, string? projector, string named)
    {
        SmvlException refused = Assert.Throws<SmvlException>(() => GgufModel.Open(text, projector, backend));
        Assert.Contains(named, refused.Message, StringComparison.Ordinal);
    }

    /// <summary>A copy in which one string (or a second one too) is another of the same length, at its first place with its length before it.</summary>
    private string Changed(string file, string there, string instead, (string There, string Instead)? also = null)
    {
        byte[] bytes = File.ReadAllBytes(file);
        Replace(there, instead);
        if (also is var (second, other))
        {
            Replace(second, other);
        }

        string path = temporary[Path.GetFileName(file)];
        File.WriteAllBytes(path, bytes);
        return path;

        void Replace(string from, string to)
        {
            byte[] old = Prefixed(from), changed = Prefixed(to);
            Assert.Equal(old.Length, changed.Length);
            int at = bytes.AsSpan().IndexOf(old);
            Assert.True(at > 0, from);
            changed.CopyTo(bytes, at);
        }

        static byte[] Prefixed(string text) => [.. BitConverter.GetBytes((ulong)Encoding.UTF8.GetByteCount(text)), .. Encoding.UTF8.GetBytes(text)];
    }
}
