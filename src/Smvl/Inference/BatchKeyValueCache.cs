using Smvl.Models;
using Smvl.Tensors;

namespace Smvl.Inference;

/// <summary>
/// Keys and values of several sequences, per layer: each sequence has rows of its own, one sequence's behind the other's, so that an
/// attention's segments find them without padding. Which rows the next run fills is told first, by <see cref="Take"/>.
/// </summary>
internal sealed class BatchKeyValueCache : IKeyValueCache, IDisposable
{
    private readonly Tensor memory;
    private readonly Layer[] layers;
    private readonly int[] starts, counts;
    private int[] places = [];

    /// <param name="backend">where it lies</param>
    /// <param name="config">extents</param>
    /// <param name="capacities">most tokens of each sequence</param>
    public BatchKeyValueCache(Backend backend, TextConfig config, IReadOnlyList<int> capacities)
    {
        starts = new int[capacities.Count];
        counts = new int[capacities.Count];
        int rows = 0;
        for (int i = 0; i < starts.Length; i++)
        {
            starts[i] = rows;
            rows += capacities[i];
        }

        memory = backend.Allocate(DType.F32, new Shape(2L * config.LayerCount * rows, config.KeyValueHeadCount * config.HeadSize), MemoryPurpose.Cache);
        layers = [.. Enumerable.Range(0, config.LayerCount)
            .Select(i => new Layer(this, memory.Slice(2 * i * rows, rows), memory.Slice(((2 * i) + 1) * rows, rows)))];
    }

    public bool HoldsOneSequence => false;

    public IKeyValueLayer this[int layer] => layers[layer];

    /// <summary>Makes room for the next run's tokens; what it returns is given to that run.</summary>
    /// <param name="tokens">sequences, and how many tokens of each, in the run's order</param>
    public SequenceRows Take(IReadOnlyList<(int Sequence, int Count)> tokens)
    {
        var segments = new AttentionSegment[tokens.Count];
        var positions = new List<int>();
        var rows = new List<int>();
        for (int i = 0; i < segments.Length; i++)
        {
            (int sequence, int count) = tokens[i];
            segments[i] = new AttentionSegment(positions.Count, count, starts[sequence], counts[sequence] + count);
            positions.AddRange(Enumerable.Range(counts[sequence], count));
            rows.AddRange(Enumerable.Range(starts[sequence] + counts[sequence], count));
            counts[sequence] += count;
        }

        places = [.. rows];
        return new SequenceRows(segments, [.. positions]);
    }

    public void Dispose() => memory.Dispose();

    private sealed class Layer(BatchKeyValueCache cache, Tensor keys, Tensor values) : IKeyValueLayer
    {
        public Tensor Keys => keys;

        public Tensor Values => values;

        public void Append(Backend backend, Tensor newKeys, Tensor newValues)
        {
            backend.PutRows(keys, newKeys, cache.places);
            backend.PutRows(values, newValues, cache.places);
        }
    }
}
