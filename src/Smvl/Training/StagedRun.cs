using Smvl.Formats;
using Smvl.Models;
using Smvl.Tensors;
using Smvl.Tracking;

namespace Smvl.Training;

/// <summary>
/// The stages of a configuration one behind the other, each a run of its own in <c>output_dir/NAME</c> that begins with the model of the one
/// before. Started again, it continues where it stopped; a stage that is finished is not run again. The last stage's model, with its state
/// and sample answer, is copied to <c>output_dir</c>.
/// </summary>
internal static class StagedRun
{
    /// <summary>Holds an adapter's stage for the next one, which needs a model to put its own adapters beside.</summary>
    private const string MergedFolder = "merged";

    /// <param name="whole">a configuration with stages</param>
    /// <param name="backend">where the models run</param>
    /// <param name="observer">who watches</param>
    /// <param name="cancellation">stops a stage behind its last whole step, which a checkpoint keeps</param>
    /// <returns>how the last stage ended, or the one that was interrupted</returns>
    /// <exception cref="SmvlException">anything that the user can mend, in one line</exception>
    public static TrainingResult Run(TrainingArguments whole, Backend backend, ITrainingObserver observer, CancellationToken cancellation)
    {
        IReadOnlyList<StageKeys> stages = whole.Stages!;
        int first = FindFirst(whole, stages);
        string model = first > 0 ? Folder(whole, stages[first - 1]) : TrainingRun.BaseModel(whole, observer, cancellation);
        CheckAll(whole, stages.Skip(first), model, backend);
        RemoveEarlierRuns(whole, stages.Skip(first));

        TrainingResult? result = null;
        for (int i = first; i < stages.Count; i++)
        {
            TrainingArguments arguments = whole.ForStage(stages[i], model);
            string title = $"stage {i + 1} of {stages.Count}, {stages[i].Name}";
            if (FinishedState(arguments.OutputDir) is { } finished)
            {
                observer.OnNote($"{title}: finished earlier{Differences(arguments)}");
                result = ResultOf(finished);
            }
            else
            {
                if (arguments.LoraRank is not null && AdapterFolder.Is(model))
                {
                    arguments = whole.ForStage(stages[i], Merged(model, backend, observer, cancellation));
                }

                observer.OnNote($"{title}: trains {FreezeRules.Describe(arguments)}, learning_rate {FloatText.Of(arguments.LearningRate)}");
                result = TrainingRun.Run(arguments, backend, new StageObserver(observer, $"{i + 1}/{stages.Count} {stages[i].Name}"), cancellation);
                observer.CopyTo(_ => { });   // that stage's log is closed
                if (result.Interrupted)
                {
                    return result;
                }
            }

            model = arguments.OutputDir;
        }

        CopyModel(whole, model);
        observer.OnSaved(whole.OutputDir);
        return result!;
    }

    /// <summary>The first stage that <c>resume_from_stage</c> leaves to run.</summary>
    private static int FindFirst(TrainingArguments whole, IReadOnlyList<StageKeys> stages)
    {
        bool resumed = stages.Any(stage => Directory.Exists(Folder(whole, stage)));
        if (!whole.OverwriteOutputDir && !resumed && Directory.Exists(whole.OutputDir) && Directory.EnumerateFileSystemEntries(whole.OutputDir).Any())
        {
            throw new SmvlException(
                "the output folder is not empty and holds no stage to continue from", whole.OutputDir, hint: "give another output_dir, or --overwrite_output_dir");
        }

        if (whole.ResumeFromStage is not { } named)
        {
            return 0;
        }

        string where = whole.Origin(TrainingKeys.ResumeFromStage);
        int stage = StageKeys.Find(stages, named, where);
        string folder = Folder(whole, stages[stage]);
        if (FinishedState(folder) is null)
        {
            bool begun = Directory.Exists(folder);
            throw new SmvlException(
                $"stage {stages[stage].Name} is not finished, so it has no model to go on from", where, $"a finished run in {folder}",
                begun ? "one that was interrupted" : "nothing", "leave out resume_from_stage to run or continue it");
        }

        return stage + 1 < stages.Count
            ? stage + 1
            : throw new SmvlException($"stage {stages[stage].Name} is the last one: nothing is left to run", where, $"one of {string.Join(", ", stages.SkipLast(1).Select(s => s.Name))}", named);
    }

