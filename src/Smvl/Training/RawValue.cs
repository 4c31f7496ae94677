namespace Smvl.Training;

/// <summary>
/// A value as the user wrote it, before its key gives it a type: a text, a list, a map, or nothing (all three null: <c>null</c>,
/// <c>~</c> or an empty YAML value, which stand for the key's default).
/// </summary>
/// <param name="Where">file:line or "command line", for error messages</param>
internal sealed record RawValue(string Where)
{
    public string? Text { get; init; }

    public IReadOnlyList<RawValue>? Items { get; init; }

    public IReadOnlyDictionary<string, RawValue>? Fields { get; init; }

    public bool IsNull => Text is null && Items is null && Fields is null;

    /// <summary>The value for an error message.</summary>
    public string Shown =>
        Text is not null ? $"'{Text}'"
        : Items is not null ? $"[{string.Join(", ", Items.Select(item => item.Shown))}]"
        : Fields is not null ? $"{{{string.Join(", ", Fields.Select(entry => $"{entry.Key}: {entry.Value.Shown}"))}}}"
        : "null";
}

/// <summary>One <c>key: value</c> of a source, in its order.</summary>
internal sealed record RawEntry(string Name, RawValue Value);
