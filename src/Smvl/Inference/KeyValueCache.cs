using Smvl.Models;
using Smvl.Tensors;

namespace Smvl.Inference;

/// <summary>Where a decoder keeps the keys and values of what it has read.</summary>
internal interface IKeyValueCache
{
    /// <summary>Whether all rows of a run belong to one sequence, of which generation reads the last row alone.</summary>
    bool HoldsOneSequence { get; }

    IKeyValueLayer this[int layer] { get; }
}

/// <summary>One decoder layer's keys and values.</summary>
internal interface IKeyValueLayer
{
    /// <summary>(rows, G·hd); an attention's segments say which of them belong to whom.</summary>
    Tensor Keys { get; }

    /// <summary>(rows, G·hd)</summary>
    Tensor Values { get; }

    /// <param name="backend">where they lie</param>
    /// <param name="newKeys">(T, G·hd), turned</param>
    /// <param name="newValues">(T, G·hd)</param>
    void Append(Backend backend, Tensor newKeys, Tensor newValues);
}

/// <summary>
/// Keys and values of the tokens seen so far, per layer, for one sequence; made for a fixed number of tokens. F16 halves the memory of
/// F32, Q8_0 takes about a quarter of it.
/// </summary>
internal sealed class KeyValueCache : IKeyValueCache, IDisposable
{
    private readonly Backend backend;
    private readonly Tensor memory;
    private readonly Layer[] layers;

    /// <param name="backend">where it lies</param>
    /// <param name="config">extents</param>
    /// <param name="capacity">tokens</param>
    /// <param name="dtype">F32, F16 or Q8_0</param>
    /// <exception cref="SmvlException">Q8_0 for heads that are no whole blocks</exception>
    public KeyValueCache(Backend backend, TextConfig config, int capacity, DType dtype)
    {
        if (config.HeadSize % dtype.BlockSize() != 0)
        {
            throw new SmvlException(
                $"this model's key/value cache cannot be {dtype}", "head_dim", $"a multiple of {dtype.BlockSize()}", $"{config.HeadSize}", "take F16");
        }

        this.backend = backend;
        Capacity = capacity;

        // in one piece, which is large enough for huge pages: a token's rows of all layers lie far apart
        memory = backend.Allocate(dtype, new Shape(2L * config.LayerCount * capacity, config.KeyValueHeadCount * config.HeadSize), MemoryPurpose.Cache);
        layers = [.. Enumerable.Range(0, config.LayerCount)
            .Select(i => new Layer(memory.Slice(2 * i * capacity, capacity), memory.Slice(((2 * i) + 1) * capacity, capacity)))];
    }

    /// <summary>Tokens that fit.</summary>
    public int Capacity { get; }

    /// <summary>Tokens held.</summary>
    public int Count => layers[0].Count;

    public bool HoldsOneSequence => true;

    public Layer this[int layer] => layers[layer];

    IKeyValueLayer IKeyValueCache.this[int layer] => layers[layer];

    /// <summary>Takes the tokens of a smaller one over, into this empty one.</summary>
    public void CopyFrom(KeyValueCache smaller)
    {
        for (int i = 0; i < layers.Length; i++)
        {
            layers[i].Append(backend, smaller.layers[i].Keys, smaller.layers[i].Values);
        }
    }

    /// <summary>Forgets the tokens behind the first <paramref name="count"/>, also where only some layers have them yet.</summary>
    public void Truncate(int count)
    {
        foreach (Layer layer in layers)
        {
            layer.Truncate(count);
        }
    }

    public void Dispose() => memory.Dispose();

    /// <param name="keys">(capacity, G·hd), turned</param>
    /// <param name="values">(capacity, G·hd)</param>
    internal sealed class Layer(Tensor keys, Tensor values) : IKeyValueLayer
    {
        public int Count { get; private set; }

        public void Truncate(int count) => Count = Math.Min(Count, count);

        /// <summary>(Count, G·hd)</summary>
        public Tensor Keys => keys.Slice(0, Count);

        /// <summary>(Count, G·hd)</summary>
        public Tensor Values => values.Slice(0, Count);

        public void Append(Backend backend, Tensor newKeys, Tensor newValues)
        {
            backend.CopyRows(keys, Count, newKeys);
            backend.CopyRows(values, Count, newValues);
            Count += newKeys.Shape[0];
        }
    }
}
