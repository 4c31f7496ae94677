using Smvl.Models;
using Smvl.Tensors.Cpu;

namespace Smvl.Tests.Models;

public sealed class ModelFolderTests : IDisposable
{
    private readonly TemporaryFolder temporary = new();
    private readonly CpuBackend backend = new(1);

    public void Dispose()
    {
        backend.Dispose();
        temporary.Dispose();
    }

    [Fact]
    public void AModelIsWrittenWholeWhenItsFolderIsGone()
    {
        string folder = temporary.CopyOfGolden("spliced");
        using ModelFolder model = ModelFolder.Open(folder, backend);
        Directory.Delete(folder, recursive: true);
        Directory.CreateDirectory(temporary["out"]);
        model.Write(temporary["out"]);
        foreach (string name in (string[])["tokenizer.json", "tokenizer_config.json"])
        {
            Assert.Equal(File.ReadAllBytes(Golden.Path("spliced", name)), File.ReadAllBytes(temporary["out", name]));
        }

        using ModelFolder again = ModelFolder.Open(temporary["out"], backend);
        Assert.Equal(model.Tokenizer.Encode("图中有什么？"), again.Tokenizer.Encode("图中有什么？"));
    }

    [Fact]
    public void EveryFaultIsToldWhicheverPartIsReadFirst()
    {
        // weights and tokenizer are read at the same time
        foreach (string name in (string[])["config.json", "model.safetensors", "tokenizer.json", "preprocessor_config.json"])
        {
            string folder = temporary.CopyOfGolden("spliced");
            File.WriteAllText(Path.Combine(folder, name), "{");
            Assert.Contains(name, Assert.Throws<SmvlException>(() => ModelFolder.Open(folder, backend)).Message);
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void WhatTheTokenizersFilesLeaveOpenIsSaidOnce()
    {
        string folder = temporary.CopyOfGolden("spliced");
        File.Delete(Path.Combine(folder, "tokenizer.json"));
        foreach (string name in (string[])["vocab.json", "merges.txt"])
        {
            File.Copy(Golden.Path("sources", "qwen3-tiny", name), Path.Combine(folder, name));
        }

        GoldenCopy.Edit(Path.Combine(folder, "tokenizer_config.json"), root => root.Remove("added_tokens_decoder"));
        List<string> notices = [];
        using ModelFolder model = ModelFolder.Open(folder, backend, notices.Add);
        Assert.Single(notices, line => line.Contains("names no added tokens", StringComparison.Ordinal));
    }
}
