using Smvl.Tensors;
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

    /// <summary>
    /// Runs an operation on both: each result's elements agree within <paramref name="relative"/> of its largest plus
    /// <paramref name="absolute"/>, a second run on the GPU gives the same bits, and the validation layer has nothing to say.
    /// </summary>
    /// <param name="what">for messages</param>
    /// <param name="relative">share of the largest element of a result</param>
    /// <param name="absolute">added to it; where both are 0 the bits are the same</param>
    /// <param name="operation">makes its inputs, runs, and returns what to compare</param>
    internal void Agree(string what, double relative, double absolute, Func<GpuRun, Tensor[]> operation)
    {
        float[][] expected = Run(Cpu, operation), actual = Run(Gpu, operation), again = Run(Gpu, operation);
        for (int i = 0; i < expected.Length; i++)
        {
            if (relative == 0 && absolute == 0)
            {
                Assert.Equal(expected[i], actual[i]);
            }
            else
            {
                Approx.Equal(expected[i], actual[i], $"{what}, result {i}", relative, absolute);
            }

            Assert.Equal(actual[i], again[i]);
        }

        Tensors.Gpu.Gpu.CheckMessages();
    }

    public void Dispose()
    {
        if (gpu.IsValueCreated)
        {
            gpu.Value.Dispose();
        }

        Cpu.Dispose();
    }

    private static float[][] Run(Backend backend, Func<GpuRun, Tensor[]> operation)
    {
        using GpuRun run = new(backend);
        return [.. operation(run).Select(run.Floats)];
    }
}
