using System.Runtime.InteropServices;

namespace Smvl.Tensors.Gpu;

internal enum GpuCommandKind : uint
{
    Dispatch,
    Copy,
    Fill,
    Barrier,
}

/// <summary>One command as it is collected, without padding, so that two lists of them are the same if their bytes are.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct GpuCommand
{
    public GpuCommandKind Kind;

    /// <summary>Of a dispatch: workgroups. Of a fill: the pattern in X.</summary>
    public uint X;
    public uint Y;
    public uint Z;

    /// <summary>Of a dispatch: where its push constants lie among the batch's, and how many bytes they have.</summary>
    public int Constants;
    public int ConstantBytes;

    /// <summary>Of a dispatch: its pipeline. Of a copy: the buffer it reads.</summary>
    public ulong Source;
    public ulong SourceOffset;

    /// <summary>Of a copy or fill: the buffer it writes.</summary>
    public ulong Destination;
    public ulong DestinationOffset;
    public ulong Size;
}
