using Smvl.Data;
using Smvl.Formats;
using Smvl.Hubs;
using Smvl.Images;
using Smvl.Inference;
using Smvl.Models;
using Smvl.Tensors;
using Smvl.Tensors.Gpu;
using Smvl.Text;
using Smvl.Tracking;
using Smvl.Training.Planning;

namespace Smvl.Training;

/// <summary>
/// A whole run from its configuration: the model (spliced first when none is named), the data, the checkpoint to continue from, the
/// trainer, and the sample answer at the end. Everything that can be wrong is looked at before the output folder is touched.
/// </summary>
public static class TrainingRun
{
    public const string AnswerFile = "sample_answer.txt";

    private const string DefaultVision = HubResource.VisionFolder;
    private const string DefaultText = HubResource.TextFolder;
    private const string DefaultSplice = "model/SmolVLM2-256M-Qwen3-0.6B";
    private const string SampleSystem = "使用中文回答所有问题。";
    private const int SampleTokens = 64;

    /// <param name="arguments">the run's configuration</param>
    /// <param name="backend">where the model runs; a <see cref="ProfilingBackend"/> asks for a <see cref="ProfileReport"/> of the run's steps</param>
    /// <param name="observer">who watches</param>
    /// <param name="cancellation">stops the run behind its last whole step, which a checkpoint keeps</param>
    /// <exception cref="SmvlException">anything that the user can mend, in one line</exception>
    public static TrainingResult Run(
        TrainingArguments arguments, Backend backend, ITrainingObserver observer, CancellationToken cancellation = default)
    {
        if (backend is GpuBackend { Device: { Capabilities.Unified: true } device })
        {
            arguments = UnifiedMemorySettings.Fit(arguments, UnifiedMemorySettings.Limit(device.Info), observer.OnNote, cancellation);
        }

        if (arguments.Stages is not null)
        {
            return StagedRun.Run(arguments, backend, observer, cancellation);
        }

        using TrackerSet tracker = new(arguments, observer.OnNote);
        observer.CopyTo(line => tracker.LogConsole(line, isError: false));
        try
        {
            TrainingResult result = Run(arguments, backend, tracker, observer, cancellation);
            tracker.OnEnd(new RunEnd(result.Interrupted ? RunState.Interrupted : RunState.Finished));
            return result;
        }
        catch (Exception exception)
        {
            bool stopped = exception is OperationCanceledException && cancellation.IsCancellationRequested;
            tracker.OnEnd(stopped ? new RunEnd(RunState.Interrupted) : new RunEnd(RunState.Failed, exception.Message.ReplaceLineEndings(" ")));
            throw;
        }
    }

    private static TrainingResult Run(
        TrainingArguments arguments, Backend backend, TrackerSet tracker, ITrainingObserver observer, CancellationToken cancellation)
    {
        using RgbImage picture = SamplePictureOf(arguments);
        Checkpoint? start = FindStart(arguments);
        bool isAdapted = arguments.LoraRank is not null;   // then a checkpoint holds the adapters, and not their model
        string modelFolder = (isAdapted ? null : start?.Folder) ?? BaseModel(arguments, observer, cancellation);
        if (start is not null)
        {
            observer.OnNote($"continuing from {start.Folder}, step {start.Step}");
        }

        using FiniteWatch watched = new(backend);
        using ModelFolder model = ModelFolder.OpenAny(modelFolder, watched, observer.OnNote, arguments.DoImageSplitting);
        Adapt(arguments, model, modelFolder, start, observer);
        foreach (string note in CheckModel(arguments, model))
        {
            observer.OnNote(note);
        }

        using TrainingData data = OpenData(arguments, model);
        foreach (string note in data.Notes)
        {
            observer.OnNote(note);
        }

        int sampleTiles = model.Model.TakesPictures ? model.Images.Plan(picture.Width, picture.Height).TileCount : 0;
        RunForecast? forecast = RunForecast.Begin(arguments, model, data, backend, start?.Step ?? 0, sampleTiles, observer);
        CheckpointStore store = CheckpointStore.Open(arguments.OutputDir, arguments.OverwriteOutputDir);
        StepProfile? profile = backend is ProfilingBackend profiling ? new StepProfile(profiling) : null;
        Trainer trainer = new(arguments, model, data, store, start, tracker, forecast ?? observer, profile);
        TrainingResult result = trainer.Run(cancellation);
        if (data.Summary() is { } summary)
        {
            observer.OnNote(summary);
        }

        if (profile?.Report() is { } report)
        {
            report.Write(arguments.OutputDir);
            foreach (string line in report.Lines())
            {
                observer.OnNote(line);
            }
        }

        if (!result.Interrupted)
        {
            AnswerSample(arguments, model, picture, result, tracker, observer, cancellation);
        }

        forecast?.End(arguments.OutputDir);
        return result;
    }

