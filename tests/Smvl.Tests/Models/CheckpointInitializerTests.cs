using Smvl.Formats;
using Smvl.Models;
using Smvl.Tensors;
using Smvl.Text;

namespace Smvl.Tests.Models;

public sealed class CheckpointInitializerTests : IDisposable
{
    private readonly TemporaryFolder temporary = new();

    public void Dispose() => temporary.Dispose();

    [Theory]
    [InlineData("qwen3-tiny")]
    [InlineData("qwen3-tiny-en")]
    [InlineData("qwen3-tiny-en-linear")]
    [InlineData("qwen3-tiny-zh")]
    [InlineData("smolvlm-tiny-en")]
    [InlineData("smolvlm2-tiny")]
    public void ATinyPresetIsAWholeCheckpoint(string preset)
    {
        CheckpointInitializer.Initialize(new InitializeOptions(preset, temporary["a"]));
        CheckpointInfo info = CheckpointInfo.Read(temporary["a"]);
        Assert.All(info.Parts, part => Assert.Equal([DType.BF16], part.DTypes));
        Assert.Equal(0, info.Text.VocabularySize % 64);
    }

    [Theory]
    [InlineData("qwen3-tiny-en", 640)]
    [InlineData("qwen3-tiny-en-linear", 640)]
    [InlineData("qwen3-tiny-zh", 2000)]
    public void ATextBasesSpecialTokensStandBehindTheLearntOnes(string preset, int learnt)
    {
        CheckpointInitializer.Initialize(new InitializeOptions(preset, temporary["a"]));
        TextConfig text = ConfigFile.ReadTextSource(temporary["a"]);
        BpeTokenizer tokenizer = TokenizerFiles.Load(temporary["a"]);
        Assert.Equal(QwenTokens.From(learnt), tokenizer.AddedTokens);
        Assert.Equal(learnt + QwenTokens.From(learnt).Count, tokenizer.VocabularySize);
        Assert.InRange(text.VocabularySize - tokenizer.VocabularySize, 64, 512);   // rows for markers that a splice may add
        Assert.Equal(tokenizer.TokenToId(QwenTokens.EndOfText), text.BosTokenId);
        Assert.Equal([tokenizer.TokenToId(QwenTokens.MessageEnd)!.Value], text.EosTokenIds);
        GenerationConfig generation = GenerationConfigFile.Read(temporary["a"], text);
        Assert.Equal([learnt + 2, learnt], generation.EosTokenIds);
        Assert.Equal(learnt, generation.PadTokenId);
    }

    [Fact]
    public void TheSeedDecidesTheBytes()
    {
        byte[] Weights(string name, long seed)
        {
            CheckpointInitializer.Initialize(new InitializeOptions("smolvlm2-tiny", temporary[name], seed));
            return File.ReadAllBytes(temporary[name, "model.safetensors"]);
        }

        byte[] first = Weights("a", 1);
        Assert.Equal(first, Weights("b", 1));
        Assert.NotEqual(first, Weights("c", 2));
    }

    [Fact]
    public void NormsAreOneBiasesZeroTheRestNormal()
    {
        CheckpointInitializer.Initialize(new InitializeOptions("smolvlm2-tiny", temporary["a"]));
        using CheckpointFolder folder = CheckpointFolder.Open(temporary["a"]);
        foreach ((string name, Tensor tensor) in folder.Tensors)
        {
            using var stream = new MemoryStream();
            HostBytes.CopyTo(tensor, stream);
            byte[] bytes = stream.ToArray();
            float[] values = [.. Enumerable.Range(0, bytes.Length / 2).Select(i => BitConverter.UInt32BitsToSingle((uint)BitConverter.ToUInt16(bytes, 2 * i) << 16))];
            if (tensor.Shape.Rank == 1)
            {
                Assert.All(values, value => Assert.Equal(name.EndsWith("bias", StringComparison.Ordinal) ? 0 : 1, value));
            }
            else
            {
                Assert.InRange(Math.Sqrt(values.Average(v => (double)v * v)), 0.0185, 0.0215);
            }
        }
    }

    [Fact]
    public void ATokenizerThatDoesNotFitIsRefused()
    {
        // the fixtures' tokenizer has 1026 tokens: more than the tiny model's rows
        SmvlException e = Assert.Throws<SmvlException>(() => CheckpointInitializer.Initialize(
            new InitializeOptions("qwen3-tiny", temporary["t"], Tokenizer: Golden.Path("sources", "qwen3-tiny"))));
        Assert.Contains("more tokens than the embedding has rows", e.Message);
        Assert.Empty(Directory.EnumerateFileSystemEntries(temporary.Path));
    }

    [Fact]
    public void AnUnknownPresetIsRefused() => Assert.Contains(
        "no such preset (expected qwen3-0.6b, qwen3-tiny, qwen3-tiny-en, qwen3-tiny-en-linear, qwen3-tiny-zh, smolvlm-tiny-en, smolvlm2-256m, smolvlm2-tiny, actual qwen4)",
        Assert.Throws<SmvlException>(() => CheckpointInitializer.Initialize(new InitializeOptions("qwen4", temporary["t"]))).Message);

    [Fact]
    public void AFileAsOutputIsRefused()
    {
        File.WriteAllText(temporary["file"], "");
        Assert.Contains(
            "the output is a file",
            Assert.Throws<SmvlException>(() => CheckpointInitializer.Initialize(new InitializeOptions("qwen3-tiny", temporary["file"]))).Message);
    }

    [Fact]
    public void AnEmptyFolderIsTaken()
    {
        Directory.CreateDirectory(temporary["empty"]);
        CheckpointInitializer.Initialize(new InitializeOptions("qwen3-tiny", temporary["empty"]));
        Assert.True(File.Exists(temporary["empty", "model.safetensors"]));
    }
}
