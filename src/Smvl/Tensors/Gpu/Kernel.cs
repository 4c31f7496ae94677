namespace Smvl.Tensors.Gpu;

/// <summary>A shader with its constants filled in, ready to be dispatched.</summary>
/// <param name="Name">of its SPIR-V</param>
/// <param name="Pipeline">Vulkan's handle</param>
internal sealed record Kernel(string Name, ulong Pipeline);
