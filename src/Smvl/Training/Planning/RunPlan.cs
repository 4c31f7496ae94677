namespace Smvl.Training.Planning;

/// <summary>Bytes of a run's process when they are most, by kind.</summary>
/// <param name="Runtime">what the process had before the run, compiled code, the collector's heap, stacks</param>
/// <param name="Weights">values of parameters, mapped files as far as they are resident at that moment</param>
/// <param name="Gradients">of parameters</param>
/// <param name="Optimizer">its state, and an average of the weights</param>
/// <param name="Activations">of a step, freed memory that is kept for reuse included</param>
/// <param name="Kernels">packed sides of products and attention</param>
/// <param name="Data">tiles of the batches that are worked on and loaded ahead, and pictures being cut</param>
public sealed record PlannedMemory(long Runtime, long Weights, long Gradients, long Optimizer, long Activations, long Kernels, long Data)
{
    public long Total => Runtime + Weights + Gradients + Optimizer + Activations + Kernels + Data;

    /// <summary>Name and bytes of each kind.</summary>
    public IEnumerable<(string Name, long Bytes)> Kinds =>
    [
        ("weights", Weights), ("gradients", Gradients), ("optimizer", Optimizer), ("activations", Activations), ("kernels", Kernels), ("data", Data), ("runtime", Runtime),
    ];
}

/// <summary>What the sampled rows say of a run's data.</summary>
/// <param name="Rows">that were looked at and can be used</param>
/// <param name="TokensPerSample">mean, image rows with them</param>
/// <param name="LargestSample">tokens of the longest</param>
/// <param name="TilesPerSample">mean</param>
/// <param name="MostTiles">of a sample</param>
/// <param name="SamplesPerStep">mean of an optimizer step</param>
/// <param name="TokensPerStep">mean of an optimizer step</param>
public sealed record PlannedData(
    int Rows, double TokensPerSample, int LargestSample, double TilesPerSample, int MostTiles, double SamplesPerStep, double TokensPerStep);

/// <summary>What a run would be, before it begins.</summary>
/// <param name="Arguments">of the run</param>
/// <param name="Parts">parameters</param>
/// <param name="Memory">peak of the process's resident memory</param>
/// <param name="Tensors">of that, the most that tensors in memory of their own are at once, nothing that is kept for reuse</param>
/// <param name="Data">the rows</param>
/// <param name="FirstStep">steps that were done by the run that this one continues</param>
/// <param name="Steps">optimizer steps in all</param>
/// <param name="Epochs">passes over the data</param>
/// <param name="Evaluations">of the held-out rows, in the steps that are left</param>
/// <param name="EvaluationRows">rows of an evaluation, those with other pictures too</param>
/// <param name="Checkpoints">that are kept</param>
/// <param name="ModelBytes">of a checkpoint's model</param>
/// <param name="StateBytes">of a checkpoint's training state</param>
public sealed record RunPlan(
    TrainingArguments Arguments, IReadOnlyList<PartParameters> Parts, PlannedMemory Memory, long Tensors, PlannedData Data, int FirstStep, int Steps, double Epochs,
    int Evaluations, int EvaluationRows, int Checkpoints, long ModelBytes, long StateBytes)
{
    /// <summary>The work of a mean step.</summary>
    internal WorkCount StepWork { get; init; } = new();

    /// <summary>The work of a held-out row.</summary>
    internal WorkCount EvaluationRowWork { get; init; } = new();

    /// <summary>Names of parameters that another stage finds changed.</summary>
    internal IReadOnlyList<string> Trained { get; init; } = [];

    /// <summary>Bytes of the checkpoints that are kept, and of the trained model beside them.</summary>
    public long DiskBytes => (Checkpoints * (ModelBytes + StateBytes)) + ModelBytes;

    /// <summary>10⁹ floating point operations of a mean step.</summary>
    public double StepGflop => StepWork.Flop / 1e9;

    /// <summary>Measured on this machine; null where nobody measured.</summary>
    public PlannedTime? Time { get; init; }
}

/// <summary>How long a run takes on this machine.</summary>
/// <param name="SecondsPerStep">loading its samples included</param>
/// <param name="EvaluationSeconds">of one evaluation</param>
/// <param name="TotalSeconds">of all steps and evaluations that are left</param>
/// <param name="MeasuredSeconds">that the measurement took</param>
public sealed record PlannedTime(double SecondsPerStep, double EvaluationSeconds, double TotalSeconds, double MeasuredSeconds);
