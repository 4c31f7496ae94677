using Smvl.Data;
using Smvl.Inference;
using Smvl.Models;
using Smvl.Tensors;
using Smvl.Training.Optimizers;

namespace Smvl.Training.Planning;

/// <summary>What a run's own code holds and does, counted.</summary>
/// <param name="Peak">bytes when they are most in training; where the answer at the end takes more, that is in the activations</param>
/// <param name="TensorBytes">the most that tensors in memory of their own take at once</param>
/// <param name="Step">work of a mean optimizer step</param>
/// <param name="EvaluationRow">work of a held-out row's loss</param>
/// <param name="Parameters">of each part</param>
/// <param name="ModelBytes">tensors of a saved model, or adapter</param>
/// <param name="StateBytes">tensors of the training state beside it</param>
/// <param name="Trained">names of the parameters that train, and of those that an adapter is merged with</param>
internal sealed record WalkFigures(
    MemoryCount Peak, long TensorBytes, WorkCount Step, WorkCount EvaluationRow, IReadOnlyList<PartParameters> Parameters, long ModelBytes, long StateBytes,
    IReadOnlyList<string> Trained);

/// <summary>Parameters of a part of the model.</summary>
/// <param name="Part">connector, tower, decoder or head; adapters belong to the part that they stand in</param>
/// <param name="Count">elements</param>
/// <param name="Trained">elements that train, single rows included</param>
public sealed record PartParameters(ModelPart Part, long Count, long Trained);

/// <summary>
/// A run on a backend that has no memory: the model's, the optimizer's and the average's own code goes through opening, some updates, an
/// evaluation, a checkpoint and the answer at the end. It takes milliseconds.
/// </summary>
/// <param name="shape">of the model</param>
/// <param name="arguments">of the run</param>
/// <param name="threads">cores</param>
internal sealed class RunWalk(ModelShape shape, TrainingArguments arguments, int threads)
{
    /// <summary>Text of the question and system prompt that a trained model is asked at the end, and of its answer, in tokens, about.</summary>
    private const int SampleTextTokens = 128;

    /// <param name="typical">micro-batches of the run</param>
    /// <param name="largest">those that take most</param>
    /// <param name="evaluated">held-out rows of a batch; empty without evaluations</param>
    /// <param name="epochs">passes over the data, for what a cache of the tower leaves out</param>
    /// <param name="sampleTiles">tiles of the picture that the trained model is asked about; 0 for none</param>
    public WalkFigures Run(
        IReadOnlyList<SampleShape[]> typical, IReadOnlyList<SampleShape[]> largest, SampleShape[] evaluated, double epochs, int sampleTiles)
    {
        using CountingBackend counting = new(threads);
        ProfilingBackend backend = new(counting);
        using VisionLanguageModel model = shape.Build(backend, counting);
        if (LoraTargets.Of(arguments, model.Parameters) is { } adapters)
        {
            model.AddAdapters(adapters, arguments.Seed);
        }

        TrainedModel.Prepare(model, shape.MarkerIds, arguments);
        foreach (Parameter parameter in model.Trained)
        {
            counting.Classify(parameter.Gradient!, MemoryPurpose.Gradients);
        }

        WalkCache? cache = arguments.VisionCache is null ? null : new WalkCache();
        model.TowerCache = cache;
        counting.Purpose = MemoryPurpose.OptimizerState;
        WeightAverage? average = arguments.UseEma ? new WeightAverage(model, arguments.EmaDecay) : null;
        Optimizer optimizer = new(model, arguments);
        counting.Purpose = MemoryPurpose.Activations;
        backend.Take();

        WorkCount step = new();
        double share = (double)arguments.GradientAccumulationSteps / typical.Count;
        foreach (SampleShape[] batch in typical)
        {
            step.Add(MicroBatch(model, backend, batch), cache is null ? share : share / epochs);
            if (cache is not null)
            {
                cache.Hits = true;
                step.Add(MicroBatch(model, backend, batch), share * (epochs - 1) / epochs);
                cache.Hits = false;
            }
        }

        step.Add(Update(model, backend, optimizer, average), 1);
        foreach (SampleShape[] batch in largest)
        {
            MicroBatch(model, backend, batch);
            Update(model, backend, optimizer, average);
        }

        WorkCount row = new();
        if (evaluated.Length > 0)
        {
            using IDisposable? averaged = average?.InModel();
            using Batch batch = Batch(evaluated);
            model.SampleLosses(batch);
            row.Add(backend.Take(), 1.0 / evaluated.Length);
        }

        long modelBytes = Save(model, counting), stateBytes = StateBytes(model, optimizer, average);
        PartParameters[] parts = [.. Parts(model)];
        string[] trained = [.. model.Parameters.Where(p => !p.IsAdapter && (p.Trainable || p.Adapter is not null)).Select(p => p.Name)];
        MemoryCount training = counting.Peak;
        optimizer.Dispose();
        average?.Dispose();
        Answer(model, sampleTiles);
        MemoryCount peak = training with { Activations = training.Activations + counting.Peak.Total - training.Total };
        return new WalkFigures(peak, counting.MostUsedBytes, step, row, parts, modelBytes, stateBytes, trained);
    }