    /// <summary>What a later stage has wrong is told before the first one runs.</summary>
    private static void CheckAll(TrainingArguments whole, IEnumerable<StageKeys> stages, string path, Backend backend)
    {
        using ModelFolder model = ModelFolder.OpenAny(path, backend, splitting: whole.DoImageSplitting);
        model.Model.MergeAdapters();
        foreach (StageKeys stage in stages)
        {
            TrainingArguments arguments = whole.ForStage(stage, path);
            if (FinishedState(arguments.OutputDir) is null || whole.OverwriteOutputDir)
            {
                _ = TrainingRun.CheckModel(arguments, model);
                TrainingRun.OpenData(arguments, model).Dispose();
            }
        }
    }

    // a finished stage of the earlier run would else be taken for one of this
    private static void RemoveEarlierRuns(TrainingArguments whole, IEnumerable<StageKeys> stages)
    {
        if (!whole.OverwriteOutputDir)
        {
            return;
        }

        foreach (string folder in stages.Select(stage => Folder(whole, stage)).Where(Directory.Exists))
        {
            using CheckpointStore store = CheckpointStore.Open(folder);
            store.Begin(overwrite: true);
            string merged = Path.Combine(folder, MergedFolder);
            if (Directory.Exists(merged))
            {
                Directory.Delete(merged, recursive: true);
            }
        }
    }

    /// <summary>The state beside a stage's finished model, which is written last; null while there is none.</summary>
    private static TrainerState? FinishedState(string folder) =>
        File.Exists(Path.Combine(folder, TrainerState.FileName)) ? TrainerState.Read(folder) : null;

    /// <summary>The keys that a finished stage had otherwise.</summary>
    private static string Differences(TrainingArguments arguments)
    {
        string path = Path.Combine(arguments.OutputDir, TrainingArguments.FileName);
        string[] before = File.Exists(path) ? File.ReadAllLines(path) : [];
        string[] names = [.. arguments.ToYaml().Split('\n').Except(before).Select(line => line.Split(':')[0]).Where(name => name is not ("" or "overwrite_output_dir" or "model"))];
        return before.Length == 0 || names.Length == 0
            ? "" : $" (with another {string.Join(", ", names)}; --overwrite_output_dir and resume_from_stage run stages anew)";
    }

    private static TrainingResult ResultOf(TrainerState state) =>
        new(state.GlobalStep, Last(state, "train_loss") ?? 0, Last(state, "eval_loss"), Interrupted: false);

    private static double? Last(TrainerState state, string metric) =>
        state.LogHistory.LastOrDefault(entry => entry.Metrics.ContainsKey(metric)) is { } entry ? entry.Metrics[metric] : null;

    private static string Merged(string adapter, Backend backend, ITrainingObserver observer, CancellationToken cancellation)
    {
        string merged = Path.Combine(adapter, MergedFolder);
        if (!File.Exists(Path.Combine(merged, ConfigFile.Name)))
        {
            observer.OnNote($"merging {adapter} with its model");
            AdapterMerger.Merge(AdapterFolder.BaseOf(adapter), adapter, merged, backend, cancellation: cancellation);
        }

        return merged;
    }

    /// <summary>The model of the last stage, its state and its sample answer; the stage keeps its own, for stages that are added later.</summary>
    private static void CopyModel(TrainingArguments whole, string last)
    {
        string[] stay = [TrainingArguments.FileName, JsonLinesTracker.FileName, LossSpikes.FileName, ProfileReport.FileName, Planning.RunForecast.FileName];
        string[] names = [.. Directory.GetFiles(last).Select(file => Path.GetFileName(file)).Where(name => !stay.Contains(name))];
        using StagedFiles staged = StagedFiles.Create(whole.OutputDir, [.. names, TrainingArguments.FileName], replace: true);
        foreach (string name in names)
        {
            File.Copy(Path.Combine(last, name), staged[name]);
        }

        File.WriteAllText(staged[TrainingArguments.FileName], whole.ToYaml());
        staged.Commit();
    }

    private static string Folder(TrainingArguments whole, StageKeys stage) => Path.Combine(whole.OutputDir, stage.Name);

    /// <summary>Tells which stage a step is of.</summary>
    private sealed class StageObserver(ITrainingObserver observer, string stage) : ITrainingObserver
    {
        public void OnStart(IReadOnlyList<string> trainable, long trainableCount, long allCount, int firstStep, int maxSteps) =>
            observer.OnStart(trainable, trainableCount, allCount, firstStep, maxSteps);

        public void OnStep(StepReport report) => observer.OnStep(report with { Stage = stage });

        public void OnEvaluated(int step, double loss, double seconds) => observer.OnEvaluated(step, loss, seconds);

        public void OnSaved(string folder) => observer.OnSaved(folder);

        public void OnNote(string line) => observer.OnNote(line);

        public void CopyTo(Action<string> line) => observer.CopyTo(line);
    }
}
