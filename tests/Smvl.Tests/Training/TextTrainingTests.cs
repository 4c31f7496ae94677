using Smvl.Data;
using Smvl.Formats;
using Smvl.Formats.Parquet;
using Smvl.Models;
using Smvl.Tensors.Cpu;

namespace Smvl.Tests.Training;

/// <summary>Rows without pictures, trained on by a text model alone and by a splice.</summary>
public sealed class TextTrainingTests : IDisposable
{
    private readonly TemporaryFolder temporary = new();

    public TextTrainingTests()
    {
        Directory.CreateDirectory(temporary["data", "talk"]);
        CauldronWriter.Write(temporary["data", "talk", "train-0.parquet"], Enumerable.Range(0, 12).Select(i =>
            new CauldronRow([], [new CauldronTurn($"{i} 加一是几？", $"{i + 1}。", "talk"), new CauldronTurn("再加一呢？", $"{i + 2}。", "talk")])));
    }

    [Fact]
    public void ATextModelAloneLearnsAndStaysOne()
    {
        RecordingObserver observer = new();
        RunFixture.Run(Keys(Golden.Path("sources", "qwen3-tiny"), "text", "--freeze", "full", "--max_steps", "12", "--learning_rate", "1e-2"), observer);
        Assert.True(observer.Steps[^1].Loss < 0.8 * observer.Steps[0].Loss, $"{observer.Steps[0].Loss} to {observer.Steps[^1].Loss}");
        Assert.Equal(CheckpointKind.Qwen3, ConfigFile.Kind(temporary["text"]));

        using CpuBackend backend = new(2);
        using ModelFolder trained = ModelFolder.OpenAny(temporary["text"], backend);
        Assert.False(trained.Model.TakesPictures);
        Assert.Contains("takes no picture", Assert.Throws<SmvlException>(() => trained.Images).Message);
    }

    /// <summary>A splice's text part is its source's, so that the same rows cost both the same.</summary>
    [Fact]
    public void ASpliceReadsTextAsItsSourceDoes()
    {
        RecordingObserver alone = new(), spliced = new();
        RunFixture.Run(Keys(Golden.Path("sources", "qwen3-tiny"), "a", "--freeze", "full", "--max_steps", "1"), alone);
        RunFixture.Run(Keys(Golden.Path("spliced"), "b", "--max_steps", "1"), spliced);
        Assert.Equal(alone.Steps[0].Loss, spliced.Steps[0].Loss, 1e-6);
        Assert.Equal(0, spliced.Steps[0].GradientNorm);   // the connector has no part in it
    }

    [Fact]
    public void WhatATextModelCannotDoIsRefused()
    {
        string text = Golden.Path("sources", "qwen3-tiny");
        Assert.Contains("nothing is left to train", Assert.Throws<SmvlException>(() => RunFixture.Run(Keys(text, "c", "--max_steps", "1"))).Message);
        List<string> pictures = [.. RunFixture.Keys(temporary["d"], "--freeze", "full", "--max_steps", "1")];
        pictures[1] = text;
        Assert.Contains("a row with a picture", Assert.Throws<SmvlException>(() => RunFixture.Run(pictures)).Message);
    }

    public void Dispose() => temporary.Dispose();

    private List<string> Keys(string model, string output, params string[] more) =>
    [
        "--model", model, "--data_dir", temporary["data"], "--train_data", "talk", "--output_dir", temporary[output], "--report_to", "none", "--eval_rows", "0",
        "--train_sampling_strategy", "sequential", "--turns", "all", "--loss_on", "answer", "--save_strategy", "no", .. more,
    ];
}
