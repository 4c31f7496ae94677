using Smvl.Images;
using Smvl.Models;
using Smvl.Tensors;
using Smvl.Text;

namespace Smvl.Inference;

/// <summary>
/// Finds what fits a memory limit. Sizes are computed from the model's extents; what the process holds is measured once the model is open.
/// Lowered in this order, each as far as it goes before the next: the pieces that work is done in (costs time only); the cache's type,
/// F32, F16, Q8_0; the context, down to one whole picture with a question and an answer; the tiles of a picture, and the context with them.
/// </summary>
/// <param name="model">opened, nothing run yet</param>
/// <param name="threads">that compute</param>
internal sealed class MemoryPlanner(IChatModel model, int threads)
{
    /// <summary>Tokens that are asked for where the model has as many positions.</summary>
    public const int WishedContext = 4096;

    /// <summary>Tokens besides the picture's, for a question and an answer.</summary>
    public const int LeastText = 512;

    private const int ContextStep = 64, TokensAtOnce = 256;

    /// <summary>Of memory between tensors that no other fits into, as a share of what was in use.</summary>
    private const double PoolShare = 0.05;

    // as the kernels have them: a packed slab, and what a thread packs and scores for itself
    private const long SlabBytes = 9L << 20, ThreadBytes = 1L << 20;

    private readonly TextConfig text = model.Model.TextConfig;
    private readonly ModelConfig? whole = model.Model.TakesPictures ? model.Model.Config : null;

    /// <param name="limit">bytes of the process's resident memory</param>
    /// <param name="held">resident now, mapped weights left out</param>
    /// <param name="growth">by which the runtime will grow</param>
    /// <param name="largestPicture">pixels of the largest picture</param>
    /// <param name="cacheType">the only type of cache that may be; null for any</param>
    /// <exception cref="SmvlException">not even the least fits</exception>
    public MemoryPlan Plan(long limit, long held, long growth, long largestPicture, DType? cacheType)
    {
        DType[] types = cacheType is { } only ? [only] : [.. CacheTypes().SkipWhile(type => type != model.Limits.CacheType)];
        (int fewest, int most) = whole is null ? (0, 0) : model.Images.TileRange;
        int wished = Math.Min(WishedContext, text.MaxPositions);
        MemoryPlan At(DType type, int tiles, int context) => Estimate(limit, held, growth, largestPicture, type, tiles, context);
        foreach (DType type in types)
        {
            MemoryPlan plan = At(type, most, Math.Max(wished, LeastContext(most)));
            if (plan.Peak <= limit)
            {
                return plan;
            }
        }

        MemoryPlan least = At(types[^1], most, Math.Max(wished, LeastContext(most)));
        for (int tiles = most; tiles >= fewest; tiles--)
        {
            int floor = LeastContext(tiles);
            for (int context = Math.Max(wished, floor); context >= floor; context -= ContextStep)
            {
                least = At(types[^1], tiles, context);
                if (least.Peak <= limit)
                {
                    return least;
                }
            }

            least = At(types[^1], tiles, floor);
        }

        throw new SmvlException(
            "the model does not fit the memory limit", "memory", $"at least {MemoryPlan.Text(least.Peak)} for {LeastWords(least.Limits)}",
            MemoryPlan.Text(limit), "take a smaller type of weights, or raise the limit");
    }

    private static string LeastWords(SessionLimits limits) =>
        $"{limits.ContextLength} tokens of context{(limits.MaxTiles is int tiles ? $" and {tiles} tiles" : "")}";

    private IEnumerable<DType> CacheTypes() =>
        ((DType[])[DType.F32, DType.F16, DType.Q8_0]).Where(type => text.HeadSize % type.BlockSize() == 0);