    private IReadOnlyDictionary<OperationKind, OperationTally> MicroBatch(VisionLanguageModel model, ProfilingBackend backend, SampleShape[] samples)
    {
        using Batch batch = Batch(samples);
        model.SampleLossesAndGradients(batch, 1, EmbeddingNoise.For(arguments.NeftuneNoiseAlpha ?? 0, arguments.Seed, 0, 0));
        return backend.Take();
    }

    private static IReadOnlyDictionary<OperationKind, OperationTally> Update(
        VisionLanguageModel model, ProfilingBackend backend, Optimizer optimizer, WeightAverage? average)
    {
        optimizer.ZeroGradients();
        _ = optimizer.GradientNorm();
        optimizer.Update(multiplier: 1, step: 1, gradientScale: 1);
        model.StoreTrainedRows();
        average?.Update(1);
        return backend.Take();
    }

    /// <summary>A batch whose tiles are pages that nobody touches.</summary>
    private Batch Batch(SampleShape[] samples) => new(
        [.. samples.Select(sample => new Sample(sample.Ids, sample.Labels, new NativeBytes(sample.TileCount * shape.TileBytes), sample.TileCount))],
        shape.ImageTokenId);

    /// <summary>Bytes of the tensors of a saved model; what is stored as it lies in memory is read, the rest converted.</summary>
    private static long Save(VisionLanguageModel model, CountingBackend counting)
    {
        long bytes = 0;
        bool isAdapter = model.Adapters is not null;
        foreach (Parameter parameter in model.Parameters)
        {
            if (isAdapter && AdapterFolder.StoresRows(parameter))
            {
                bytes += parameter.Rows!.Masters.Value.ByteLength;
                continue;
            }

            if (isAdapter && !(parameter.IsAdapter || AdapterFolder.StoresWhole(parameter)))
            {
                continue;
            }

            DType dtype = isAdapter ? parameter.Value.DType : parameter.Trainable ? DType.F32 : parameter.StoredDType;
            counting.Read(parameter.Value);
            if (dtype != parameter.Value.DType)
            {
                counting.Allocate(dtype, parameter.Shape).Dispose();
            }

            bytes += dtype.Bytes(parameter.Shape.Count);
        }

        return bytes;
    }

    private long StateBytes(VisionLanguageModel model, Optimizer optimizer, WeightAverage? average) => arguments.SaveOnlyModel
        ? 0
        : optimizer.StateBytes + model.RowMasters.Sum(rows => rows.Value.ByteLength) + (average is null ? 0 : model.Trained.Sum(p => p.Value.ByteLength));

    private static IEnumerable<PartParameters> Parts(VisionLanguageModel model) =>
        from parameter in model.Parameters
        group parameter by parameter.Part into part
        orderby part.Key
        select new PartParameters(
            part.Key, part.Sum(p => p.Shape.Count), part.Sum(p => p.Trainable ? p.Shape.Count : p.Rows is { } rows ? rows.Masters.Shape.Count : 0));

    /// <summary>A question about a picture, as a chat reads it.</summary>
    private void Answer(VisionLanguageModel model, int tiles)
    {
        int rows = tiles == 0 ? 0 : tiles * shape.Config.ImageSequenceLength;
        using KeyValueCache cache = new(model.Backend, model.TextConfig, rows + SampleTextTokens, DType.F32);
        float[] logits = new float[model.TextConfig.VocabularySize];
        if (tiles == 0)
        {
            model.ContinueLogits(new int[SampleTextTokens], [], cache, logits, default);
            return;
        }

        using NativeBytes picture = new(tiles * shape.TileBytes);
        using Tensor image = model.EncodePicture(picture.Memory, null, sparingly: false, default);
        model.ContinueLogits(
            new int[rows + SampleTextTokens], [new PlacedRows(image, [.. Enumerable.Range(0, image.Shape[0])])], cache, logits, default);
    }

    /// <summary>Has nothing, or everything.</summary>
    private sealed class WalkCache : ITowerCache
    {
        private int tiles;

        public bool Hits { get; set; }

        public string Key(ReadOnlySpan<byte> tile) => FormattableString.Invariant($"{tiles++}");

        public bool TryRead(string key, Span<byte> rows) => Hits;

        public void Add(string key, ReadOnlySpan<byte> rows)
        {
            // nothing is kept
        }
    }
}
