using Smvl.Hubs;
using Smvl.Tensors.Cpu;
using Smvl.Tensors.Gpu.Checks;

namespace Smvl.Tensors.Gpu;

/// <summary>
/// Whether a device that this program has not computed on yet gets a few operations right. That it did is kept for its driver and these
/// shaders; that it did not is asked again, as what was wrong may pass.
/// </summary>
internal static class GpuTrial
{
    /// <summary>What is wrong with it, in one line; null if nothing is.</summary>
    public static string? Failure(GpuDeviceInfo device) => Failure(device, HubEnvironment.OfProcess.Caches, Check);

    /// <param name="device">usable, by what its driver says</param>
    /// <param name="caches">the user's</param>
    /// <param name="check">computes; null if nothing is wrong</param>
    internal static string? Failure(GpuDeviceInfo device, string caches, Func<GpuDeviceInfo, string?> check)
    {
        string file = GpuCacheFile.PathOf(caches, device, "checked");
        if (File.Exists(file))
        {
            return null;
        }

        string? failure = check(device);
        if (failure is null)
        {
            GpuCacheFile.TryWrite(file, "a few operations agreed with the CPU's\n"u8.ToArray());
        }

        return failure;
    }

    internal static string? Check(GpuDeviceInfo device)
    {
        try
        {
            using CpuBackend cpu = new(1);
            using GpuBackend gpu = new(GpuDevice.Open(device));
            return OperationChecks.Few.Select(check => OperationChecks.Run(check, cpu, gpu).Failure).FirstOrDefault(failure => failure is not null);
        }
        catch (Exception e) when (e is SmvlException or GpuLostException)
        {
            return e.Message;
        }
    }
}
