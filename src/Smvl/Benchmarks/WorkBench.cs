using Smvl.Models;
using Smvl.Tensors;

namespace Smvl.Benchmarks;

/// <summary>What a work finds when it is run.</summary>
/// <param name="Extents">of what no model folder tells</param>
/// <param name="Backend">a fresh one</param>
/// <param name="Meter">measures</param>
/// <param name="Source">the model; null for a work that runs none when the user named none</param>
/// <param name="Cancellation">heard between runs, and within those of a model</param>
internal sealed record WorkBench(
    BenchmarkExtents Extents, Backend Backend, Meter Meter, BenchmarkSource? Source, CancellationToken Cancellation)
{
    public IChatModel OpenModel() => Source!.IsGguf ? GgufModel.Open(Source.Path, Source.Projector, Backend) : ModelFolder.Open(Source.Path, Backend);

    /// <exception cref="SmvlException">it is none</exception>
    public ModelFolder OpenFolder() => Source!.IsGguf
        ? throw new SmvlException("training starts from a folder", Source.Path, "a spliced folder", "a GGUF file", "leave it out with --only")
        : ModelFolder.Open(Source.Path, Backend);
}