    /// <summary>The picture that the trained model is asked about.</summary>
    internal static RgbImage SamplePictureOf(TrainingArguments arguments) =>
        arguments.SampleImage is null ? SamplePicture.Load() : ImageDecoder.DecodeFile(arguments.SampleImage);

    /// <summary>A layout is chosen once: the embedding has its rows, and the connector has learnt with its strings.</summary>
    internal static void CheckLayout(TrainingArguments arguments, ModelFolder model)
    {
        if (arguments.ImageLayout is { } wanted && wanted != model.Layout)
        {
            throw new SmvlException(
                "the model was spliced with another image layout", arguments.Origin(TrainingKeys.ImageLayout),
                model.Layout is { } has ? $"{has.Name}, as {model.Path} has it" : $"none: {model.Path} is a text model alone", wanted.Name,
                $"leave the key out, or splice anew with --image_layout {wanted.Name}");
        }
    }

    /// <summary>What the model can refute of a configuration; what is left to say comes back as lines.</summary>
    /// <param name="arguments">of the run, or of one of its stages</param>
    /// <param name="model">with the adapters that it has already, or without them</param>
    /// <exception cref="SmvlException">keys that do not fit the model</exception>
    internal static IReadOnlyList<string> CheckModel(TrainingArguments arguments, ModelFolder model)
    {
        CheckLayout(arguments, model);
        FreezeRules rules = new(arguments);
        IReadOnlyList<string> notes = rules.Check(model.Model.Parameters, model.Path, model.MarkerIds.Count > 0);
        LoraConfig? adapters = LoraTargets.Of(arguments, model.Model.Parameters);
        CheckVisionCache(arguments, model.Model, weight => rules.Trains(weight) || adapters?.Modules.Contains(LoraAdapter.ModuleOf(weight)) == true);
        return notes;
    }

    private static void CheckVisionCache(TrainingArguments arguments, VisionLanguageModel model, Func<Parameter, bool> trains)
    {
        if (arguments.VisionCache is not { } cache)
        {
            return;
        }

        if (!model.TakesPictures)
        {
            throw new SmvlException("there is no vision tower whose output could be kept", "vision_cache", "a spliced model", "a text model alone", "leave out vision_cache");
        }

        if (model.Parameters.FirstOrDefault(parameter => VisionCache.IsOfTower(parameter) && trains(parameter)) is { } trained)
        {
            throw new SmvlException(
                $"the vision tower trains ({trained.Name}), so that what is kept of its output would be wrong after the first step", "vision_cache", "a frozen tower",
                $"'{cache}'", "leave out vision_cache, or freeze the tower");
        }
    }

    /// <summary>The folder that a new run begins with.</summary>
    internal static string BaseModel(TrainingArguments arguments, ITrainingObserver observer, CancellationToken cancellation) =>
        FindModel(arguments, observer.OnNote) ?? SpliceDefault(arguments, observer, cancellation);

    /// <summary>The rows that a run learns from, as samples of its model.</summary>
    /// <exception cref="SmvlException">no such data, or samples that could hold no picture</exception>
    internal static TrainingData OpenData(TrainingArguments arguments, ModelFolder model)
    {
        SampleRules rules = arguments.SampleRules;
        if (model.Model.TakesPictures && !model.Prompts.TrySample([new("", "")], [ImageGrid.Whole], rules, out TrainingText shortest))
        {
            throw new SmvlException("one tile's image rows do not fit", "max_length", $"at least {shortest.ImageEnd}", $"{arguments.MaxLength}", "raise it");
        }

        return TrainingData.Open(
            arguments, new SampleBuilder(model.Model.TakesPictures ? model.Images : null, model.Prompts, rules), model.Prompts.ImageTokenId);
    }

