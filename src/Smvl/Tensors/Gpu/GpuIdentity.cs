namespace Smvl.Tensors.Gpu;

/// <summary>A device and its driver, as the driver tells them apart.</summary>
/// <param name="Device">the same for a device in every process and boot; another for its neighbour of the same kind</param>
/// <param name="DriverVersion">as the vendor counts</param>
/// <param name="Vendor">its PCI number</param>
/// <param name="Model">its PCI number</param>
/// <param name="PipelineCache">changes when compiled kernels of before are of no use any more</param>
internal sealed record GpuIdentity(Guid Device, uint DriverVersion, uint Vendor, uint Model, Guid PipelineCache);
