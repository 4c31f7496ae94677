using Smvl.Tensors;
using Smvl.Tests.Inference;
using Smvl.Tests.Models;
using Smvl.Tests.Training;

namespace Smvl.Tests.Tensors.Gpu;

/// <summary>fixtures/forward on the GPU, within the same tolerances.</summary>
public sealed class GpuForwardGoldenTests : ForwardGoldens
{
    protected override Backend Open() => Gpu.Shared();
}

/// <summary>fixtures/generate on the GPU: the same tokens.</summary>
public sealed class GpuGenerateGoldenTests : GenerateGoldens
{
    protected override Backend Open() => Gpu.Shared();
}

/// <summary>fixtures/training on the GPU, within the same tolerances.</summary>
public sealed class GpuTrainingGoldenTests : TrainingGoldens
{
    protected override Backend Open() => Gpu.Shared();
}
