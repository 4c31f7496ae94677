namespace Smvl.Tensors;

/// <summary>The kinds of operations that a profile tells apart.</summary>
public enum OperationKind
{
    LinearForward,

    /// <summary>Products of so few rows that reading the weight is what takes the time.</summary>
    LinearForwardFewRows,
    LinearBackwardInput,
    LinearBackwardParameters,
    AttentionForward,
    AttentionBackward,
    NormForward,
    NormBackward,
    Rope,
    ActivationForward,
    ActivationBackward,
    Elementwise,
    Gather,
    Copy,
    Picture,
    Loss,
    Optimizer,
    Allocation,
}

/// <summary>What the work of a kind is counted in.</summary>
public enum WorkUnit
{
    /// <summary>Floating-point operations, a multiplication and its addition as two.</summary>
    Flop,

    /// <summary>Bytes read and written.</summary>
    Byte,
}

/// <summary>Names and units of <see cref="OperationKind"/>.</summary>
public static class OperationKinds
{
    /// <summary>For tables and files.</summary>
    public static string Label(this OperationKind kind) => kind switch
    {
        OperationKind.LinearForward => "linear forward",
        OperationKind.LinearForwardFewRows => "linear forward, few rows",
        OperationKind.LinearBackwardInput => "linear dX",
        OperationKind.LinearBackwardParameters => "linear dW",
        OperationKind.AttentionForward => "attention forward",
        OperationKind.AttentionBackward => "attention backward",
        OperationKind.NormForward => "norm forward",
        OperationKind.NormBackward => "norm backward",
        OperationKind.Rope => "rope",
        OperationKind.ActivationForward => "activation forward",
        OperationKind.ActivationBackward => "activation backward",
        OperationKind.Elementwise => "add, scale, fill",
        OperationKind.Gather => "gather and put rows",
        OperationKind.Copy => "copy, upload, download",
        OperationKind.Picture => "patches, pixel shuffle",
        OperationKind.Loss => "loss",
        OperationKind.Optimizer => "optimizer",
        OperationKind.Allocation => "allocation",
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, null),
    };

    /// <summary>What is counted; null where time alone is.</summary>
    public static WorkUnit? Unit(this OperationKind kind) => kind switch
    {
        <= OperationKind.AttentionBackward => WorkUnit.Flop,
        OperationKind.Allocation => null,
        _ => WorkUnit.Byte,
    };
}
