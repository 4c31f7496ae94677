using Smvl.Data;

namespace Smvl.Training.Planning;

/// <summary>
/// Makes plans of one opened model: from a sample of the run's rows, and a walk through the run's own code without memory.
/// </summary>
/// <param name="shape">of the model</param>
/// <param name="runtime">bytes that the process will have besides (<see cref="RuntimeMemory"/>)</param>
/// <param name="threads">cores to compute on</param>
internal sealed class RunPlanner(ModelShape shape, long runtime, int threads)
{
    /// <summary>Micro-batches of the sample that a mean step is made of.</summary>
    private const int TypicalBatches = 12;

    // libgd has 4 bytes for a pixel beside our 3; a picture is resized twice on its way to tiles
    private const long DecodedPixel = 7, Resized = 3;

    /// <param name="arguments">of a run, or of one of its stages</param>
    /// <param name="sample">rows of it</param>
    /// <param name="evaluated">held-out rows; empty where none are evaluated</param>
    /// <param name="steps">the run's arithmetic</param>
    /// <param name="heldOut">held-out rows of the whole data</param>
    /// <param name="firstStep">steps that were done before</param>
    /// <param name="sampleTiles">tiles of the picture that the trained model is asked about</param>
    public RunPlan Plan(
        TrainingArguments arguments, DataSample sample, IReadOnlyList<SampleShape> evaluated, TrainingSteps steps, int heldOut, int firstStep, int sampleTiles)
    {
        IReadOnlyList<SampleShape[]> batches = sample.Batches(arguments), typical = [.. batches.Take(TypicalBatches)];
        IReadOnlyList<SampleShape[]> largest = sample.Largest(arguments, (long)steps.MaxSteps * steps.Accumulation);
        double epochs = Math.Max(1, steps.Epoch(steps.MaxSteps));
        (int evaluations, int checkpoints) = Events(arguments, steps, firstStep);
        bool evaluates = evaluations > 0 || arguments.EvalOnStart;
        SampleShape[] evaluatedBatch = !evaluates ? [] : [.. evaluated.OrderByDescending(row => row.Ids.Length).Take(arguments.PerDeviceEvalBatchSize)];
        WalkFigures walk = new RunWalk(shape, arguments, threads).Run(typical, largest, evaluatedBatch, epochs, sampleTiles);
        PlannedMemory memory = new(
            runtime, walk.Peak.Weights, walk.Peak.Gradients, walk.Peak.Optimizer, walk.Peak.Activations, walk.Peak.Scratch,
            DataBytes(arguments, batches, largest, evaluatedBatch));
        IReadOnlyList<SampleShape> shapes = sample.Shapes;
        double samplesPerStep = batches.Average(batch => batch.Length) * steps.Accumulation;
        double tokens = shapes.Average(row => row.Ids.Length);
        PlannedData data = new(
            shapes.Count, tokens, shapes.Max(row => row.Ids.Length), shapes.Average(row => row.TileCount), shapes.Max(row => row.TileCount), samplesPerStep,
            batches.Average(batch => batch.Sum(row => row.Ids.Length)) * steps.Accumulation);
        return new RunPlan(
            arguments, walk.Parameters, memory, walk.TensorBytes, data, firstStep, steps.MaxSteps, epochs, evaluations,
            evaluates ? heldOut + (2 * Math.Min(arguments.VisualGainRows, heldOut)) : 0, checkpoints, walk.ModelBytes, walk.StateBytes)
        {
            StepWork = walk.Step,
            EvaluationRowWork = walk.EvaluationRow,
            Trained = walk.Trained,
        };
    }

    private static (int Evaluations, int Checkpoints) Events(TrainingArguments arguments, TrainingSteps steps, int firstStep)
    {
        int evaluations = arguments.EvalOnStart && firstStep == 0 ? 1 : 0, saves = 0;
        for (int step = firstStep + 1; step <= steps.MaxSteps; step++)
        {
            StepEvents events = StepEvents.After(arguments, steps, step);
            evaluations += events.Evaluate ? 1 : 0;
            saves += events.Save || (events.Evaluate && arguments.SaveStrategy == SaveStrategy.Best) ? 1 : 0;
        }

        return (evaluations, Math.Min(saves, arguments.SaveTotalLimit ?? saves));
    }

    /// <summary>An update's batches, as many loaded ahead, pictures that are being cut on every core; or the same ahead beside an evaluation's.</summary>
    private long DataBytes(TrainingArguments arguments, IReadOnlyList<SampleShape[]> batches, IReadOnlyList<SampleShape[]> largest, SampleShape[] evaluated)
    {
        if (!shape.TakesPictures)
        {
            return 0;
        }

        long Tiles(SampleShape[] batch) => batch.Sum(row => (long)row.TileCount * shape.TileBytes);
        int ahead = arguments.GradientAccumulationSteps;
        double mean = batches.Average(Tiles);
        long most = largest.Max(Tiles);
        SampleShape[] all = [.. batches.SelectMany(batch => batch)];
        long cut = (from row in all
                    let tiles = (long)row.TileCount * shape.TileBytes
                    select row.FileBytes + Math.Max(DecodedPixel * row.LargestPicture, (3 * row.LargestPicture) + (Resized * tiles))).Max();
        return most + (long)(((2 * ahead) - 1) * mean) + (Math.Min(threads, ahead * all.Length) * cut) + Math.Max(0, (2 * Tiles(evaluated)) - (long)(ahead * mean));
    }
}
