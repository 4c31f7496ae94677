namespace Smvl.Tensors.Gpu.Vulkan;

/// <summary>What Vulkan's results mean to a user.</summary>
internal static class VulkanFailure
{
    /// <summary>Throws unless the call succeeded.</summary>
    /// <param name="result">what it returned</param>
    /// <param name="what">what was to be done, as in "cannot ..."</param>
    /// <param name="device">the device's name, if there is one</param>
    /// <exception cref="GpuLostException">the device is lost</exception>
    /// <exception cref="SmvlException">any other failure</exception>
    public static void Check(VulkanResult result, string what, string? device = null)
    {
        if (result is VulkanResult.Success or VulkanResult.Incomplete)
        {
            return;
        }

        if (result == VulkanResult.DeviceLost)
        {
            throw new GpuLostException(device);
        }

        throw new SmvlException($"cannot {what}", device, actual: $"Vulkan's result {result}", hint: "--device cpu computes without it");
    }
}
