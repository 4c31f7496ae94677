namespace Smvl.Hubs;

/// <summary>What a server sent is not the file that the hub lists.</summary>
/// <param name="expected">of the listing</param>
/// <param name="actual">what came</param>
internal sealed class WrongContentException(string expected, string actual) : Exception
{
    public string Expected { get; } = expected;

    public string Actual { get; } = actual;
}
