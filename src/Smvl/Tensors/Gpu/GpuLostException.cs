namespace Smvl.Tensors.Gpu;

/// <summary>
/// The driver gave the device up: it hung, was reset or unplugged. Nothing on it can be read any more; what was saved before stands.
/// The command line exits with a code of its own for it.
/// </summary>
public sealed class GpuLostException : Exception
{
    internal GpuLostException(string? device)
        : base($"{device ?? "the GPU"}: the device was lost, and with it what it held; run the command again (training continues from its last "
            + "checkpoint), or with --device cpu")
    {
    }
}
