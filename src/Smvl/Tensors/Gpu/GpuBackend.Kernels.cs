using System.Runtime.InteropServices;

namespace Smvl.Tensors.Gpu;

/// <summary>
/// How an operation becomes dispatches: addresses, numbers of workgroups, small data of one call. Shaders count elements in 32 bits,
/// and no result depends on how many workgroups a device runs at once.
/// </summary>
public sealed partial class GpuBackend
{
    /// <summary>Invocations of a workgroup that takes elements or long rows.</summary>
    private const uint ElementThreads = 256;

    /// <summary>Workgroups along one axis that every device allows.</summary>
    private const uint MaxGroups = 65535;

    /// <summary>The device address of a tensor's first element; 0 where there is no tensor.</summary>
    private static ulong Address(Tensor? tensor) => tensor is null ? 0 : Storage(tensor).Address + (ulong)tensor.ByteOffset;

    /// <summary>The number of elements, where a shader's index holds it.</summary>
    private static uint Elements(Tensor tensor) =>
        tensor.Count <= int.MaxValue
            ? (uint)tensor.Count
            : throw new SmvlException("tensor too large for a kernel of the GPU", tensor.ToString(), $"at most {int.MaxValue} elements", $"{tensor.Count}", "use --device cpu");

    private static uint Rows(Tensor tensor)
    {
        _ = Elements(tensor);
        return (uint)tensor.Shape.Rows;
    }

    /// <summary>Invocations that share a row: a few for heads, more for whole activations.</summary>
    private static uint RowThreads(int width) => width <= 256 ? 32 : ElementThreads;

    private static uint Groups(long count, uint each) => (uint)Math.Min((count + each - 1) / each, MaxGroups);

    /// <summary>As many workgroups in two axes, as no device allows every number of them in one.</summary>
    private static (uint X, uint Y) Fold(long groups)
    {
        uint x = (uint)Math.Clamp(groups, 1, MaxGroups);
        return (x, (uint)((groups + x - 1) / x));
    }

    private static void SameCount(Tensor a, Tensor b)
    {
        if (a.Count != b.Count)
        {
            throw new ArgumentException($"{a} and {b} have different numbers of elements");
        }
    }

    /// <summary>Whether four floats at a time may be read from the beginning on.</summary>
    private static bool IsAligned(Tensor tensor) => Address(tensor) % (tensor.DType.IsQuantized() ? 2 : 4u * (ulong)tensor.DType.Size()) == 0;

    /// <summary>What operations keep on the device from one call to the next.</summary>
    private void DisposeTables()
    {
        foreach (Tensor map in maps.Values)
        {
            map.Dispose();
        }

        foreach ((_, Tensor cos, Tensor sin) in ropeOnDevice.Values)
        {
            cos.Dispose();
            sin.Dispose();
        }

        maps.Clear();
        ropeOnDevice.Clear();
    }

    /// <summary>Numbers that the next dispatches read, as device memory.</summary>
    private ulong Constant<T>(ReadOnlySpan<T> data)
        where T : unmanaged =>
        device.Constant(MemoryMarshal.AsBytes(data));

    /// <summary>A kernel that takes <paramref name="count"/> elements, each invocation as many as it takes.</summary>
    private void DispatchElements<T>(Kernel kernel, in T constants, long count, params ReadOnlySpan<GpuUse> uses)
        where T : unmanaged
    {
        if (count > 0)
        {
            device.Dispatch(kernel, constants, Groups(count, ElementThreads), 1, 1, uses);
        }
    }

    /// <summary>A kernel of which a workgroup takes a row at a time.</summary>
    private void DispatchRows<T>(Kernel kernel, in T constants, long rows, params ReadOnlySpan<GpuUse> uses)
        where T : unmanaged
    {
        if (rows > 0)
        {
            device.Dispatch(kernel, constants, Groups(rows, 1), 1, 1, uses);
        }
    }
}
