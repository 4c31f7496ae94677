using Smvl.Training;

namespace Smvl.Tests.Training;

public sealed class CheckpointStoreTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private readonly List<CheckpointStore> _open = [];

    public void Dispose()
    {
        Close();
        _folder.Dispose();
    }

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
        string error = Assert.Throws<SmvlException>(() => Open().FindStart(null)).Message;
        Assert.Contains(_folder.Path, error, StringComparison.Ordinal);
        Assert.Contains("--overwrite_output_dir", error, StringComparison.Ordinal);
        Close();
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
        CheckpointStore store = Open();
        store.Begin(overwrite: true);
        Assert.Null(store.FindLast());
        Assert.Equal(["checkpoint-best", "model.safetensors", "notes.txt"], Names());
    }

    [Fact]
    public void TheFolderIsMadeWhenTheRunBegins()
    {
        using CheckpointStore store = CheckpointStore.Open(_folder.File("a/b"));
        Assert.Null(store.FindStart(null));
        Assert.False(Directory.Exists(_folder.File("a")));
        store.Begin(overwrite: false);
        Assert.True(Directory.Exists(store.OutputDir));
    }

    [Fact]
    public void AFileInTheFoldersPlaceIsAnError()
    {
        string path = _folder.Write("file", "");
        Assert.Contains("is a file", Assert.Throws<SmvlException>(() => CheckpointStore.Open(path)).Message, StringComparison.Ordinal);
        using CheckpointStore within = CheckpointStore.Open(Path.Combine(path, "run"));
        Assert.Contains("cannot be written", Assert.Throws<SmvlException>(() => within.Begin(overwrite: true)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AFolderInUseIsLeftAlone()
    {
        CheckpointStore store = Open();
        Save(store, 1);
        _folder.Write(".checkpoint-2.partial/model.safetensors", "being written");
        string error = Assert.Throws<SmvlException>(() => Open()).Message;
        Assert.Contains("another run uses", error, StringComparison.Ordinal);
        Assert.Contains(_folder.Path, error, StringComparison.Ordinal);
        Assert.Equal(1, CheckpointStore.FindStart(_folder.Path, null)!.Step);   // as a plan looks
        Assert.True(File.Exists(_folder.File(".checkpoint-2.partial/model.safetensors")));

        // the file alone, as a killed run leaves it
        Close();
        _folder.Write(".running", "");
        Assert.Equal(1, Open().FindStart(null)!.Step);
        Assert.Equal(["checkpoint-1"], Names());
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

    private CheckpointStore Open()
    {
        CheckpointStore store = CheckpointStore.Open(_folder.Path);
        _open.Add(store);
        return store;
    }

    private void Close()
    {
        _open.ForEach(store => store.Dispose());
        _open.Clear();
    }

    private static void Save(CheckpointStore store, int step, Action<string>? also = null) => store.Save(step, limit: null, bestStep: null, folder =>
    {
        File.WriteAllText(Path.Combine(folder, TrainerState.FileName), "{}");
        also?.Invoke(folder);
    });

    private IEnumerable<string> Names() => Directory.EnumerateFileSystemEntries(_folder.Path).Select(path => Path.GetFileName(path)).Where(name => name != ".running").Order(StringComparer.Ordinal);
}
