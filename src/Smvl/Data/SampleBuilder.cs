using Smvl.Images;
using Smvl.Text;

namespace Smvl.Data;

/// <summary>
/// Turns a row into what the model takes: the picture into tiles, question and answer into ids and labels. A sample longer than the
/// limit loses text behind its pictures; where image rows themselves would not fit, the picture is cut into fewer tiles. Both are
/// counted; image rows are never cut.
/// </summary>
public sealed class SampleBuilder(ImageProcessor images, PromptBuilder prompts, int maxLength)
{
    private int cutSamples;
    private long cutTokens;
    private int shrunkPictures;

    /// <summary>Samples that lost text.</summary>
    public int CutSamples => cutSamples;

    /// <summary>Tokens that they lost.</summary>
    public long CutTokens => cutTokens;

    /// <summary>Pictures that were cut into fewer tiles than their size asks for.</summary>
    public int ShrunkPictures => shrunkPictures;

    /// <param name="row">a row's first picture and turn</param>
    /// <param name="where">what errors call the row</param>
    /// <exception cref="SmvlException">the picture cannot be decoded, the texts hold special tokens, or max_length is too small for one tile</exception>
    public Sample Build(CauldronSample row, string where)
    {
        using RgbImage picture = ImageDecoder.Decode(row.Picture.Memory.Span, where);
        TilePlan plan = images.Plan(picture.Width, picture.Height);
        int allTiles = plan.TileCount;
        TrainingText text;
        while (!TryText(row, plan, where, out text))
        {
            if (plan.TileCount == 1)
            {
                throw new SmvlException(
                    "the picture's rows do not fit, not even those of one tile", "max_length", $"at least {text.ImageEnd}", $"{maxLength}", "raise max_length");
            }

            plan = images.Plan(picture.Width, picture.Height, plan.TileCount - 1);
        }

        if (plan.TileCount < allTiles)
        {
            Interlocked.Increment(ref shrunkPictures);
        }

        if (text.Cut > 0)
        {
            Interlocked.Increment(ref cutSamples);
            Interlocked.Add(ref cutTokens, text.Cut);
        }

        var tiles = new NativeBytes(images.TileBytes(plan));
        images.Process(picture, plan, tiles.Span);
        return new Sample(text.Ids, text.Labels, tiles, plan.TileCount);
    }

    private bool TryText(CauldronSample row, TilePlan plan, string where, out TrainingText text)
    {
        try
        {
            return prompts.TrySample(row.Question, row.Answer, [new ImageGrid(plan.Rows, plan.Cols)], maxLength, out text);
        }
        catch (SmvlException e)
        {
            throw new SmvlException(e.Message, where, inner: e);
        }
    }
}
