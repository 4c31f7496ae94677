using Smvl.Data;

namespace Smvl.Training;

/// <summary>A batch and where it comes from; it owns the batch.</summary>
/// <param name="Rows">rows of the dataset, those included that could not be read</param>
/// <param name="Used">those that could be, one for each sample of the batch</param>
/// <param name="Batch">of these</param>
internal sealed record MicroBatch(int[] Rows, IReadOnlyList<int> Used, Batch Batch) : IDisposable
{
    public void Dispose() => Batch.Dispose();
}
