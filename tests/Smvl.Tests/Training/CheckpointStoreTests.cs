using Smvl.Training;

namespace Smvl.Tests.Training;

public sealed class CheckpointStoreTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void TheLastOneIsTheHighestCompleteOne()
    {
        CheckpointStore store = Open();
        Assert.Null(store.FindLast());
        Save(store, 9);
        Save(store, 10);
        Save(store, 100);
        _folder.Write("checkpoint-200/model.safetensors", "no trainer state");
        _folder.Write("checkpoint-300x/trainer_state.json", "");
        _folder.Write("checkpoint-400", "a file");
        Assert.Equal([9, 10, 100], store.All.Select(checkpoint => checkpoint.Step));
        Assert.Equal(new Checkpoint(100, _folder.File("checkpoint-100")), store.FindLast());
    }

    [Fact]
    public void ACheckpointHasItsNameOnlyWhenItIsWhole()
    {
        CheckpointStore store = Open();
        Save(store, 1, folder =>
        {
            Assert.Equal(".checkpoint-1.partial", Path.GetFileName(folder));
            Assert.False(Directory.Exists(_folder.File("checkpoint-1")));
        });
        Assert.Equal(["checkpoint-1"], Names());
    }

    [Fact]
    public void AFailedWriteLeavesTheEarlierOnes()
    {
        CheckpointStore store = Open();
        Save(store, 1);
        string error = Assert.Throws<SmvlException>(() => Save(store, 2, _ => throw new IOException("No space left on device"))).Message;
        Assert.Contains("No space left", error, StringComparison.Ordinal);
        Assert.Contains("checkpoint-2", error, StringComparison.Ordinal);
        Assert.Throws<InvalidOperationException>(() => Save(store, 1, _ => throw new InvalidOperationException()));
        Assert.Equal(["checkpoint-1"], Names());
        Assert.Equal(1, store.FindLast()!.Step);
    }

    [Fact]
    public void TheSameStepIsReplaced()
    {
        CheckpointStore store = Open();
        Save(store, 1, folder => File.WriteAllText(Path.Combine(folder, "first"), ""));
        Save(store, 1, folder => File.WriteAllText(Path.Combine(folder, "second"), ""));
        Assert.Equal(["checkpoint-1"], Names());
        Assert.False(File.Exists(_folder.File("checkpoint-1/first")));
        Assert.True(File.Exists(_folder.File("checkpoint-1/second")));
    }

    [Theory]
    [InlineData(2, null, "checkpoint-30 checkpoint-40"), InlineData(1, null, "checkpoint-40"), InlineData(null, null, "checkpoint-10 checkpoint-20 checkpoint-30 checkpoint-40")]
    [InlineData(2, 10, "checkpoint-10 checkpoint-40"), InlineData(1, 10, "checkpoint-10 checkpoint-40")]
    public void TheOldestAreRemovedBeyondTheLimit(int? limit, int? best, string left)
    {
        CheckpointStore store = Open();
        foreach (int step in (int[])[10, 20, 30, 40])
        {
            store.Save(step, limit, best, folder => File.WriteAllText(Path.Combine(folder, TrainerState.FileName), "{}"));
        }

        Assert.Equal(left, string.Join(' ', Names()));
    }

    [Fact]
    public void LeftOversOfAStopArePutRight()
    {
        _folder.Write("checkpoint-1/trainer_state.json", "");
        _folder.Write(".checkpoint-2.partial/trainer_state.json", ""); // stopped while writing
        _folder.Write(".checkpoint-3.replaced/trainer_state.json", "older"); // stopped between the two renames
        _folder.Write(".checkpoint-1.replaced/trainer_state.json", "older"); // stopped after them
        _folder.Write(".checkpoint-0.removed/model.safetensors", ""); // stopped while removing
        _folder.Write(".checkpoint-notes/mine.txt", "");
        CheckpointStore store = Open();
        Assert.Equal([".checkpoint-notes", "checkpoint-1", "checkpoint-3"], Names());
        Assert.Equal(3, store.FindLast()!.Step);
        Assert.Equal("", File.ReadAllText(_folder.File("checkpoint-1/trainer_state.json")));
    }

    [Fact]
    public void AFolderWithOtherThingsNeedsACheckpoint()
    {
        _folder.Write("notes.txt", "mine");
        string error = Assert.Throws<SmvlException>(() => Open()).Message;
        Assert.Contains(_folder.Path, error, StringComparison.Ordinal);
        Assert.Contains("--overwrite_output_dir", error, StringComparison.Ordinal);
        _folder.Write("checkpoint-5/trainer_state.json", "");
        Assert.Equal(5, Open().FindStart(null)!.Step);
    }

    [Fact]
    public void OverwritingRemovesTheEarlierRunAndNothingElse()
    {
        _folder.Write("checkpoint-5/trainer_state.json", "");
        _folder.Write("checkpoint-6/half", "");
        _folder.Write("checkpoint-best/mine.txt", "");
        _folder.Write("log.jsonl", "");
        _folder.Write("training_args.yaml", "");
        _folder.Write("model.safetensors", "");
        _folder.Write("notes.txt", "");
        CheckpointStore store = CheckpointStore.Open(_folder.Path, overwrite: true);
        Assert.Null(store.FindStart(null));
        Assert.Equal(["checkpoint-best", "model.safetensors", "notes.txt"], Names());
    }

    [Fact]
    public void TheFolderIsMade() => Assert.True(Directory.Exists(CheckpointStore.Open(_folder.File("a/b"), overwrite: false).OutputDir));

    [Fact]
    public void AFileInTheFoldersPlaceIsAnError()
    {
        string path = _folder.Write("file", "");
        Assert.Contains("is a file", Assert.Throws<SmvlException>(() => CheckpointStore.Open(path, overwrite: true)).Message, StringComparison.Ordinal);
        Assert.Contains("cannot be written", Assert.Throws<SmvlException>(() => CheckpointStore.Open(Path.Combine(path, "run"), overwrite: true)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ARunCanContinueFromAnotherFoldersCheckpoint()
    {
        CheckpointStore store = Open();
        Assert.Contains("no checkpoint", Assert.Throws<SmvlException>(() => store.FindStart("true")).Message, StringComparison.Ordinal);
        Assert.Contains("trainer_state.json", Assert.Throws<SmvlException>(() => store.FindStart(_folder.File("missing"))).Message, StringComparison.Ordinal);

        using var other = new TemporaryFolder();
        string folder = Directory.CreateDirectory(other.File("checkpoint-20")).FullName;
        var steps = new TrainingSteps(TrainingArguments.FromCommandLine("--max_steps", "50"), rows: 100);
        TrainerState.After(steps, 20, []).Write(folder);
        Assert.Equal(new Checkpoint(20, folder), store.FindStart(folder));

        Save(store, 30);
        Assert.Equal(30, store.FindStart("true")!.Step);
        Assert.Contains("later checkpoint", Assert.Throws<SmvlException>(() => store.FindStart(folder)).Message, StringComparison.Ordinal);
    }

    private CheckpointStore Open() => CheckpointStore.Open(_folder.Path, overwrite: false);

    private static void Save(CheckpointStore store, int step, Action<string>? also = null) => store.Save(step, limit: null, bestStep: null, folder =>
    {
        File.WriteAllText(Path.Combine(folder, TrainerState.FileName), "{}");
        also?.Invoke(folder);
    });

    private IEnumerable<string> Names() => Directory.EnumerateFileSystemEntries(_folder.Path).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal);
}
