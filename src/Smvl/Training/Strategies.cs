namespace Smvl.Training;

/// <summary>When something happens during training (keys <c>logging_strategy</c>, <c>eval_strategy</c>).</summary>
public enum IntervalStrategy
{
    No,
    Steps,
    Epoch,
}

/// <summary>When a checkpoint is written (key <c>save_strategy</c>).</summary>
public enum SaveStrategy
{
    No,
    Steps,
    Epoch,

    /// <summary>After each evaluation that is the best so far.</summary>
    Best,
}

/// <summary>The order in which samples are trained on.</summary>
public enum SamplingStrategy
{
    /// <summary>A new permutation each epoch, from <c>data_seed</c>.</summary>
    Random,

    /// <summary>The dataset's order.</summary>
    Sequential,
}

/// <summary>How parameters are updated (key <c>optim</c>), by transformers' names where it has one.</summary>
public enum OptimizerName
{
    /// <summary>AdamW.</summary>
    AdamwTorch,

    /// <summary>The same.</summary>
    AdamwTorchFused,

    /// <summary>AdamW with moments of one byte an element.</summary>
    AdamwBnb8bit,

    /// <summary>The same.</summary>
    Adamw8bit,

    /// <summary>Lion.</summary>
    Lion32bit,

    /// <summary>Muon for the matrices of layers, AdamW for the rest; transformers has no name for it.</summary>
    Muon,
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
