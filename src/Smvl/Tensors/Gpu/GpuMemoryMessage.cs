using Smvl.Tensors.Gpu.Vulkan;

namespace Smvl.Tensors.Gpu;

/// <summary>What is said when a device's memory does not suffice: what is there, by kind, and which setting lowers the largest.</summary>
internal static class GpuMemoryMessage
{
    /// <param name="device">whose memory</param>
    /// <param name="wanted">bytes that were asked for</param>
    /// <param name="purpose">what for</param>
    /// <param name="used">bytes in use by <see cref="MemoryPurpose"/></param>
    public static SmvlException Exhausted(LogicalDevice device, long wanted, MemoryPurpose purpose, ReadOnlySpan<long> used)
    {
        string[] held = new string[used.Length];
        int largest = (int)purpose;
        for (int i = 0; i < used.Length; i++)
        {
            long bytes = used[i] + (i == (int)purpose ? wanted : 0);
            held[i] = bytes > 0 ? $"{Name((MemoryPurpose)i)} {ByteSize.Text(bytes)}" : "";
            largest = bytes > used[largest] + (largest == (int)purpose ? wanted : 0) ? i : largest;
        }

        long most = device.Info.Capabilities.MaxAllocation;
        return new SmvlException(
            wanted > most
                ? $"a tensor of {ByteSize.Text(wanted)} is more than the device allocates at once ({ByteSize.Text(most)}); needed: {string.Join(", ", held.Where(each => each.Length > 0))}"
                : $"the device's memory does not suffice; needed: {string.Join(", ", held.Where(each => each.Length > 0))}",
            device.Info.Name,
            actual: $"{ByteSize.Text(device.Info.Memory)} in all",
            hint: Hint((MemoryPurpose)largest));
    }

    private static string Name(MemoryPurpose purpose) => purpose switch
    {
        MemoryPurpose.Weights => "weights",
        MemoryPurpose.Gradients => "gradients",
        MemoryPurpose.OptimizerState => "optimizer state",
        MemoryPurpose.Cache => "keys and values",
        _ => "activations",
    };

    private static string Hint(MemoryPurpose purpose) => purpose switch
    {
        MemoryPurpose.Weights => "use a quantized model (smvl quantize) for answers, or --device cpu",
        MemoryPurpose.Gradients => "train less (freeze, or lora_r), or use --device cpu",
        MemoryPurpose.OptimizerState => "set optim to adamw_8bit or lion, train less (freeze, or lora_r), or use --device cpu",
        MemoryPurpose.Cache => "use --cache_type f16 or q8_0, or --device cpu",
        _ => "in training lower per_device_train_batch_size or max_length, or set gradient_checkpointing; else ask about fewer or smaller pictures, or use --device cpu",
    };
}