    /// <summary>Tokens that a picture of so many tiles, a question and an answer need, in whole steps where the model has as many positions.</summary>
    private int LeastContext(int tiles)
    {
        int picture = tiles == 0 ? 0
            : model.Prompts.Chat([new ChatMessage("user", ContentPart.Image)], [tiles == 1 ? ImageGrid.Whole : new ImageGrid(1, tiles - 1)]).Length;
        int least = Math.Min(picture + LeastText, text.MaxPositions);
        return Math.Min((least + ContextStep - 1) / ContextStep * ContextStep, text.MaxPositions);
    }

    private MemoryPlan Estimate(long limit, long held, long growth, long largestPicture, DType type, int tiles, int context)
    {
        long cache = 2L * text.LayerCount * type.Bytes((long)context * text.KeyValueHeadCount * text.HeadSize);
        long mapped = model.Model.Parameters.Where(p => IsMapped(p) && !IsVision(p)).Sum(p => p.Value.ByteLength), tower = 0, rows = 0, picture = 0;
        if (whole is not null)
        {
            mapped = Math.Max(mapped, model.Model.SparingTowerBytes(IsMapped));
            tower = TowerWork();
            rows = (long)tiles * whole.ImageSequenceLength * text.HiddenSize * sizeof(float);
            picture = PictureBytes(tiles, largestPicture);
        }

        long pooled = cache + rows + Math.Max(tower, PromptWork(Math.Min(TokensAtOnce, context)));
        long scratch = Scratch(type, context);
        var limits = new SessionLimits
        {
            CacheType = type,
            ContextLength = context,
            MaxTiles = whole is null ? null : tiles,
            TilesAtOnce = 1,
            TokensAtOnce = TokensAtOnce,
            Sparingly = true,
            PicturesKept = 1,
        };
        long work = pooled - cache - rows + (long)(PoolShare * pooled) + MemoryPages.HugePage + scratch;
        return new MemoryPlan(limit, limits, held, mapped, cache, picture + rows, work, growth);
    }

    /// <summary>Bytes of one tile's pass through the tower and the connector: x, the queries, keys, values, sums and the wide rows of a block.</summary>
    private long TowerWork()
    {
        VisionConfig vision = whole!.Vision;
        return vision.PatchCount * ((8L * vision.HiddenSize) + vision.IntermediateSize) * sizeof(float);
    }

    /// <summary>Bytes of a run of tokens through the decoder, and the logits behind it.</summary>
    private long PromptWork(int tokens)
    {
        long queries = (long)text.HeadCount * text.HeadSize, keys = (long)text.KeyValueHeadCount * text.HeadSize;
        long block = Math.Max((3L * text.HiddenSize) + (2 * queries) + (2 * keys) + (2L * text.IntermediateSize), text.HiddenSize + (3 * queries) + (3 * keys));
        return ((tokens * block) + text.VocabularySize) * sizeof(float);
    }

    /// <summary>The kernels' own: a packed side of a product, keys and values as they are multiplied, twice for a quantized cache.</summary>
    private long Scratch(DType type, int context)
    {
        long keysAndValues = 2L * context * text.KeyValueHeadCount * text.HeadSize * sizeof(float);
        long patches = whole is null ? 0 : 2L * whole.Vision.PatchCount * whole.Vision.HiddenSize * sizeof(float);
        return Math.Max(SlabBytes, Math.Max(keysAndValues, patches)) + (type.IsQuantized() ? keysAndValues : 0) + (threads * ThreadBytes);
    }

    /// <summary>Decoded (libgd has 4 bytes for a pixel, beside our 3), then resized on its way to tiles, which are kept.</summary>
    private long PictureBytes(int tiles, long pixels)
    {
        long tile = (long)RgbImage.Channels * whole!.Vision.ImageSize * whole.Vision.ImageSize, cut = tiles * tile;
        return Math.Max(7 * pixels, (3 * pixels) + (3 * cut)) + cut;
    }

    private static bool IsVision(Parameter parameter) => parameter.Name.StartsWith("vision.", StringComparison.Ordinal);

    private static bool IsMapped(Parameter parameter) => parameter.Value.Storage is MappedStorage;
}
