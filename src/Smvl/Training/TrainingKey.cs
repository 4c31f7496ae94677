namespace Smvl.Training;

/// <summary>What a key does to a run.</summary>
internal enum KeyRole
{
    /// <summary>It changes the run.</summary>
    Used,

    /// <summary>It has nothing to act on here: any value of its type is accepted, none changes the run.</summary>
    Inert,

    /// <summary>Only the default is accepted: another value would ask for what this program does not do.</summary>
    Unsupported,

    /// <summary>An older name of another key.</summary>
    Alias,
}

/// <summary>
/// One key of the training configuration: everything that reading, checking, writing, help and the documentation need to know.
/// <see cref="TrainingKeys"/> is the list of them.
/// </summary>
internal abstract class TrainingKey(string name, string doc)
{
    /// <summary>The name in YAML, and behind <c>--</c> on the command line.</summary>
    public string Name { get; } = name;

    /// <summary>One line.</summary>
    public string Doc { get; } = doc;

    public KeyRole Role { get; init; } = KeyRole.Used;

    /// <summary>The name that an <see cref="KeyRole.Alias"/> stands for, else its own.</summary>
    public string CanonicalName { get; init; } = name;

    /// <summary>Type and constraint in words.</summary>
    public abstract string Expected { get; }

    public abstract object? Default { get; }

    /// <summary>True for a key that may stand on the command line without a value.</summary>
    public abstract bool IsFlag { get; }

    /// <summary>True for a file or folder of the machine that runs.</summary>
    public abstract bool IsPath { get; }

    /// <summary>The value of this key's type.</summary>
    /// <exception cref="SmvlException">wrong type, outside the constraint, or not supported</exception>
    public abstract object? Read(RawValue raw);

    /// <summary>A value of this key as null, bool, int, double, string, list of strings or of maps, or map.</summary>
    public abstract object? Plain(object? value);
}

/// <inheritdoc/>
internal sealed class TrainingKey<T>(string name, KeyType<T> type, T defaultValue, string doc) : TrainingKey(name, doc)
{
    /// <summary>A condition beyond the type, in words and as a test.</summary>
    public (string Text, Func<T, bool> Holds)? Constraint { get; init; }

    public override string Expected => Constraint is { } constraint ? $"{type.Name}, {constraint.Text}" : type.Name;

    public override object? Default => defaultValue;

    public override bool IsFlag => typeof(T) == typeof(bool);

    public override bool IsPath => ReferenceEquals(type, KeyTypes.Path);

    public override object? Read(RawValue raw)
    {
        if (raw.IsNull)
        {
            return defaultValue;
        }

        if (raw.Text is not null && type.Refused.TryGetValue(raw.Text, out string? reason))
        {
            throw new SmvlException($"{Name} {raw.Text} is not supported", raw.Where, Expected, raw.Shown, reason);
        }

        bool read = type.TryRead(raw, out T value);
        if (Role == KeyRole.Unsupported && !(read && Equals(value, defaultValue)))
        {
            throw new SmvlException($"{Name} is not supported", raw.Where, ConfigText.Of(Plain(defaultValue)), raw.Shown, Doc);
        }

        if (!read || (Constraint is { } constraint && !constraint.Holds(value)))
        {
            throw new SmvlException($"{Name} has a value that cannot be used", raw.Where, Expected, raw.Shown, "`smvl train --help` lists every key");
        }

        return value;
    }

    public override object? Plain(object? value) => value is null ? null : type.Plain((T)value);
}
