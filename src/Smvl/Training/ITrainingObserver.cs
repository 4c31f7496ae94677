namespace Smvl.Training;

/// <summary>One optimizer step, done.</summary>
/// <param name="Step">steps done, from 1</param>
/// <param name="MaxSteps">steps of the run</param>
/// <param name="Epoch">epochs done, as a fraction</param>
/// <param name="Loss">mean cross entropy of the step's targets</param>
/// <param name="LearningRate">of this update</param>
/// <param name="GradientNorm">before clipping</param>
/// <param name="Tokens">tokens of the step, image rows included</param>
/// <param name="Seconds">of this step</param>
public sealed record StepReport(
    int Step, int MaxSteps, double Epoch, double Loss, double LearningRate, double GradientNorm, int Tokens, double Seconds)
{
    /// <summary>Number and name of the stage; null in a run without stages.</summary>
    public string? Stage { get; init; }

    /// <summary>Seconds before the step until its samples were there.</summary>
    public double Waited { get; init; }
}

/// <summary>Watches a run, to show it; it cannot change it.</summary>
public interface ITrainingObserver
{
    /// <summary>Once, before the first step.</summary>
    /// <param name="trainable">what will be trained, a line for tensors that are alike: names, shapes, sizes, rates</param>
    /// <param name="trainableCount">elements of them</param>
    /// <param name="allCount">elements of the whole model</param>
    /// <param name="firstStep">steps already done by the run that this one continues</param>
    /// <param name="maxSteps">steps in all</param>
    void OnStart(IReadOnlyList<string> trainable, long trainableCount, long allCount, int firstStep, int maxSteps);

    void OnStep(StepReport report);

    /// <param name="step">steps done</param>
    /// <param name="loss">mean loss of the held-out rows</param>
    /// <param name="seconds">it took</param>
    void OnEvaluated(int step, double loss, double seconds);

    /// <param name="folder">a complete checkpoint, or the finished model</param>
    void OnSaved(string folder);

    /// <summary>A line for the user.</summary>
    void OnNote(string line);

    /// <summary>From here on, every line that the user is shown goes to a second place too: the console of the run's log.</summary>
    /// <param name="line">takes a line</param>
    void CopyTo(Action<string> line);
}
