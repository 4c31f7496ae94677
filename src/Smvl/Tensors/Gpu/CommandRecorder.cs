using System.IO.Hashing;
using System.Runtime.InteropServices;
using Smvl.Tensors.Gpu.Vulkan;

namespace Smvl.Tensors.Gpu;

/// <summary>
/// Turns collected commands into command buffers and submits them, signalling a semaphore that counts batches. A list that equals one
/// recorded before is submitted again as it is.
/// </summary>
internal sealed unsafe class CommandRecorder : IDisposable
{
    /// <summary>Recordings that are kept: a step's batches, each in every staging slot, evaluation's, and some more.</summary>
    private const int MostRecordings = 64;

    private const uint ComputeBindPoint = 1;
    private const uint ComputeStage = 0x20;
    private const uint Resettable = 2;
    private const uint SimultaneousUse = 4;

    private readonly LogicalDevice device;
    private readonly ulong layout;
    private readonly ulong pool;
    private readonly ulong semaphore;
    private readonly List<Recording> recordings = [];

    /// <param name="device">whose queue</param>
    /// <param name="layout">the layout of all kernels</param>
    public CommandRecorder(LogicalDevice device, ulong layout)
    {
        this.device = device;
        this.layout = layout;
        CommandPoolCreateInfo info = new()
        {
            Type = StructureType.CommandPoolCreateInfo,
            Flags = Resettable,
            Family = device.Info.QueueFamily,
        };
        ulong created;
        device.Check(device.Functions.CreateCommandPool(device.Handle, &info, null, &created), "make a command pool");
        pool = created;
        SemaphoreTypeCreateInfo timeline = new() { Type = StructureType.SemaphoreTypeCreateInfo, SemaphoreType = 1 };   // VK_SEMAPHORE_TYPE_TIMELINE
        FlagsCreateInfo semaphoreInfo = new() { Type = StructureType.SemaphoreCreateInfo, Next = &timeline };
        device.Check(device.Functions.CreateSemaphore(device.Handle, &semaphoreInfo, null, &created), "make a semaphore");
        semaphore = created;
    }

    /// <summary>Batches submitted.</summary>
    public ulong Submitted { get; private set; }

    /// <summary>Batches that were submitted as they had been recorded before; all others were recorded.</summary>
    public long Repeated { get; private set; }

    /// <summary>Batches that the device has done.</summary>
    public ulong Completed
    {
        get
        {
            ulong value;
            device.Check(device.Functions.GetSemaphoreValue(device.Handle, semaphore, &value), "ask how far the device is");
            return value;
        }
    }

    /// <summary>Submits commands as the next batch.</summary>
    public void Submit(ReadOnlySpan<GpuCommand> commands, ReadOnlySpan<byte> constants)
    {
        device.CheckNotLost();
        Recording recording = Find(commands, constants) ?? Record(commands, constants);
        ulong value = Submitted + 1, signal = semaphore;
        nint buffer = recording.Buffer;
        TimelineSubmitInfo timeline = new() { Type = StructureType.TimelineSemaphoreSubmitInfo, SignalCount = 1, SignalValues = &value };
        SubmitInfo info = new()
        {
            Type = StructureType.SubmitInfo,
            Next = &timeline,
            CommandBufferCount = 1,
            CommandBuffers = &buffer,
            SignalCount = 1,
            SignalSemaphores = &signal,
        };
        device.Check(device.Functions.QueueSubmit(device.Queue, 1, &info, 0), "hand work to the device");
        Submitted = value;
        recording.LastBatch = value;
    }

    /// <summary>Returns once a batch and all before it are done.</summary>
    public void WaitFor(ulong batch)
    {
        ulong signal = semaphore;
        SemaphoreWaitInfo info = new() { Type = StructureType.SemaphoreWaitInfo, Count = 1, Semaphores = &signal, Values = &batch };
        device.Check(device.Functions.WaitSemaphores(device.Handle, &info, ulong.MaxValue), "wait for the device");
    }

    /// <summary>No recording is repeated any more: what they use is given back.</summary>
    public void Forget() => recordings.ForEach(recording => recording.Forget());

    public void Dispose()
    {
        device.Functions.DestroySemaphore(device.Handle, semaphore, null);
        device.Functions.DestroyCommandPool(device.Handle, pool, null);
    }

    private Recording? Find(ReadOnlySpan<GpuCommand> commands, ReadOnlySpan<byte> constants)
    {
        ulong hash = Hash(commands, constants);
        foreach (Recording recording in recordings)
        {
            if (recording.Hash == hash && recording.Equals(commands, constants))
            {
                Repeated++;
                return recording;
            }
        }

        return null;
    }

