using Smvl.Models;
using Smvl.Tensors;

namespace Smvl.Inference;

/// <summary>
/// Keys and values of the tokens seen so far, per layer, for one sequence; made for a fixed number of tokens. F16 halves the memory of
/// F32, Q8_0 takes about a quarter of it.
/// </summary>
internal sealed class KeyValueCache : IDisposable
{
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

        Capacity = capacity;

        // in one piece, which is large enough for huge pages: a token's rows of all layers lie far apart
        memory = backend.Allocate(dtype, new Shape(2L * config.LayerCount * capacity, config.KeyValueHeadCount * config.HeadSize));
        layers = [.. Enumerable.Range(0, config.LayerCount)
            .Select(i => new Layer(memory.Slice(2 * i * capacity, capacity), memory.Slice(((2 * i) + 1) * capacity, capacity)))];
    }

    /// <summary>Tokens that fit.</summary>
    public int Capacity { get; }

    /// <summary>Tokens held.</summary>
    public int Count => layers[0].Count;

    public Layer this[int layer] => layers[layer];

    public void Dispose() => memory.Dispose();

    /// <param name="keys">(capacity, G·hd), turned</param>
    /// <param name="values">(capacity, G·hd)</param>
    internal sealed class Layer(Tensor keys, Tensor values)
    {
        public int Count { get; private set; }

        /// <summary>(Count, G·hd)</summary>
        public Tensor Keys => keys.Slice(0, Count);

        /// <summary>(Count, G·hd)</summary>
        public Tensor Values => values.Slice(0, Count);

        public void Append(Backend backend, Tensor newKeys, Tensor newValues)
        {
            int count = newKeys.Shape[0];
            backend.Copy(keys.Slice(Count, count), newKeys);
            backend.Copy(values.Slice(Count, count), newValues);
            Count += count;
        }
    }
}
