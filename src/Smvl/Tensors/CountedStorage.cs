namespace Smvl.Tensors;

/// <summary>A block of <see cref="CountingBackend"/>: as long as a real one, and no memory.</summary>
internal sealed class CountedBlock(long size) : MemoryBlock(size)
{
    public override void Free()
    {
        // there is nothing to give back
    }
}

/// <summary>A part of a counted block.</summary>
internal sealed class CountedStorage(long byteLength, MemorySegment<CountedBlock> segment, Action<CountedStorage> released) : Storage(byteLength)
{
    public MemorySegment<CountedBlock> Segment { get; } = segment;

    /// <summary>Of what it holds.</summary>
    public MemoryPurpose Purpose { get; set; }

    internal override void Read(long offset, Span<byte> destination) => throw new InvalidOperationException("a counted tensor has no values");

    internal override void Release() => released(this);
}

/// <summary>A mapped file's tensor as <see cref="CountingBackend"/> sees it: resident as far as it was read.</summary>
internal sealed class CountedMapping(long byteLength) : Storage(byteLength)
{
    /// <summary>Bytes that were read since it was last set aside.</summary>
    public long Resident { get; set; }

    internal override void Read(long offset, Span<byte> destination) => throw new InvalidOperationException("a counted tensor has no values");

    internal override void Release()
    {
        // a mapping belongs to its file
    }
}
