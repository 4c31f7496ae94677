using Smvl.Tensors.Gpu.Vulkan;

namespace Smvl.Tensors.Gpu;

/// <summary>What a device can, as its driver reports it.</summary>
/// <param name="SubgroupSize">invocations that run in step</param>
/// <param name="MinSubgroupSize">the smallest that may be asked for; equal to the largest where none may</param>
/// <param name="MaxSubgroupSize">the largest that may be asked for</param>
/// <param name="Float16">arithmetic on 16-bit floats</param>
/// <param name="BFloat16">arithmetic on bfloat16; it is stored as 16-bit words on every device</param>
/// <param name="Int8Dot">dot products of packed bytes</param>
/// <param name="CooperativeMatrices">shapes of VK_KHR_cooperative_matrix at the scope of a subgroup; empty without it</param>
/// <param name="MaxSharedMemory">bytes of a workgroup</param>
/// <param name="MaxWorkgroupInvocations">invocations of a workgroup</param>
/// <param name="MaxWorkgroupCount">workgroups of a dispatch in x, the least of x, y and z</param>
/// <param name="MaxAllocation">bytes of one allocation</param>
/// <param name="Unified">the device's memory is the host's: it is mapped, read and written without copies</param>
/// <param name="IsSoftware">the driver computes on the CPU</param>
internal sealed record GpuCapabilities(
    int SubgroupSize,
    int MinSubgroupSize,
    int MaxSubgroupSize,
    bool Float16,
    bool BFloat16,
    bool Int8Dot,
    IReadOnlyList<CooperativeMatrix> CooperativeMatrices,
    int MaxSharedMemory,
    int MaxWorkgroupInvocations,
    uint MaxWorkgroupCount,
    long MaxAllocation,
    bool Unified,
    bool IsSoftware);

/// <summary>C (M, N) = A (M, K) · B (K, N) + C, by one subgroup.</summary>
internal readonly record struct CooperativeMatrix(int M, int N, int K, ComponentType Input, ComponentType Accumulator);
