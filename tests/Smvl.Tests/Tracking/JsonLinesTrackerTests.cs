using Smvl.Tracking;
using Smvl.Training;

namespace Smvl.Tests.Tracking;

public sealed class JsonLinesTrackerTests : IDisposable
{
    private static readonly TrainingArguments Arguments = TrainingArguments.FromCommandLine();

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void EachEntryIsALineAtOnce()
    {
        using var tracker = new JsonLinesTracker(_folder.Path);
        tracker.OnStart(Run([]));
        Assert.Equal("", Text());
        tracker.Log(Entry(1, 6.5));
        Assert.Equal("{\"epoch\":0.5,\"loss\":6.5,\"step\":1}\n", Text());
        tracker.Measure(Entry(1, 5));
        tracker.LogConsole("a line", isError: false);
        tracker.LogSample(new SampleAnswer(2, "图中有什么动物？", "一只狗\n\"…\"", "", null, 1, 1));
        tracker.OnEnd(new RunEnd(RunState.Finished));
        Assert.Equal("{\"epoch\":0.5,\"loss\":6.5,\"step\":1}\n{\"sample_answer\":\"一只狗\\n\\\"…\\\"\",\"step\":2}\n", Text());
    }

    [Fact]
    public void AResumedRunHasEachEntryOnce()
    {
        LogEntry[] all = [Entry(1, 6.5), Entry(2, 6.25), Entry(3, 6)];
        using (var tracker = new JsonLinesTracker(_folder.Path))
        {
            tracker.OnStart(Run([]));
            Array.ForEach(all, tracker.Log);
        }

        string whole = Text();
        File.AppendAllText(_folder.File(JsonLinesTracker.FileName), "{\"epoch\":2.0,\"lo"); // stopped within a line
        using (var tracker = new JsonLinesTracker(_folder.Path))
        {
            tracker.OnStart(Run(all[..2])); // the checkpoint was written after step 2
            tracker.Log(all[2]);
        }

        Assert.Equal(whole, Text());
        Assert.Single(Directory.GetFiles(_folder.Path));
    }

    [Fact]
    public void ANewRunStartsANewFile()
    {
        _folder.Write(JsonLinesTracker.FileName, "{}\n");
        using var tracker = new JsonLinesTracker(_folder.Path);
        tracker.OnStart(Run([]));
        Assert.Equal("", Text());
    }

    [Fact]
    public void AMissingFolderIsAnError()
    {
        using var tracker = new JsonLinesTracker(_folder.File("missing"));
        Assert.Contains("the log cannot be written", Assert.Throws<SmvlException>(() => tracker.OnStart(Run([]))).Message, StringComparison.Ordinal);
    }

    private static TrackedRun Run(IReadOnlyList<LogEntry> history) => new(Arguments, "{}", 0, history);

    private static LogEntry Entry(int step, double loss) => new(step, KeyValuePair.Create("loss", loss), KeyValuePair.Create("epoch", step / 2.0));

    private string Text()
    {
        using var reader = new StreamReader(new FileStream(_folder.File(JsonLinesTracker.FileName), FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
        return reader.ReadToEnd();
    }
}
