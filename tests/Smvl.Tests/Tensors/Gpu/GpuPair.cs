using Smvl.Tensors.Cpu;
using Smvl.Tensors.Gpu;

namespace Smvl.Tests.Tensors.Gpu;

/// <summary>Tests of operations take turns.</summary>
[CollectionDefinition(Name)]
public sealed class GpuOperations : ICollectionFixture<GpuPair>
{
    public const string Name = "GPU operations";
}

/// <summary>The GPU and the backend that says what is right.</summary>
public sealed class GpuPair : IDisposable
{
    private readonly Lazy<GpuBackend> gpu = new(() => Tensors.Gpu.Gpu.Shared());

    public CpuBackend Cpu { get; } = new(2);

    /// <summary>Skips the test where there is none.</summary>
    public GpuBackend Gpu => gpu.Value;

    public void Dispose()
    {
        if (gpu.IsValueCreated)
        {
            gpu.Value.Dispose();
        }

        Cpu.Dispose();
    }
}
