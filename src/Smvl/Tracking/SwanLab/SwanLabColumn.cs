namespace Smvl.Tracking.SwanLab;

/// <summary>A key that is logged, announced before its first value.</summary>
/// <param name="Index">columns before it</param>
/// <param name="Key">up to its first slash it names a section</param>
/// <param name="Type">of its values</param>
internal sealed record SwanLabColumn(int Index, string Key, SwanLabType Type)
{
    /// <summary>Null where the key has none.</summary>
    public string? Section => Key.IndexOf('/', StringComparison.Ordinal) is > 0 and int slash ? Key[..slash] : null;
}
