using Smvl.Data;
using Smvl.Formats.Parquet;
using Smvl.Training;

namespace Smvl.Tests.Training;

/// <summary>Files with the keys and values of the original scripts' four run three steps each, on a stand-in for data/the_cauldron.</summary>
public sealed class OriginalConfigsTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public OriginalConfigsTests()
    {
        byte[] picture = File.ReadAllBytes(Golden.Path("generate", "0-0.png"));
        foreach (string subset in CauldronSubsets.Chosen)
        {
            Directory.CreateDirectory(folder["the_cauldron", subset]);
            CauldronWriter.Write(folder["the_cauldron", subset, "train-00000-of-00001-0123456789abcdef.parquet"], Enumerable.Range(0, subset == "cocoqa" ? 24 : 2).Select(i =>
                new CauldronRow([new CauldronImage(picture, null)], [new CauldronTurn($"How many are in picture {i}?", $"{i}.", subset)])));
        }
    }

    public void Dispose() => folder.Dispose();

    [Theory, InlineData("cocoqa_train", 1), InlineData("full_train", 1), InlineData("staged_training", 3), InlineData("staged_training_test", 3)]
    public void EachRunsThreeSteps(string name, int stages)
    {
        if (stages > 1 && TrainingKeys.Find("training_stage", name).Role == KeyRole.Unsupported)
        {
            Assert.Skip("training in stages is not built in");
        }

        RecordingObserver observer = new();
        RunFixture.Run(
            [
                Path.Combine(Golden.Root, "tests", "Smvl.Tests", "Training", "data", "originals", name + ".yaml"),
                "--model", Golden.Path("spliced"), "--data_dir", folder["the_cauldron"], "--output_dir", folder["run"], "--report_to", "none", "--max_steps", "3",
            ],
            observer);
        Assert.Equal(3 * stages, observer.Steps.Count);
        Assert.All(observer.Steps, step => Assert.True(double.IsFinite(step.Loss) && step.Loss > 0));
        Assert.Contains(Directory.EnumerateFiles(folder["run"], "model.safetensors", SearchOption.AllDirectories), file => Path.GetDirectoryName(file) == folder["run"]);
    }
}
