namespace Smvl.Bench;

/// <summary>What a measured operation does with its time.</summary>
public enum WorkKind
{
    /// <summary>Floating point operations, beside those of the machine's multiply-adds.</summary>
    Arithmetic,

    /// <summary>Bytes that are read and written, beside those that the machine reads.</summary>
    Traffic,

    /// <summary>Bytes of a file or text, beside nothing.</summary>
    Input,
}

/// <summary>How much work one call is: <paramref name="times"/> the amount of its <see cref="ICase"/>.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class WorkAttribute(WorkKind kind, int times = 1) : Attribute
{
    public WorkKind Kind => kind;

    public int Times => times;
}

/// <summary>The operands of an operation: a row's parameter.</summary>
public interface ICase
{
    /// <summary>Operations of one matrix product, or bytes of one operand.</summary>
    double Amount { get; }
}
