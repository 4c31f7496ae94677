namespace Smvl.Training;

/// <summary>
/// What happens after an optimizer step, in this order: log, evaluate, save; then the run stops or goes on. With save_strategy best,
/// saving follows from the evaluation instead.
/// </summary>
/// <remarks>
/// transformers' DefaultFlowCallback (5.12.1, trainer_callback.py). It asks twice where an epoch or the run ends: once for the step,
/// once for the epoch. Here the answers are joined, so that an evaluation by epochs comes before a save by steps that falls on the same
/// step, and a run resumed from that checkpoint has the evaluation in its log.
/// </remarks>
internal readonly record struct StepEvents(bool Log, bool Evaluate, bool Save, bool Stop)
{
    /// <param name="arguments">strategies, eval_delay, logging_first_step</param>
    /// <param name="steps">the run's arithmetic</param>
    /// <param name="step">optimizer steps done, from 1</param>
    public static StepEvents After(TrainingArguments arguments, TrainingSteps steps, int step)
    {
        bool stop = step >= steps.MaxSteps;
        bool epochOver = stop || steps.EndsEpoch(step);

        bool log = arguments.LoggingStrategy switch
        {
            IntervalStrategy.Steps => step % steps.LoggingSteps == 0,
            IntervalStrategy.Epoch => epochOver,
            _ => false,
        };
        bool evaluate = arguments.EvalStrategy switch
        {
            IntervalStrategy.Steps => (stop || step % steps.EvalSteps == 0) && arguments.EvalDelay <= step,
            IntervalStrategy.Epoch => epochOver && arguments.EvalDelay <= steps.Epoch(step),
            _ => false,
        };
        bool save = arguments.SaveStrategy switch
        {
            SaveStrategy.Steps => stop || step % steps.SaveSteps == 0,
            SaveStrategy.Epoch => epochOver,
            _ => false,
        };
        return new StepEvents(log || (step == 1 && arguments.LoggingFirstStep), evaluate, save, stop);
    }
}
