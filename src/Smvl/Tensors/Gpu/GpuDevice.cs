using System.Runtime.InteropServices;
using Smvl.Tensors.Gpu.Vulkan;

namespace Smvl.Tensors.Gpu;

/// <summary>
/// A logical device with one queue for computing. Work is collected and handed over in batches: when its results are read, on request, or
/// when a batch has grown large. Work is ordered as it was asked for wherever it touches the same bytes, and nowhere else. All members may
/// be called from any thread; one lock keeps their order.
/// </summary>
internal sealed unsafe class GpuDevice : IDisposable
{
    /// <summary>An upload is staged in pieces of so many bytes at most.</summary>
    private const int UploadPiece = 16 << 20;

    private readonly Lock gate = new();
    private readonly LogicalDevice device;
    private readonly GpuOptions options;
    private readonly KernelLibrary kernels;
    private readonly CommandRecorder recorder;
    private readonly GpuMemory memory;
    private readonly StagingRing staging;
    private readonly DependencyTracker dependencies = new();
    private readonly List<GpuCommand> commands = [];
    private readonly List<byte> constants = [];
    private GpuBlock? readback;
    private bool disposed;

    private GpuDevice(VulkanInstance instance, GpuDeviceInfo info, GpuOptions options)
    {
        this.options = options;
        device = new LogicalDevice(instance, info);
        Capabilities = info.Capabilities with
        {
            Unified = options.Unified ?? info.Capabilities.Unified,
            MaxSharedMemory = options.SharedMemory ?? info.Capabilities.MaxSharedMemory,
        };
        kernels = new KernelLibrary(device, CacheFile("pipelines"), options.Notice);
        recorder = new CommandRecorder(device, kernels.Layout);
        long blockBytes = options.BlockBytes ?? (Capabilities.Unified ? 64L << 20 : 256L << 20);
        memory = new GpuMemory(device, Capabilities.Unified, Math.Min(blockBytes, Capabilities.MaxAllocation), options.MemoryBytes, LetGo);
        staging = new StagingRing(device);
        staging.Take(Batch);
    }

    public GpuDeviceInfo Info => device.Info;

    public GpuCapabilities Capabilities { get; }

    /// <summary>Bytes of all storages, and the most there were at once.</summary>
    public (long Now, long Most) UsedBytes
    {
        get
        {
            lock (gate)
            {
                return (memory.UsedBytes, memory.MostUsedBytes);
            }
        }
    }

    /// <summary>Bytes taken from the driver, data on its way included, and the most there were at once.</summary>
    public (long Now, long Most) TakenBytes
    {
        get
        {
            lock (gate)
            {
                return (device.TakenBytes, device.MostTakenBytes);
            }
        }
    }

    /// <summary>Batches handed over, and how many of them needed no recording.</summary>
    public (ulong Submitted, long Repeated) Batches
    {
        get
        {
            lock (gate)
            {
                return (recorder.Submitted, recorder.Repeated);
            }
        }
    }

    /// <summary>The number of the batch that is being collected.</summary>
    private ulong Batch => recorder.Submitted + 1;

    /// <exception cref="SmvlException">the device cannot be used</exception>
    public static GpuDevice Open(GpuDeviceInfo info, GpuOptions? options = null)
    {
        if (info.Unusable is { } reason)
        {
            throw new SmvlException($"the device cannot be used: {reason}", info.Name, hint: "smvl devices lists what there is");
        }

        return new GpuDevice(VulkanInstance.Instance!, info, options ?? new GpuOptions());
    }

    /// <summary>Where something is kept for this device; null: it is not.</summary>
    /// <param name="kind">what it is: the end of the file's name</param>
    public string? CacheFile(string kind) => options.CacheFolder is { } caches ? GpuCacheFile.PathOf(caches, Info, kind) : null;

    /// <summary>A kernel of the embedded SPIR-V, made once for each name and constants.</summary>
    /// <param name="name">of a line of Shaders/variants.txt</param>
    /// <param name="specialization">values of the shader's constants 0, 1, and so on</param>
    public Kernel Kernel(string name, params ReadOnlySpan<uint> specialization)
    {
        lock (gate)
        {
            return kernels.Get(name, specialization);
        }
    }

    /// <summary>Bytes of the host's memory that tensors have: all of it where the device has none of its own.</summary>
    public long HostBytes
    {
        get
        {
            lock (gate)
            {
                return Capabilities.Unified ? memory.BlockBytes : 0;
            }
        }
    }

    /// <summary>Device memory with undefined contents.</summary>
    /// <exception cref="SmvlException">there is not so much</exception>
    public GpuStorage Allocate(long bytes, MemoryPurpose purpose = MemoryPurpose.Activations)
    {
        lock (gate)
        {
            return new GpuStorage(this, memory.Take(bytes, purpose), bytes, purpose);
        }
    }

