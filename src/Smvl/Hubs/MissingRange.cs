namespace Smvl.Hubs;

/// <summary>Bytes of a file that are still to come, in order from <see cref="Position"/>. One thread at a time fetches it.</summary>
internal sealed class MissingRange(long position, long end)
{
    private long position = position;

    /// <summary>Where the next byte goes.</summary>
    public long Position => Volatile.Read(ref position);

    /// <summary>Behind the last byte.</summary>
    public long End { get; } = end;

    /// <summary>Some more are in the file.</summary>
    public void Advance(int bytes) => Volatile.Write(ref position, position + bytes);
}
