using System.Globalization;
using System.Text.RegularExpressions;
using Smvl.Formats;

namespace Smvl.Training;

/// <summary>A complete checkpoint: <c>checkpoint-STEP</c> in the output folder.</summary>
internal sealed record Checkpoint(int Step, string Folder);

/// <summary>
/// The checkpoints of one output folder. A checkpoint is written under a temporary name, flushed to the disk and renamed, so that a
/// folder named <c>checkpoint-N</c> is always whole, whatever moment the program or the machine stopped at. Names that begin with
/// <c>.checkpoint-</c> are this class's own; what such a stop left of them is put right when the folder is opened. One run at a time
/// uses an output folder: it is locked until this is disposed.
/// </summary>
internal sealed partial class CheckpointStore : IDisposable
{
    /// <summary>Open as long as a run uses the folder; one that a killed run left behind locks nothing.</summary>
    private const string LockName = ".running";

    // ".checkpoint-25.partial": being written; ".replaced": the older one of two for the same step; ".removed": being deleted
    private const string Partial = ".partial";
    private const string Replaced = ".replaced";
    private const string Removed = ".removed";

    private FileStream? heldLock;

    private CheckpointStore(string outputDir) => OutputDir = outputDir;

    public string OutputDir { get; }

    /// <summary>The complete checkpoints by step, the oldest first.</summary>
    public IReadOnlyList<Checkpoint> All => !Directory.Exists(OutputDir) ? [] :
    [
        .. from folder in Directory.EnumerateDirectories(OutputDir)
           let step = Step(FolderName().Match(Path.GetFileName(folder)))
           where step is not null && File.Exists(Path.Combine(folder, TrainerState.FileName))
           orderby step
           select new Checkpoint(step.Value, folder),
    ];

    /// <summary>Opens the output folder of a run; one that is missing is not made before <see cref="Begin"/>.</summary>
    /// <exception cref="SmvlException">it is a file, in use by another run, or not writable</exception>
    public static CheckpointStore Open(string outputDir)
    {
        CheckpointStore store = new(outputDir);
        if (File.Exists(outputDir))
        {
            throw new SmvlException("the output folder is a file", outputDir, hint: "give another output_dir");
        }

        if (Directory.Exists(outputDir))
        {
            store.Take();
        }

        return store;
    }

    /// <summary>What <see cref="FindStart(string?)"/> of the folder would find; nothing in it is touched, nor is it locked.</summary>
    public static Checkpoint? FindStart(string outputDir, string? resumeFromCheckpoint) => new CheckpointStore(outputDir).FindStart(resumeFromCheckpoint);

    /// <summary>
    /// Makes the folder where it is missing. With <paramref name="overwrite"/> <c>checkpoint-N</c> folders, the log and the saved configuration
    /// of the earlier run are removed, and nothing else. Call it when nothing else can fail any more.
    /// </summary>
    /// <exception cref="SmvlException">the folder cannot be made or written, or another run was faster</exception>
    public void Begin(bool overwrite)
    {
        Guarded(OutputDir, () => Directory.CreateDirectory(OutputDir));
        if (heldLock is null)
        {
            Take();
        }

        if (overwrite)
        {
            Guarded(OutputDir, () =>
            {
                RemoveEarlierRun();
                return true;
            });
        }
    }

    public void Dispose() => heldLock?.Dispose();

    /// <summary>The folder of a step's checkpoint, there or not.</summary>
    public string PathOf(int step) => Path.Combine(OutputDir, Name(step));

    /// <summary>The complete checkpoint of the highest step, or null.</summary>
    public Checkpoint? FindLast() => All.LastOrDefault();

    /// <summary>
    /// The checkpoint to continue from, or null for a new run.
    /// </summary>
    /// <param name="resumeFromCheckpoint">the key of that name: null, <c>true</c>, or a folder, also one outside of the output folder</param>
    /// <exception cref="SmvlException">
    /// there is none, though one is asked for or the folder holds something else; or the folder already has later ones, which the run would
    /// collide with
    /// </exception>
    public Checkpoint? FindStart(string? resumeFromCheckpoint)
    {
        if (resumeFromCheckpoint is null)
        {
            Checkpoint? found = FindLast();
            if (found is null && Directory.Exists(OutputDir) && Directory.EnumerateFileSystemEntries(OutputDir).Any(path => Path.GetFileName(path) != LockName))
            {
                throw new SmvlException(
                    "the output folder is not empty and holds no checkpoint to continue from", OutputDir, hint: "give another output_dir, or --overwrite_output_dir");
            }

            return found;
        }

        if (resumeFromCheckpoint.Equals("true", StringComparison.OrdinalIgnoreCase))
        {
            return FindLast() ?? throw new SmvlException("there is no checkpoint to continue from", OutputDir, "a complete checkpoint-N", "none", "leave out resume_from_checkpoint");
        }

        if (!File.Exists(Path.Combine(resumeFromCheckpoint, TrainerState.FileName)))
        {
            throw new SmvlException("this is no checkpoint to continue from", resumeFromCheckpoint, $"a folder with {TrainerState.FileName}", hint: "give a checkpoint-N folder");
        }

        int step = TrainerState.Read(resumeFromCheckpoint).GlobalStep;
        if (FindLast() is { } last && last.Step > step)
        {
            throw new SmvlException(
                "the output folder has a later checkpoint than the one to continue from", last.Folder, $"at most step {step}", $"{last.Step}", "remove it or give another output_dir");
        }

        return new Checkpoint(step, resumeFromCheckpoint);
    }

