using System.Text;
using Smvl.Tracking;
using Smvl.Tracking.TensorBoard;
using Smvl.Training;

namespace Smvl.Tests.Tracking.TensorBoard;

/// <summary>What an event file holds of a run: the callback's keys, the picture, texts, hyper-parameters.</summary>
public sealed class TensorBoardTrackerTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void ARunIsReadBack()
    {
        using (TensorBoardTracker tracker = new(folder["logs"]))
        {
            TrackedRuns.Log(tracker, TrackedRuns.Start());
            tracker.OnEnd(new RunEnd(RunState.Finished));
        }

        WireMessage[] events = [.. EventReader.Read(Assert.Single(Directory.GetFiles(folder["logs"], "events.out.tfevents.*"))).Skip(1)];
        (string Tag, long Step, WireMessage Value)[] values = [.. events.Select(e => (e.Message(5).Message(1).Text(1), e.Integer(2), e.Message(5).Message(1)))];
        Assert.Equal([(1L, 10f), (2, 5f), (3, 10f / 3), (4, 2.5f)], values.Where(v => v.Tag == "train/loss").Select(v => (v.Step, v.Value.Single(2))));
        Assert.Equal((4L, 2.5f), Assert.Single(values.Where(v => v.Tag == "eval/loss").Select(v => (v.Step, v.Value.Single(2)))));
        Assert.Equal(12f, Assert.Single(values, v => v.Tag == "train/train_runtime").Value.Single(2));   // the callback rewrites totals too
        Assert.Equal(4, values.Count(v => v.Tag == "train/tokens_per_second"));

        WireMessage image = Assert.Single(values, v => v.Tag == "sample/输入图像").Value.Message(4);
        Assert.Equal((2L, 3L, 3L, TrackedRuns.Picture), (image.Integer(1), image.Integer(2), image.Integer(3), Encoding.UTF8.GetString(image.Bytes(4))));
        foreach ((string tag, string part) in (ReadOnlySpan<(string, string)>)
            [("args", "\"learning_rate\": 1.0e-05"), ("model_config", "rms_norm_eps"), ("sample/上下文", "<|im_start|>user"), ("sample/问题&回复", "| 两只水獭 \\| 🦦 |")])
        {
            WireMessage text = Assert.Single(values, v => v.Tag == $"{tag}/text_summary").Value;
            Assert.Equal((7L, 1L, "text"), (text.Message(8).Integer(1), text.Message(8).Message(2).Message(2).Integer(1), text.Message(9).Message(1).Text(1)));
            Assert.Contains(part, text.Message(8).Text(8));
        }

        WireMessage start = new WireMessage(Plugin(values, "_hparams_/session_start_info").Bytes(2)).Message(3);
        Dictionary<string, WireMessage> parameters = start.Messages(1).ToDictionary(entry => entry.Text(1), entry => entry.Message(2));
        Assert.Equal(1e-5, parameters["learning_rate"].Double(2));
        Assert.Equal("试验", parameters["run_name"].Text(3));
        Assert.True(parameters["bf16"].Has(4) && parameters["bf16"].Integer(4) == 0);
        Assert.Equal(1, new WireMessage(Plugin(values, "_hparams_/session_end_info").Bytes(2)).Message(4).Integer(1));
    }

    [Fact]
    public void AContinuedRunHasItsWholeCurve()
    {
        using TensorBoardTracker tracker = new(folder.Path);
        tracker.OnStart(TrackedRuns.Start(TrackedRuns.Training(1), TrackedRuns.Training(2)));
        tracker.Log(TrackedRuns.Training(3));
        Assert.Equal([1, 2, 3], EventReader.Read(Directory.GetFiles(folder.Path)[0]).Skip(1)
            .Where(e => e.Message(5).Message(1).Text(1) == "train/loss").Select(e => e.Integer(2)));
    }

    [Fact]
    public void TheFolderIsTheTrainersOrTheUsers()
    {
        Assert.Matches(@"^out/runs/[A-Z][a-z]{2}\d\d_\d\d-\d\d-\d\d_.+$", TensorBoardTracker.Folder(TrainingArguments.FromCommandLine("--output_dir", "out")));
        Assert.Equal("mine", TensorBoardTracker.Folder(TrainingArguments.FromCommandLine("--logging_dir", "mine")));
    }

    private static WireMessage Plugin((string Tag, long Step, WireMessage Value)[] values, string tag)
    {
        WireMessage plugin = Assert.Single(values, v => v.Tag == tag).Value.Message(9).Message(1);
        Assert.Equal("hparams", plugin.Text(1));
        return plugin;
    }
}
