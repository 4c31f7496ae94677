using Smvl.Formats;
using Smvl.Models;

namespace Smvl.Tests.Formats;

public sealed class GenerationConfigFileTests : IDisposable
{
    private readonly TemporaryFolder temporary = new();
    private readonly TextConfig text = ConfigFile.ReadTextSource(Golden.Path("sources", "qwen3-tiny"));

    public void Dispose() => temporary.Dispose();

    [Fact]
    public void TheSourceIsReadAndWritten()
    {
        Presets.WriteFiles("qwen3-0.6b", temporary.Path);
        GenerationConfig config = GenerationConfigFile.Read(temporary.Path, ConfigFile.ReadTextSource(temporary.Path));
        Assert.Equal([151645, 151643], config.EosTokenIds);
        Assert.Equal((true, 0.6, 20, 0.95, 1, 151643), (config.DoSample, config.Temperature, config.TopK, config.TopP, config.RepetitionPenalty, config.PadTokenId));

        GenerationConfigFile.Write(temporary.Path, config with { RepetitionPenalty = 1.3 });
        Assert.Equivalent(config with { RepetitionPenalty = 1.3 }, GenerationConfigFile.Read(temporary.Path, text), strict: true);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("{}")]
    public void WhatIsLeftOutIsTransformersDefault(string? json)
    {
        if (json is not null)
        {
            File.WriteAllText(temporary["generation_config.json"], json);
        }

        GenerationConfig config = GenerationConfigFile.Read(temporary.Path, text);
        Assert.Equal(text.EosTokenIds, config.EosTokenIds);
        Assert.Equal((false, 1, 50, 1, 1, text.PadTokenId), (config.DoSample, config.Temperature, config.TopK, config.TopP, config.RepetitionPenalty, config.PadTokenId));
    }

    [Theory]
    [InlineData("""{"temperature":-1}""", "temperature")]
    [InlineData("""{"top_k":-1}""", "top_k")]
    [InlineData("""{"top_p":0}""", "top_p")]
    [InlineData("""{"top_p":1.5}""", "top_p")]
    [InlineData("""{"repetition_penalty":0}""", "repetition_penalty")]
    public void AValueOutsideItsRangeIsRefused(string json, string key)
    {
        string path = temporary["generation_config.json"];
        File.WriteAllText(path, json);
        Assert.StartsWith($"{path}: {key} is not supported", Assert.Throws<SmvlException>(() => GenerationConfigFile.Read(temporary.Path, text)).Message);
    }
}
