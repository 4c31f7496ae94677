using System.Runtime.InteropServices;

namespace Smvl.Tensors.Gpu;

/// <summary>
/// The backend on a Vulkan device: asynchronous, on device memory. Operations are collected and run in order; a download waits for them.
/// This file holds memory and copies, each other file some operations with their backward.
/// </summary>
public sealed partial class GpuBackend : Backend
{
    /// <summary>Elements that one workgroup of an elementwise kernel covers.</summary>
    private const int GroupElements = 256;

    private readonly GpuDevice device;
    private readonly bool ownsDevice;

    /// <param name="device">where to compute</param>
    /// <param name="ownsDevice">close it with the backend</param>
    internal GpuBackend(GpuDevice device, bool ownsDevice = true)
    {
        this.device = device;
        this.ownsDevice = ownsDevice;
    }

    /// <summary>The device, for measurements and tests.</summary>
    internal GpuDevice Device => device;

    public override Tensor Allocate(DType dtype, Shape shape) => Allocate(dtype, shape, MemoryPurpose.Activations);

    public override Tensor Allocate(DType dtype, Shape shape, MemoryPurpose purpose) =>
        new(device.Allocate(dtype.Bytes(shape.Count), purpose), 0, dtype, shape, owner: true);

    public override void Upload<T>(ReadOnlySpan<T> source, Tensor destination)
    {
        ReadOnlySpan<byte> bytes = MemoryMarshal.AsBytes(source);
        if (bytes.Length != destination.ByteLength)
        {
            throw new ArgumentException($"{bytes.Length} bytes uploaded to {destination}");
        }

        device.Upload(bytes, Storage(destination), destination.ByteOffset);
    }

    public override void Download<T>(Tensor source, Span<T> destination)
    {
        Span<byte> bytes = MemoryMarshal.AsBytes(destination);
        if (bytes.Length != source.ByteLength)
        {
            throw new ArgumentException($"{source} downloaded to {bytes.Length} bytes");
        }

        device.Download(Storage(source), source.ByteOffset, bytes);
    }

    public override Tensor Import(Tensor host)
    {
        if (host.DType is DType.Q4_K or DType.Q6_K)
        {
            throw new SmvlException(
                $"weights in {host.DType} are computed with on the CPU only", device.Info.Name, expected: "F32, F16, BF16, Q8_0 or Q4_0",
                hint: "use --device cpu, or a file of q8_0 or q4_0");
        }

        const int piece = 1 << 24;
        Tensor tensor = Allocate(host.DType, host.Shape, MemoryPurpose.Weights);
        for (long at = 0; at < host.ByteLength; at += piece)
        {
            device.Upload(HostBytes.Slice(host, at, (int)Math.Min(piece, host.ByteLength - at)), Storage(tensor), at);
        }

        (host.Storage as MappedStorage)?.SetAside(host.ByteOffset, host.ByteLength);
        return tensor;
    }

    /// <summary>Nothing: device memory has nowhere to go.</summary>
    public override void SetAside(Tensor tensor)
    {
    }

    public override void Copy(Tensor destination, Tensor source)
    {
        if (destination.Count != source.Count)
        {
            throw new ArgumentException($"{source} copied to {destination}");
        }

        if (source.DType == destination.DType)
        {
            device.Copy(Storage(destination), destination.ByteOffset, Storage(source), source.ByteOffset, source.ByteLength);
            return;
        }

        if (source.DType == DType.F32 && destination.DType == DType.Q8_0)
        {
            uint blocks = checked((uint)(source.Count / DType.Q8_0.BlockSize()));
            (uint columns, uint rows) = Groups(blocks);
            device.Dispatch(
                device.Kernel("quantize_q8_0"), new ConvertConstants(Address(destination), Address(source), blocks), columns, rows, 1,
                GpuUse.Write(destination), GpuUse.Read(source));
            return;
        }

        if (!source.DType.IsFloat() || !destination.DType.IsFloat())
        {
            throw new NotSupportedException($"{source} copied to {destination}");
        }

        Kernel kernel = device.Kernel("convert", (uint)source.DType, (uint)destination.DType);
        (uint x, uint y) = Groups(source.Count);
        device.Dispatch(
            kernel, new ConvertConstants(Address(destination), Address(source), checked((uint)source.Count)), x, y, 1,
            GpuUse.Write(destination), GpuUse.Read(source));
    }

    public override void Fill(Tensor tensor, float value) =>
        device.Fill(Storage(tensor), tensor.ByteOffset, tensor.ByteLength, BitConverter.SingleToUInt32Bits(value));

    public override void Dispose()
    {
        if (ownsDevice)
        {
            device.Dispose();
        }
    }

    private static GpuStorage Storage(Tensor tensor) => (GpuStorage)tensor.Storage;

    /// <summary>The device address of a tensor's first element.</summary>
    private static ulong Address(Tensor tensor) => Storage(tensor).Address + (ulong)tensor.ByteOffset;

    /// <summary>Workgroups in x and y, as few as give every <see cref="GroupElements"/> elements one; kernels count them with <c>workgroup()</c>.</summary>
    private (uint X, uint Y) Groups(long elements)
    {
        long groups = (elements + GroupElements - 1) / GroupElements, most = device.Capabilities.MaxWorkgroupCount;
        long y = (groups + most - 1) / most;
        return (y == 0 ? 0 : (uint)((groups + y - 1) / y), (uint)y);
    }

    [StructLayout(LayoutKind.Sequential, Pack = 4)]
    private readonly record struct ConvertConstants(ulong Destination, ulong Source, uint Count);
}
