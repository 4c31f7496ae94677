using Smvl.Models;
using Smvl.Tensors.Cpu;

namespace Smvl.Benchmarks;

/// <summary>What a work finds when it is run.</summary>
/// <param name="Extents">of what no model folder tells</param>
/// <param name="Backend">a fresh one</param>
/// <param name="Meter">measures</param>
/// <param name="ModelPath">a spliced folder; null for a work that runs no model when the user named none</param>
/// <param name="Cancellation">heard between runs, and within those of a model</param>
internal sealed record WorkBench(
    BenchmarkExtents Extents, CpuBackend Backend, Meter Meter, string? ModelPath, CancellationToken Cancellation)
{
    public ModelFolder OpenModel() => ModelFolder.Open(ModelPath!, Backend);
}
