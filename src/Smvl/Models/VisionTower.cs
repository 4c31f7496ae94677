using Smvl.Tensors;

namespace Smvl.Models;

/// <summary>
/// SigLIP: patches of each tile through a patch convolution, learned positions, pre-norm blocks, a last norm. Tiles never see each
/// other, so they are worked on in groups, and without a backward only one group's activations exist at a time.
/// Position p belongs to patch p of the tile. (The reference computes ids from float32 fractions, which is the same for every
/// published grid: 14, 24, 26, 27, 32 and all powers of two; for some others, 19 or 40 for example, its rounding repeats an id.)
/// Source: SmolVLMVisionTransformer, transformers models/smolvlm/modeling_smolvlm.py; Zhai et al. 2023.
/// </summary>
internal sealed class VisionTower
{
    /// <summary>Rows of patches that make products large enough to be fast; more only costs memory.</summary>
    private const int GroupRows = 2048;

    private readonly Backend backend;
    private readonly VisionConfig config;
    private readonly Parameter positions;
    private readonly LinearLayer patchEmbedding;
    private readonly VisionTowerLayer[] layers;
    private readonly List<Parameter>[] layerParameters;
    private readonly LayerNormLayer postNorm;

    /// <param name="backend">where the parameters lie</param>
    /// <param name="config">extents</param>
    /// <param name="parameter">finds a parameter by its name behind "vision."</param>
    public VisionTower(Backend backend, VisionConfig config, Func<string, Parameter> parameter)
    {
        this.backend = backend;
        this.config = config;
        positions = parameter("position_embedding");
        patchEmbedding = new(backend, parameter("patch_embedding.weight"), parameter("patch_embedding.bias"));
        layerParameters = [.. Enumerable.Range(0, config.LayerCount).Select(_ => new List<Parameter>())];
        layers = [.. layerParameters.Select((own, i) => new VisionTowerLayer(backend, config, name =>
        {
            own.Add(parameter($"layers.{i}.{name}"));
            return own[^1];
        }))];
        postNorm = new(backend, parameter("post_norm.weight"), parameter("post_norm.bias"), (float)config.LayerNormEpsilon);
    }

    /// <summary>Whether each layer's mapped weights leave memory when it has run; they are read again for the next group.</summary>
    public bool SetsLayersAside { get; set; }

    /// <summary>Of the layers' adapters; null without.</summary>
    public LoraDropout? Dropout { get; set; }

    /// <summary>Bytes of the largest layer's weights.</summary>
    public long LargestLayerBytes => layerParameters.Max(own => own.Sum(parameter => parameter.Value.ByteLength));

    /// <summary>Tiles of a group.</summary>
    public int TilesAtOnce => Math.Max(1, GroupRows / config.PatchCount);

    /// <summary>Rows of the last hidden state (tiles·P, D).</summary>
    /// <param name="tiles">(tiles, 3, S, S): U8, normalised on the way, or F32, taken as they are</param>
    /// <param name="pixels">the normalisation of U8 tiles</param>
    /// <param name="mode">what is kept for <see cref="Backward"/></param>
    /// <param name="kept">what the backward needs; null when nothing is kept</param>
    /// <param name="cancellation">heard between blocks</param>
    public Tensor Forward(
        Tensor tiles, PixelNormalisation pixels, Keep mode, out Activations? kept, CancellationToken cancellation)
    {
        int patches = config.PatchCount;
        int perGroup = TilesAtOnce;
        Tensor output = backend.Allocate((long)tiles.Shape[0] * patches, config.HiddenSize);
        kept = mode == Keep.Nothing ? null : new Activations(pixels);
        for (int start = 0; start < tiles.Shape[0]; start += perGroup)
        {
            int count = Math.Min(perGroup, tiles.Shape[0] - start);
            Group? group = kept?.Add(tiles.Slice(start, count), layers.Length);
            using Tensor last = ForwardGroup(tiles.Slice(start, count), pixels, start / perGroup, mode, group, cancellation);
            backend.Copy(output.Slice(start * patches, count * patches), last);
        }

        Dropout?.Pass = 0;
        return output;
    }

    /// <summary>Adds to the gradients of trainable parameters; nothing lies before the pixels. Disposes <paramref name="kept"/>.</summary>
    /// <param name="dOutput">(tiles·P, D)</param>
    /// <param name="kept">what the forward kept</param>
    /// <param name="cancellation">heard between blocks</param>
    public void Backward(Tensor dOutput, Activations kept, CancellationToken cancellation)
    {
        int row = 0;
        foreach ((int pass, Group group) in kept.Groups.Index())
        {
            Dropout?.Pass = pass;
            int rows = group.Tiles.Shape[0] * config.PatchCount;
            BackwardGroup(dOutput.Slice(row, rows), kept.Pixels, group, cancellation);
            row += rows;
        }
    }