    private static ulong Hash(ReadOnlySpan<GpuCommand> commands, ReadOnlySpan<byte> constants) =>
        XxHash3.HashToUInt64(constants, (long)XxHash3.HashToUInt64(MemoryMarshal.AsBytes(commands)));

    private Recording Record(ReadOnlySpan<GpuCommand> commands, ReadOnlySpan<byte> constants)
    {
        DeviceFunctions vk = device.Functions;
        Recording recording = Free();
        recording.Keep(commands, constants, Hash(commands, constants));
        nint buffer = recording.Buffer;
        CommandBufferBeginInfo begin = new() { Type = StructureType.CommandBufferBeginInfo, Flags = SimultaneousUse };
        device.Check(vk.BeginCommandBuffer(buffer, &begin), "record commands");

        // whatever was submitted before may still run
        Barrier(buffer);
        ulong bound = 0;
        fixed (byte* bytes = constants)
        {
            foreach (ref readonly GpuCommand command in commands)
            {
                switch (command.Kind)
                {
                    case GpuCommandKind.Dispatch:
                        if (command.Source != bound)
                        {
                            bound = command.Source;
                            vk.BindPipeline(buffer, ComputeBindPoint, bound);
                        }

                        if (command.ConstantBytes > 0)
                        {
                            vk.PushConstants(buffer, layout, ComputeStage, 0, (uint)command.ConstantBytes, bytes + command.Constants);
                        }

                        vk.Dispatch(buffer, command.X, command.Y, command.Z);
                        break;
                    case GpuCommandKind.Copy:
                        BufferCopy copy = new() { Source = command.SourceOffset, Destination = command.DestinationOffset, Size = command.Size };
                        vk.CopyBuffer(buffer, command.Source, command.Destination, 1, &copy);
                        break;
                    case GpuCommandKind.Fill:
                        vk.FillBuffer(buffer, command.Destination, command.DestinationOffset, command.Size, command.X);
                        break;
                    default:
                        Barrier(buffer);
                        break;
                }
            }
        }

        ToHost(buffer);
        device.Check(vk.EndCommandBuffer(buffer), "record commands");
        return recording;
    }

    /// <summary>A recording to be overwritten that the device does not run: a new one, or the one not used for longest.</summary>
    private Recording Free()
    {
        if (recordings.Count < MostRecordings)
        {
            CommandBufferAllocateInfo info = new() { Type = StructureType.CommandBufferAllocateInfo, Pool = pool, Count = 1 };
            nint buffer;
            device.Check(device.Functions.AllocateCommandBuffers(device.Handle, &info, &buffer), "make a command buffer");
            recordings.Add(new Recording(buffer));
            return recordings[^1];
        }

        Recording oldest = recordings.MinBy(recording => recording.LastBatch)!;
        WaitFor(oldest.LastBatch);
        return oldest;
    }

    private void Barrier(nint buffer) => Barrier(
        buffer,
        PipelineStages.ComputeShader | PipelineStages.Transfer,
        AccessFlags.ShaderRead | AccessFlags.ShaderWrite | AccessFlags.TransferRead | AccessFlags.TransferWrite);

    /// <summary>What was written is there for the host once the batch is done.</summary>
    private void ToHost(nint buffer) => Barrier(buffer, PipelineStages.Host, AccessFlags.HostRead);

    private void Barrier(nint buffer, PipelineStages stages, AccessFlags access)
    {
        MemoryBarrier barrier = new()
        {
            Type = StructureType.MemoryBarrier,
            Source = AccessFlags.ShaderWrite | AccessFlags.TransferWrite,
            Destination = access,
        };
        device.Functions.PipelineBarrier(
            buffer, PipelineStages.ComputeShader | PipelineStages.Transfer, stages, 0, 1, &barrier, 0, null, 0, null);
    }

    /// <summary>A command buffer and what was recorded in it.</summary>
    private sealed class Recording(nint buffer)
    {
        private GpuCommand[] commands = [];
        private byte[] constants = [];

        public nint Buffer { get; } = buffer;

        public ulong Hash { get; private set; }

        /// <summary>The last batch that it was submitted as.</summary>
        public ulong LastBatch { get; set; }

        public void Keep(ReadOnlySpan<GpuCommand> ofCommands, ReadOnlySpan<byte> ofConstants, ulong hash)
        {
            commands = ofCommands.ToArray();
            constants = ofConstants.ToArray();
            Hash = hash;
        }

        /// <summary>From here on it equals nothing that is submitted.</summary>
        public void Forget() => Keep([], [], 0);

        public bool Equals(ReadOnlySpan<GpuCommand> ofCommands, ReadOnlySpan<byte> ofConstants) =>
            MemoryMarshal.AsBytes(ofCommands).SequenceEqual(MemoryMarshal.AsBytes<GpuCommand>(commands)) && ofConstants.SequenceEqual(constants);
    }
}
