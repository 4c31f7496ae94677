using Smvl.Tensors.Cpu;

namespace Smvl.Tensors;

/// <summary>A pooled block of <see cref="CountingBackend"/>: as long as a real one, and no memory.</summary>
internal sealed class CountedBlock(long byteLength, Action<CountedBlock> recycle) : Storage(byteLength), IPooledBlock
{
    /// <summary>Of what it holds now.</summary>
    public MemoryPurpose Purpose { get; set; }

    /// <summary>Hears that nobody needs it any more.</summary>
    public Action<CountedBlock>? Released { get; set; }

    internal override void Read(long offset, Span<byte> destination) => throw new InvalidOperationException("a counted tensor has no values");

    public void Free()
    {
        // there is nothing to give back
    }

    internal override void Release()
    {
        Released?.Invoke(this);
        recycle(this);
    }
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