    private Tensor ForwardGroup(
        Tensor tiles, PixelNormalisation pixels, int pass, Keep mode, Group? group, CancellationToken cancellation)
    {
        int count = tiles.Shape[0];
        AttentionLayout attention = Layout(count);
        Dropout?.Pass = pass;
        Tensor x;
        using (Tensor patches = Patches(tiles, pixels))
        {
            x = patchEmbedding.Forward(patches);
        }

        backend.AddGathered(x, positions.Value, PositionIds(count));
        for (int i = 0; i < layers.Length; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            Tensor y = layers[i].Forward(x, attention, mode == Keep.Everything, out VisionTowerLayer.Activations? layer);
            if (SetsLayersAside)
            {
                layerParameters[i].ForEach(parameter => backend.SetAside(parameter.Value));
            }

            if (group is null)
            {
                x.Dispose();
            }
            else
            {
                group.Inputs[i] = x;
                group.Layers[i] = layer;
            }

            x = y;
        }

        if (group is null)
        {
            Tensor last = postNorm.Forward(x, null, null);
            x.Dispose();
            return last;
        }

        group.Last = x;
        group.Mean = postNorm.NewStatistic(x);
        group.Rstd = postNorm.NewStatistic(x);
        return postNorm.Forward(x, group.Mean, group.Rstd);
    }

    private void BackwardGroup(Tensor dOutput, PixelNormalisation pixels, Group group, CancellationToken cancellation)
    {
        AttentionLayout attention = Layout(group.Tiles.Shape[0]);
        using Tensor dx = backend.Allocate(DType.F32, dOutput.Shape);
        postNorm.Backward(dx, dOutput, group.Last!, group.Mean!, group.Rstd!, accumulate: false);
        group.Last!.Dispose();
        group.Mean!.Dispose();
        group.Rstd!.Dispose();
        for (int i = layers.Length - 1; i >= 0; i--)
        {
            cancellation.ThrowIfCancellationRequested();
            VisionTowerLayer.Activations? layer = group.Layers[i];
            if (layer is null)
            {
                layers[i].Forward(group.Inputs[i], attention, keep: true, out layer).Dispose();
            }

            layers[i].Backward(dx, group.Inputs[i], attention, layer!);
            group.Inputs[i].Dispose();
        }

        if (positions.Gradient is { } dPositions)
        {
            backend.GatherBackward(dPositions, dx, PositionIds(group.Tiles.Shape[0]));
        }

        using Tensor patches = Patches(group.Tiles, pixels);
        patchEmbedding.Backward(null, dx, patches);
    }

    /// <summary>(tiles·P, 3·p·p)</summary>
    private Tensor Patches(Tensor tiles, PixelNormalisation pixels)
    {
        Tensor patches = backend.Allocate(
            (long)tiles.Shape[0] * config.PatchCount, config.ChannelCount * config.PatchSize * config.PatchSize);
        backend.Patches(patches, tiles, config.PatchSize, pixels.Scale, pixels.Offset);
        return patches;
    }

    private AttentionLayout Layout(int tiles) => new(
        AttentionLayout.Blocks(tiles, config.PatchCount), config.HeadCount, config.HeadCount, config.HeadSize, Causal: false);

    private int[] PositionIds(int tiles)
    {
        int[] ids = new int[tiles * config.PatchCount];
        for (int i = 0; i < ids.Length; i++)
        {
            ids[i] = i % config.PatchCount;
        }

        return ids;
    }

    /// <summary>What the groups keep for the backward.</summary>
    internal sealed class Activations(PixelNormalisation pixels)
    {
        private readonly List<Group> groups = [];

        public PixelNormalisation Pixels => pixels;

        public IReadOnlyList<Group> Groups => groups;

        public Group Add(Tensor tiles, int layers)
        {
            groups.Add(new Group(tiles, layers));
            return groups[^1];
        }
    }

    /// <summary>One group's share: the tiles (read again), each block's input and, unless recomputed, its activations.</summary>
    internal sealed class Group(Tensor tiles, int layers)
    {
        public Tensor Tiles => tiles;

        public Tensor[] Inputs { get; } = new Tensor[layers]; // (T, D) each

        public VisionTowerLayer.Activations?[] Layers { get; } = new VisionTowerLayer.Activations?[layers];

        public Tensor? Last { get; set; } // (T, D) before the last norm

        public Tensor? Mean { get; set; } // (T)

        public Tensor? Rstd { get; set; } // (T)
    }
}
