namespace Smvl.Training;

/// <summary>When something happens during training (keys <c>logging_strategy</c>, <c>eval_strategy</c>, <c>save_strategy</c>).</summary>
public enum IntervalStrategy
{
    No,
    Steps,
    Epoch,
}

/// <summary>The order in which samples are trained on.</summary>
public enum SamplingStrategy
{
    /// <summary>A new permutation each epoch, from <c>data_seed</c>.</summary>
    Random,

    /// <summary>The dataset's order.</summary>
    Sequential,
}

/// <summary>Accepted names of the one optimizer; they mean the same arithmetic.</summary>
public enum OptimizerName
{
    AdamwTorch,
    AdamwTorchFused,
}

/// <summary>The learning rate's course (key <c>lr_scheduler_type</c>); formulas in <see cref="LearningRateSchedule"/>.</summary>
public enum ScheduleType
{
    Linear,
    Cosine,
    CosineWithRestarts,
    Polynomial,
    Constant,
    ConstantWithWarmup,
    InverseSqrt,
    CosineWithMinLr,
    CosineWarmupWithMinLr,
    WarmupStableDecay,
}