    /// <summary>Takes memory back that is not used by what is asked for next.</summary>
    internal void Free(GpuStorage storage)
    {
        lock (gate)
        {
            if (!disposed)
            {
                memory.Return(storage.Segment, storage.Purpose);
            }
        }
    }

    /// <summary>Collects one dispatch of x · y · z workgroups.</summary>
    /// <param name="kernel">of this device</param>
    /// <param name="pushConstants">at most 128 bytes, a multiple of four</param>
    /// <param name="x">workgroups in x</param>
    /// <param name="y">in y</param>
    /// <param name="z">in z</param>
    /// <param name="uses">every byte that it reads or writes, but for those of <see cref="Constant"/></param>
    public void Dispatch<T>(Kernel kernel, in T pushConstants, uint x, uint y, uint z, params ReadOnlySpan<GpuUse> uses)
        where T : unmanaged
    {
        if (sizeof(T) > KernelLibrary.MaxConstantBytes || sizeof(T) % sizeof(uint) != 0)
        {
            throw new ArgumentException($"{sizeof(T)} bytes of push constants", nameof(pushConstants));
        }

        uint most = Capabilities.MaxWorkgroupCount;
        if (x > most || y > most || z > most)
        {
            throw new ArgumentOutOfRangeException(nameof(x), $"{x} x {y} x {z} workgroups of {kernel.Name}, each at most {most}");
        }

        if (x == 0 || y == 0 || z == 0)
        {
            return;
        }

        lock (gate)
        {
            GpuCommand command = new()
            {
                Kind = GpuCommandKind.Dispatch,
                Source = kernel.Pipeline,
                X = x,
                Y = y,
                Z = z,
                Constants = constants.Count,
                ConstantBytes = sizeof(T),
            };
            constants.AddRange(MemoryMarshal.AsBytes(new ReadOnlySpan<T>(in pushConstants)));
            Add(command, uses);
        }
    }

    /// <summary>Collects a copy of bytes; the ranges do not overlap.</summary>
    public void Copy(GpuStorage destination, long destinationOffset, GpuStorage source, long sourceOffset, long bytes)
    {
        if (bytes == 0)
        {
            return;
        }

        lock (gate)
        {
            GpuCommand command = new()
            {
                Kind = GpuCommandKind.Copy,
                Source = source.Segment.Block.Buffer,
                SourceOffset = (ulong)(source.Segment.Offset + sourceOffset),
                Destination = destination.Segment.Block.Buffer,
                DestinationOffset = (ulong)(destination.Segment.Offset + destinationOffset),
                Size = (ulong)bytes,
            };
            Add(command, new GpuUse(source, false, sourceOffset, bytes), new GpuUse(destination, true, destinationOffset, bytes));
        }
    }

    /// <summary>Collects a fill with a pattern of four bytes.</summary>
    /// <param name="destination">where</param>
    /// <param name="offset">of the first byte, a multiple of four</param>
    /// <param name="bytes">how many, a multiple of four</param>
    /// <param name="pattern">in the device's order of bytes</param>
    public void Fill(GpuStorage destination, long offset, long bytes, uint pattern)
    {
        if (((offset | bytes) & 3) != 0)
        {
            throw new ArgumentException($"a fill of {bytes} bytes from {offset}", nameof(bytes));
        }

        if (bytes == 0)
        {
            return;
        }

        lock (gate)
        {
            GpuCommand command = new()
            {
                Kind = GpuCommandKind.Fill,
                X = pattern,
                Destination = destination.Segment.Block.Buffer,
                DestinationOffset = (ulong)(destination.Segment.Offset + offset),
                Size = (ulong)bytes,
            };
            Add(command, new GpuUse(destination, true, offset, bytes));
        }
    }

    /// <summary>Host data into device memory. The source may change as soon as this returns; nothing waits for the device.</summary>
    public void Upload(ReadOnlySpan<byte> source, GpuStorage destination, long offset)
    {
        lock (gate)
        {
            MemorySegment<GpuBlock> segment = destination.Segment;
            if (Capabilities.Unified && segment.LastUse <= recorder.Completed)
            {
                source.CopyTo(new Span<byte>(segment.Block.Mapped + segment.Offset + offset, source.Length));
                return;
            }

            for (int at = 0; at < source.Length; at += UploadPiece)
            {
                ReadOnlySpan<byte> piece = source.Slice(at, Math.Min(UploadPiece, source.Length - at));
                (GpuBlock block, long from) = staging.Reserve(piece.Length);
                piece.CopyTo(new Span<byte>(block.Mapped + from, piece.Length));
                GpuCommand command = new()
                {
                    Kind = GpuCommandKind.Copy,
                    Source = block.Buffer,
                    SourceOffset = (ulong)from,
                    Destination = segment.Block.Buffer,
                    DestinationOffset = (ulong)(segment.Offset + offset + at),
                    Size = (ulong)piece.Length,
                };
                Add(command, new GpuUse(destination, true, offset + at, piece.Length));
            }
        }
    }

