using Smvl.Images;
using Smvl.Text;

namespace Smvl.Data;

/// <summary>
/// Turns a row into what the model takes: the picture into tiles, question and answer into ids and labels. A sample longer than the
/// limit loses text behind its picture; where image rows themselves would not fit, the picture is cut into fewer tiles. Both are
/// counted; image rows are never cut.
/// </summary>
/// <param name="images">makes tiles; null where the model takes no pictures</param>
/// <param name="prompts">makes ids and labels</param>
/// <param name="rules">which turns, which labels, how long</param>
public sealed class SampleBuilder(ImageProcessor? images, PromptBuilder prompts, SampleRules rules)
{
    private int cutSamples;
    private long cutTokens;
    private int shrunkPictures;

    /// <summary>Which turns it wants of a row, and how long samples may be.</summary>
    public SampleRules Rules => rules;

    /// <summary>Samples that lost text.</summary>
    public int CutSamples => cutSamples;

    /// <summary>Tokens that they lost.</summary>
    public long CutTokens => cutTokens;

    /// <summary>Pictures that were cut into fewer tiles than their size asks for.</summary>
    public int ShrunkPictures => shrunkPictures;

    /// <param name="row">a row's first picture, if it has one, and turns</param>
    /// <param name="where">what errors call the row</param>
    /// <exception cref="SmvlException">
    /// the picture cannot be decoded or the model takes none, the texts hold special tokens, or max_length is too small for one tile
    /// </exception>
    public Sample Build(CauldronSample row, string where)
    {
        if (row.Picture is null)
        {
            TryText(row, [], where, out TrainingText alone);
            CountCut(alone);
            return new Sample(alone.Ids, alone.Labels, new NativeBytes(0), 0);
        }

        if (images is null)
        {
            throw new SmvlException("a row with a picture, and a text model alone", where, "rows without pictures", hint: "name text data, or a spliced model");
        }

        using RgbImage picture = ImageDecoder.Decode(row.Picture.Memory.Span, where);
        TilePlan plan = images.Plan(picture.Width, picture.Height);
        int allTiles = plan.TileCount;
        TrainingText text;
        while (!TryText(row, [new ImageGrid(plan.Rows, plan.Cols)], where, out text))
        {
            if (plan.TileCount == 1)
            {
                throw new SmvlException(
                    "the picture's rows do not fit, not even those of one tile", "max_length", $"at least {text.ImageEnd}", $"{rules.MaxLength}", "raise max_length");
            }

            plan = images.Plan(picture.Width, picture.Height, plan.TileCount - 1);
        }

        if (plan.TileCount < allTiles)
        {
            Interlocked.Increment(ref shrunkPictures);
        }

        CountCut(text);
        var tiles = new NativeBytes(images.TileBytes(plan));
        images.Process(picture, plan, tiles.Span);
        return new Sample(text.Ids, text.Labels, tiles, plan.TileCount);
    }

    private void CountCut(TrainingText text)
    {
        if (text.Cut > 0)
        {
            Interlocked.Increment(ref cutSamples);
            Interlocked.Add(ref cutTokens, text.Cut);
        }
    }

    private bool TryText(CauldronSample row, IReadOnlyList<ImageGrid> grids, string where, out TrainingText text)
    {
        try
        {
            return prompts.TrySample(row.Turns, grids, rules, out text);
        }
        catch (SmvlException e)
        {
            throw new SmvlException(e.Message, where, inner: e);
        }
    }
}
