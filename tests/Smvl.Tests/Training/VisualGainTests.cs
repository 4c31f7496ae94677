using Smvl.Training;

namespace Smvl.Tests.Training;

/// <summary>Which rows are compared, what counts as blind, and what a run says about it.</summary>
public sealed class VisualGainTests : IDisposable
{
    private readonly TemporaryFolder temporary = new();

    public void Dispose() => temporary.Dispose();

    [Theory]
    [InlineData(10, 2, 1, 6, "0 2 5 7|10 11")]   // a dataset of one row has nobody to change with
    [InlineData(3, 4, 5, 100, "0 1 2|3 4 5 6|7 8 9 10 11")]
    [InlineData(6, 6, 6, 4, "0 3|6 9")]
    public void RowsAreSpreadOverTheDatasets(int first, int second, int third, int most, string expected)
    {
        int[] sizes = [first, second, third];
        string[] names = [.. sizes.SelectMany((size, i) => Enumerable.Repeat($"set{i}", size))];
        IReadOnlyList<IReadOnlyList<int>> sets = VisualGain.Choose(Enumerable.Range(0, names.Length), row => names[row], most);
        Assert.Equal(expected, string.Join('|', sets.Select(set => string.Join(' ', set))));
    }

    [Theory]
    [InlineData(false, 0.9, 1.1, 0.8, 1.2, 1.0)]           // far from 0
    [InlineData(false, 0.3, 0.1, 0.5, 0.2, 0.4)]
    [InlineData(true, 0.3, -0.3, 0.2, -0.25, 0.1)]         // scatters about 0
    [InlineData(true, 0.001, 0.0011, 0.0009, 0.001, 0.001)] // surely above 0, and nothing all the same
    [InlineData(true, 0.0, 0.0, 0.0, 0.0, 0.0)]
    [InlineData(true, -0.5, -0.4, -0.5, -0.6, -0.5)]
    [InlineData(false, 0.0, 0.0, 0.0)]                           // too few to say
    public void NearZeroIsAgainstTheRowsScatter(bool expected, params double[] gains)
    {
        Dictionary<int, double> own = Enumerable.Range(0, gains.Length).ToDictionary(row => row, _ => 2.0);
        Dictionary<int, double> exchanged = own.ToDictionary(row => row.Key, row => row.Value + gains[row.Key]);
        VisualGain gain = VisualGain.Of([("all", [.. own.Keys])], own, exchanged)!;
        Assert.Equal(gains.Average(), gain.Mean, 1e-12);
        Assert.Equal(expected, gain.IsNearZero);
        Assert.Equal(["eval_visual_gain"], gain.Metrics.Select(metric => metric.Name));
    }

    [Fact]
    public void EachDatasetHasItsOwn()
    {
        Dictionary<int, double> own = new() { [0] = 1, [1] = 1, [5] = 2, [6] = 2 }, exchanged = new() { [0] = 2, [1] = 4, [5] = 2, [6] = 2.5 };
        VisualGain gain = VisualGain.Of([("a", [0, 1]), ("b", [5, 6])], own, exchanged)!;
        Assert.Equal(
            [("eval_visual_gain", 1.125), ("eval_a_visual_gain", 2.0), ("eval_b_visual_gain", 0.25)], gain.Metrics);
    }

    /// <summary>The demo's model sees what is in a scene; the fixtures' has random weights.</summary>
    [Theory, InlineData(true), InlineData(false)]
    public void ARunThatDoesNotSeeIsToldSoOnce(bool sees)
    {
        RecordingObserver observer = new();
        RunFixture.Run(
            [
                "--model", sees ? Path.Combine(Golden.Root, "samples", "demo-model") : Golden.Path("spliced"),
                "--data_dir", Path.Combine(Golden.Root, "samples", "data"), "--train_data", "scenes_zh,emoji_zh", "--output_dir", temporary["run"], "--report_to", "none",
                "--max_steps", "4", "--per_device_train_batch_size", "1", "--learning_rate", "0", "--eval_strategy", "steps", "--eval_steps", "1", "--eval_rows", "24",
                "--do_image_splitting", "false", "--loss_on", "answer", "--turns", "1", "--max_length", "256", "--save_strategy", "no",
            ],
            observer);
        Assert.Equal(4, observer.Evaluations.Count);
        Assert.Equal(sees ? 0 : 1, observer.Notes.Count(note => note.StartsWith("the model does not look at its pictures", StringComparison.Ordinal)));
        string log = File.ReadAllText(temporary["run", "log.jsonl"]);
        Assert.Contains("\"eval_visual_gain\":", log);
        Assert.Contains("\"eval_scenes_zh_visual_gain\":", log);
        Assert.Contains("\"eval_emoji_zh_visual_gain\":", log);
    }
}