    /// <summary>The model with new adapters, or with the checkpoint's; one that had some already is merged with them.</summary>
    private static void Adapt(TrainingArguments arguments, ModelFolder model, string modelFolder, Checkpoint? start, ITrainingObserver observer)
    {
        if (model.Model.Adapters is { } earlier && start?.Folder != modelFolder)
        {
            if (arguments.LoraRank is not null)
            {
                throw new SmvlException("the model is an adapter already", modelFolder, "a model for new adapters to stand beside", hint: "smvl merge BASE ADAPTER --output DIR makes one");
            }

            observer.OnNote($"{modelFolder} is an adapter: its {earlier.List.Count} layers are merged with their model before training");
            model.Model.MergeAdapters();
        }

        if (LoraTargets.Of(arguments, model.Model.Parameters) is { } config)
        {
            model.Model.AddAdapters(config, arguments.Seed);
            if (start is not null)
            {
                AdapterFolder.Load(model.Model, start.Folder);
            }
        }
    }

    /// <summary>A missing output folder is not made before the rest is known to be right.</summary>
    internal static Checkpoint? FindStart(TrainingArguments arguments)
    {
        if (arguments.OverwriteOutputDir || (!Directory.Exists(arguments.OutputDir) && arguments.ResumeFromCheckpoint is null))
        {
            return null;
        }

        return CheckpointStore.Open(arguments.OutputDir, overwrite: false).FindStart(arguments.ResumeFromCheckpoint);
    }

    /// <summary>The folder that a new run begins with; null where it has to be spliced first.</summary>
    internal static string? FindModel(TrainingArguments arguments, Action<string> notice)
    {
        if (arguments.Model is { } named)
        {
            return LocalModels.OfProcess.Find(named, notice);
        }

        if (!Directory.Exists(DefaultSplice) || !Directory.EnumerateFileSystemEntries(DefaultSplice).Any())
        {
            return null;
        }

        notice($"model: {DefaultSplice}, spliced earlier");
        return DefaultSplice;
    }

    private static string SpliceDefault(TrainingArguments arguments, ITrainingObserver observer, CancellationToken cancellation)
    {
        foreach (string source in (ReadOnlySpan<string>)[DefaultVision, DefaultText])
        {
            if (!Directory.Exists(source))
            {
                throw new SmvlException(
                    "no model is named, and the folder to splice one from is missing", source, hint: "smvl download resources fetches it, or name a spliced folder as model");
            }
        }

        observer.OnNote($"splicing {DefaultVision} and {DefaultText} into {DefaultSplice}");
        Splicer.Splice(new SpliceOptions(DefaultVision, DefaultText, DefaultSplice) { Seed = arguments.Seed, Layout = arguments.ImageLayout ?? ImageLayout.Tokens }, observer.OnNote, cancellation: cancellation);
        return DefaultSplice;
    }

    /// <summary>The original scripts' last act: a question about a picture, answered by the trained model, kept beside it.</summary>
    private static void AnswerSample(
        TrainingArguments arguments, ModelFolder model, RgbImage picture, TrainingResult result, ITracker tracker, ITrainingObserver observer,
        CancellationToken cancellation)
    {
        using ChatSession session = new(model);
        Prompt prompt = session.Prepare(
            [
                ChatMessage.FromText("system", SampleSystem),
                model.Model.TakesPictures
                    ? new ChatMessage("user", ContentPart.Image, new ContentPart(arguments.SampleQuestion))
                    : ChatMessage.FromText("user", arguments.SampleQuestion),
            ],
            model.Model.TakesPictures ? [picture] : [],
            thinking: false);
        ChatAnswer answer = session.Answer(
            prompt, ChatSession.Defaults(model.Generation) with { Seed = arguments.Seed }, SampleTokens, cancellation: cancellation);
        string text = $"{SampleSystem}\n{arguments.SampleQuestion}\n{answer.Text}\n";
        AtomicFile.Write(Path.Combine(arguments.OutputDir, AnswerFile), stream => stream.Write(System.Text.Encoding.UTF8.GetBytes(text)));
        bool pictured = model.Model.TakesPictures;
        tracker.LogSample(new SampleAnswer(
            result.Step,
            arguments.SampleQuestion,
            answer.Text,
            model.Tokenizer.Decode([.. prompt.Ids, .. answer.Tokens.Select(token => token.Id)]),
            pictured ? LibGd.EncodePng(picture) : null,
            picture.Width,
            picture.Height));
        observer.OnNote($"sample answer ({arguments.SampleQuestion}): {answer.Text.ReplaceLineEndings(" ")}");
    }
}
