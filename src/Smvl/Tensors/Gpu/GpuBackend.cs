using System.Runtime.InteropServices;

namespace Smvl.Tensors.Gpu;

/// <summary>
/// The backend on a Vulkan device: asynchronous, on device memory. Operations are collected and run in order; a download waits for them.
/// This file holds memory and copies, each other file some operations with their backward.
/// </summary>
public sealed partial class GpuBackend : Backend
{
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

    public override long HeldBytes => device.HostBytes;

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

        Convert(destination, source);
    }

    public override void Fill(Tensor tensor, float value) =>
        device.Fill(Storage(tensor), tensor.ByteOffset, tensor.ByteLength, BitConverter.SingleToUInt32Bits(value));

    public override void Dispose()
    {
        DisposeTables();
        if (ownsDevice)
        {
            device.Dispose();
        }
    }

    private static GpuStorage Storage(Tensor tensor) => (GpuStorage)tensor.Storage;
}
