using Smvl.Inference;
using Smvl.Tensors;

namespace Smvl.Models;

/// <summary>
/// Qwen3: embedded rows through the blocks. The last norm is <see cref="FinalNorm"/>, applied by the head to the rows that it
/// needs and to no others. Sequences lie one behind the other without padding; attention stays within each.
/// Source: Qwen3Model, transformers models/qwen3/modeling_qwen3.py.
/// </summary>
internal sealed class TextDecoder
{
    private readonly Backend backend;
    private readonly TextConfig config;
    private readonly Parameter embedding;
    private readonly TextDecoderLayer[] layers;

    /// <param name="backend">where the parameters lie</param>
    /// <param name="config">extents</param>
    /// <param name="parameter">finds a parameter by its name behind "text."</param>
    public TextDecoder(Backend backend, TextConfig config, Func<string, Parameter> parameter)
    {
        this.backend = backend;
        this.config = config;
        embedding = parameter("embedding");
        layers = [.. Enumerable.Range(0, config.LayerCount)
            .Select(i => new TextDecoderLayer(backend, config, name => parameter($"layers.{i}.{name}")))];
        FinalNorm = new(backend, parameter("norm"), (float)config.RmsNormEpsilon);
    }

    public RmsNormLayer FinalNorm { get; }

    /// <summary>Rows (T, D) of the embedding.</summary>
    public Tensor Embed(ReadOnlySpan<int> ids)
    {
        Tensor x = backend.Allocate(ids.Length, config.HiddenSize);
        backend.Gather(x, embedding.Value, ids);
        return x;
    }

    /// <summary>The gradient of <see cref="Embed"/>, when the embedding is trainable, or rows of it.</summary>
    public void EmbedBackward(Tensor dx, ReadOnlySpan<int> ids)
    {
        if (embedding.Gradient is { } gradient)
        {
            backend.GatherBackward(gradient, dx, ids);
        }

        embedding.Rows?.GatherBackward(dx, ids);
    }

    /// <summary>
    /// Rows (T, D) behind the last block, before <see cref="FinalNorm"/>; behind a cache of one sequence only the last row (1, D), which
    /// is all that generation reads. Takes over x.
    /// </summary>
    /// <param name="x">(T, D) embedded rows, image rows in place</param>
    /// <param name="rows">positions and boundaries</param>
    /// <param name="cache">earlier tokens, extended by these; null in training</param>
    /// <param name="mode">what is kept for <see cref="Backward"/></param>
    /// <param name="kept">what the backward needs; null when nothing is kept</param>
    /// <param name="cancellation">heard between blocks</param>
    public Tensor Forward(
        Tensor x, SequenceRows rows, IKeyValueCache? cache, Keep mode, out Activations? kept, CancellationToken cancellation)
    {
        AttentionLayout attention = Layout(rows);
        kept = mode == Keep.Nothing ? null : new Activations(new Tensor[layers.Length], new TextDecoderLayer.Activations?[layers.Length]);
        for (int i = 0; i < layers.Length; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            bool lastRowOnly = cache is { HoldsOneSequence: true } && i == layers.Length - 1;
            Tensor y = layers[i].Forward(
                x, rows.Positions, lastRowOnly ? Layout(rows.LastRow) : attention, cache?[i], mode == Keep.Everything,
                out TextDecoderLayer.Activations? layer);
            if (kept is null)
            {
                x.Dispose();
            }
            else
            {
                kept.Inputs[i] = x;
                kept.Layers[i] = layer;
            }

            x = y;
        }

        return x;
    }

    /// <summary>Turns the gradient of the forward's result into that of its x, in place. Disposes <paramref name="kept"/>.</summary>
    /// <param name="dx">(T, D)</param>
    /// <param name="rows">as in the forward</param>
    /// <param name="kept">what the forward kept</param>
    /// <param name="cancellation">heard between blocks</param>
    public void Backward(Tensor dx, SequenceRows rows, Activations kept, CancellationToken cancellation)
    {
        AttentionLayout attention = Layout(rows);
        for (int i = layers.Length - 1; i >= 0; i--)
        {
            cancellation.ThrowIfCancellationRequested();
            TextDecoderLayer.Activations? layer = kept.Layers[i];
            if (layer is null)
            {
                layers[i].Forward(kept.Inputs[i], rows.Positions, attention, null, keep: true, out layer).Dispose();
            }

            layers[i].Backward(dx, kept.Inputs[i], rows.Positions, attention, layer!);
            kept.Inputs[i].Dispose();
        }
    }

    private AttentionLayout Layout(SequenceRows rows) =>
        new(rows.Segments, config.HeadCount, config.KeyValueHeadCount, config.HeadSize, Causal: true);

    /// <param name="Inputs">(T, D) of each block</param>
    /// <param name="Layers">each block's activations; null entries are computed again</param>
    internal sealed record Activations(Tensor[] Inputs, TextDecoderLayer.Activations?[] Layers);
}

/// <summary>Where concatenated sequences begin and end, and the rotary position of every row.</summary>
/// <param name="Segments">one per sequence</param>
/// <param name="Positions">(T)</param>
internal sealed record SequenceRows(AttentionSegment[] Segments, int[] Positions)
{
    /// <summary>Whole sequences of these lengths, each from position 0.</summary>
    public static SequenceRows Of(IEnumerable<int> lengths)
    {
        var segments = new List<AttentionSegment>();
        var positions = new List<int>();
        foreach (int length in lengths)
        {
            segments.Add(new AttentionSegment(positions.Count, length, positions.Count, length));
            positions.AddRange(Enumerable.Range(0, length));
        }

        return new SequenceRows([.. segments], [.. positions]);
    }

    /// <summary>Of one sequence only the last row asks; it sees what it saw.</summary>
    public SequenceRows LastRow => this with { Segments = [new AttentionSegment(0, 1, Segments[0].KeyStart, Segments[0].KeyLength)] };

    /// <summary><paramref name="count"/> tokens that follow <paramref name="before"/> cached ones.</summary>
    public static SequenceRows Continuing(int before, int count) =>
        new([new AttentionSegment(0, count, 0, before + count)], [.. Enumerable.Range(before, count)]);
}