    /// <summary>Writes a checkpoint, then removes the oldest ones beyond the limit.</summary>
    /// <param name="step">optimizer steps done</param>
    /// <param name="limit">checkpoints to keep, or null: all</param>
    /// <param name="bestStep">the step of a checkpoint that is kept whatever the limit says</param>
    /// <param name="write">fills the folder it is given, an empty one; <see cref="TrainerState.FileName"/> must be among the files</param>
    /// <exception cref="SmvlException">the disk is full or not writable; no earlier checkpoint is touched then</exception>
    public Checkpoint Save(int step, int? limit, int? bestStep, Action<string> write)
    {
        string final = PathOf(step);
        string partial = Temporary(step, Partial);
        Guarded(final, () =>
        {
            try
            {
                Delete(partial);
                Directory.CreateDirectory(partial);
                write(partial);
                System.Diagnostics.Debug.Assert(File.Exists(Path.Combine(partial, TrainerState.FileName)), "a checkpoint without its trainer state");
                DurableFiles.FlushTree(partial);
            }
            catch
            {
                Delete(partial);
                throw;
            }

            if (Directory.Exists(final))
            {
                Directory.Move(final, Temporary(step, Replaced));
            }

            Directory.Move(partial, final);
            DurableFiles.FlushFolder(OutputDir);
            Delete(Temporary(step, Replaced));
            Rotate(limit, [step, bestStep]);
            return true;
        });
        return new Checkpoint(step, final);
    }

    private void Take() => Guarded(OutputDir, () =>
    {
        string path = Path.Combine(OutputDir, LockName);
        try
        {
            heldLock = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 0, FileOptions.DeleteOnClose);
        }
        catch (IOException exception) when (exception.GetType() == typeof(IOException) && File.Exists(path))
        {
            throw new SmvlException("another run uses the output folder", OutputDir, hint: "wait for its end, or give another output_dir", inner: exception);
        }

        PutRight();
        return true;
    });

    private void Rotate(int? limit, int?[] kept)
    {
        IReadOnlyList<Checkpoint> all = All;
        int excess = all.Count - (limit ?? all.Count);
        foreach (Checkpoint old in all.Where(checkpoint => !kept.Contains(checkpoint.Step)).Take(Math.Max(0, excess)))
        {
            Remove(old.Step, old.Folder);
        }
    }

    // The rename takes the checkpoint out of sight at once: a stop between two deletions leaves no half of one.
    private void Remove(int step, string folder)
    {
        string removed = Temporary(step, Removed);
        Delete(removed);
        Directory.Move(folder, removed);
        Delete(removed);
    }

    private void RemoveEarlierRun()
    {
        foreach (string folder in Directory.GetDirectories(OutputDir))
        {
            if (Step(FolderName().Match(Path.GetFileName(folder))) is { } step)
            {
                Remove(step, folder);
            }
        }

        foreach (string name in (string[])[Tracking.JsonLinesTracker.FileName, TrainingArguments.FileName, TrainerState.FileName, ProfileReport.FileName, LossSpikes.FileName])
        {
            File.Delete(Path.Combine(OutputDir, name));
        }
    }

    // What a stop in the middle of Save or Remove left behind
    private void PutRight()
    {
        foreach (string folder in Directory.GetDirectories(OutputDir, ".checkpoint-*"))
        {
            Match match = TemporaryName().Match(Path.GetFileName(folder));
            if (Step(match) is not { } step)
            {
                continue;
            }

            string final = PathOf(step);
            if (match.Groups["kind"].Value == Replaced && !Directory.Exists(final))
            {
                Directory.Move(folder, final);
            }
            else
            {
                Delete(folder);
            }
        }
    }

    private T Guarded<T>(string where, Func<T> act)
    {
        try
        {
            return act();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new SmvlException($"the output folder {OutputDir} cannot be written: {exception.Message}", where, hint: "check rights and free space", inner: exception);
        }
    }

    private static void Delete(string folder)
    {
        if (Directory.Exists(folder))
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private string Temporary(int step, string kind) => Path.Combine(OutputDir, $".{Name(step)}{kind}");

    private static string Name(int step) => string.Create(CultureInfo.InvariantCulture, $"checkpoint-{step}");

    private static int? Step(Match match) =>
        match.Success && int.TryParse(match.Groups["step"].Value, NumberStyles.None, CultureInfo.InvariantCulture, out int step) ? step : null;

    [GeneratedRegex(@"^checkpoint-(?<step>0|[1-9]\d*)$")]
    private static partial Regex FolderName();

    [GeneratedRegex(@"^\.checkpoint-(?<step>\d+)(?<kind>\.partial|\.replaced|\.removed)$")]
    private static partial Regex TemporaryName();
}