    /// <summary>Device memory into the host's: hands over what was collected and waits for it.</summary>
    public void Download(GpuStorage source, long offset, Span<byte> destination)
    {
        lock (gate)
        {
            MemorySegment<GpuBlock> segment = source.Segment;
            if (Capabilities.Unified)
            {
                WaitFor(segment.LastUse);
                new ReadOnlySpan<byte>(segment.Block.Mapped + segment.Offset + offset, destination.Length).CopyTo(destination);
                return;
            }

            readback ??= GpuBlock.TryAllocate(device, UploadPiece, MemoryKinds.Staging | MemoryProperties.HostCached, MemoryKinds.Staging)
                ?? throw new SmvlException("no memory is left that the host shares with the device", Info.Name, hint: "close other programs");
            for (int at = 0; at < destination.Length; at += UploadPiece)
            {
                Span<byte> piece = destination.Slice(at, Math.Min(UploadPiece, destination.Length - at));
                GpuCommand command = new()
                {
                    Kind = GpuCommandKind.Copy,
                    Source = segment.Block.Buffer,
                    SourceOffset = (ulong)(segment.Offset + offset + at),
                    Destination = readback.Buffer,
                    Size = (ulong)piece.Length,
                };
                Add(command, new GpuUse(source, false, offset + at, piece.Length));
                WaitFor(Batch);
                new ReadOnlySpan<byte>(readback.Mapped, piece.Length).CopyTo(piece);
            }
        }
    }

    /// <summary>
    /// Small data of a dispatch, such as ids and positions, for the dispatches that come next: it is overwritten two batches later.
    /// </summary>
    /// <returns>its device address, a multiple of 64; not to be named in a dispatch's uses</returns>
    public ulong Constant(ReadOnlySpan<byte> data)
    {
        lock (gate)
        {
            (GpuBlock block, long offset) = staging.Reserve(Math.Max(data.Length, 1));
            data.CopyTo(new Span<byte>(block.Mapped + offset, data.Length));
            return block.Address + (ulong)offset;
        }
    }

    /// <summary>Hands over what was collected, without waiting for it.</summary>
    public void Flush()
    {
        lock (gate)
        {
            if (commands.Count == 0)
            {
                return;
            }

            recorder.Submit(CollectionsMarshal.AsSpan(commands), CollectionsMarshal.AsSpan(constants));
            commands.Clear();
            constants.Clear();

            // a batch begins behind a barrier; its slot was last used so many batches ago, and by one dispatch or another of the next
            dependencies.Clear();
            if (Batch >= StagingRing.Slots)
            {
                recorder.WaitFor(Batch - StagingRing.Slots + 1);
            }

            staging.Take(Batch);
        }
    }

    /// <summary>Hands over what was collected and waits for everything.</summary>
    public void Wait()
    {
        lock (gate)
        {
            Flush();
            recorder.WaitFor(recorder.Submitted);
        }
    }

    /// <summary>Takes the device for lost, to see what becomes of a program then.</summary>
    internal void Lose()
    {
        lock (gate)
        {
            device.Lost = true;
        }
    }

    public void Dispose()
    {
        lock (gate)
        {
            if (disposed)
            {
                return;
            }

            disposed = true;
            _ = device.Functions.WaitIdle(device.Handle);   // a lost device answers at once
            readback?.Free();
            staging.Dispose();
            memory.FreeAll();
            recorder.Dispose();
            kernels.Dispose();
            device.Dispose();
        }
    }

    private void Add(in GpuCommand command, params ReadOnlySpan<GpuUse> uses)
    {
        if (dependencies.Next(uses))
        {
            commands.Add(new GpuCommand { Kind = GpuCommandKind.Barrier });
        }

        foreach (GpuUse use in uses)
        {
            use.Storage.Segment.LastUse = Batch;
        }

        commands.Add(command);
        if (commands.Count >= options.BatchCommands || staging.BatchBytes >= options.BatchUploadBytes)
        {
            Flush();
        }
    }

    /// <summary>Returns once no command, run, collected or kept to be repeated, uses any memory.</summary>
    private void LetGo()
    {
        Wait();
        recorder.Forget();
    }

    private void WaitFor(ulong batch)
    {
        if (batch >= Batch)
        {
            Flush();
        }

        recorder.WaitFor(Math.Min(batch, recorder.Submitted));
    }
}
