using Smvl.Images;
using Smvl.Text;

namespace Smvl.Data;

/// <summary>
/// Turns a row into what the model takes: pictures into tiles, questions and answers into ids and labels. A sample longer than the
/// limit loses text behind its pictures; where image rows themselves would not fit, pictures are cut into fewer tiles, and the last ones
/// dropped where that is not enough, with the turns from the picture's own on where it stands in a later one. All of it is counted; image
/// rows are never cut.
/// </summary>
/// <param name="images">makes tiles; null where the model takes no pictures</param>
/// <param name="prompts">makes ids and labels</param>
/// <param name="rules">which turns, which labels, how long</param>
public sealed class SampleBuilder(ImageProcessor? images, PromptBuilder prompts, SampleRules rules)
{
    private int cutSamples;
    private long cutTokens;
    private int shrunkPictures;
    private int droppedPictures;

    /// <summary>Which turns it wants of a row, and how long samples may be.</summary>
    public SampleRules Rules => rules;

    /// <summary>Samples that lost text.</summary>
    public int CutSamples => cutSamples;

    /// <summary>Tokens that they lost.</summary>
    public long CutTokens => cutTokens;

    /// <summary>Pictures that were cut into fewer tiles than their size asks for.</summary>
    public int ShrunkPictures => shrunkPictures;

    /// <summary>Pictures that were not shown: beyond max_images, or because not even one tile of each fits into max_length.</summary>
    public int DroppedPictures => droppedPictures;

    /// <param name="row">a row's first pictures, if it has any, and turns</param>
    /// <param name="where">what errors call the row</param>
    /// <exception cref="SmvlException">
    /// a picture cannot be decoded or the model takes none, the texts hold special tokens, or max_length is too small for one tile
    /// </exception>
    public Sample Build(CauldronSample row, string where)
    {
        ReadOnlyMemory<byte>[] files = [.. row.Pictures.Select(picture => (ReadOnlyMemory<byte>)picture.Memory)];
        SampleLayout layout = Lay(row, Sizes(row, where), where);
        Count(row, layout);
        var tiles = new NativeBytes(layout.Plans.Sum(plan => images!.TileBytes(plan)));
        try
        {
            int start = 0;
            foreach ((int i, TilePlan plan) in layout.Plans.Index())
            {
                using RgbImage picture = ImageDecoder.Decode(files[i].Span, where);
                int bytes = images!.TileBytes(plan);
                images.Process(picture, plan, tiles.Span.Slice(start, bytes));
                start += bytes;
            }
        }
        catch
        {
            ((IDisposable)tiles).Dispose();
            throw;
        }

        return new Sample(layout.Text.Ids, layout.Text.Labels, tiles, layout.TileCount);
    }

    /// <summary>
    /// Where everything of a row will stand. Where image rows do not fit, the picture of most tiles is cut into fewer, again and again; where
    /// one tile of each picture does not fit either, the last pictures are dropped, and with a picture of a later turn the turns from that on.
    /// </summary>
    /// <param name="row">turns</param>
    /// <param name="sizes">of its pictures, upright</param>
    /// <param name="where">what errors call the row</param>
    /// <exception cref="SmvlException">the model takes no pictures, the texts hold special tokens, or max_length is too small for one tile</exception>
    public SampleLayout Lay(CauldronSample row, IReadOnlyList<(int Width, int Height)> sizes, string where)
    {
        if (sizes.Count > 0 && images is null)
        {
            throw new SmvlException("a row with a picture, and a text model alone", where, "rows without pictures", hint: "name text data, or a spliced model");
        }

        List<TilePlan> plans = [.. sizes.Select(size => images!.Plan(size.Width, size.Height, rules.MaxTiles))];
        int[] asked = [.. plans.Select(plan => plan.TileCount)];
        IReadOnlyList<QuestionAnswer> turns = row.Turns;
        TrainingText text;
        int lost = 0;
        while (!TryText(row, turns, plans, where, out text))
        {
            int largest = plans.IndexOf(plans.MaxBy(plan => plan.TileCount)!);
            if (plans[largest].TileCount > 1)
            {
                plans[largest] = images!.Plan(sizes[largest].Width, sizes[largest].Height, plans[largest].TileCount - 1);
            }
            else if (TurnOf(turns, plans.Count - 1) is > 0 and var turn)
            {
                turns = [.. turns.Take(turn)];
                int stay = turns.Sum(left => left.PictureOffsets?.Count ?? 0);
                plans.RemoveRange(stay, plans.Count - stay);
                TryText(row, turns, plans, where, out TrainingText shorter);
                lost += TextTokens(text) - TextTokens(shorter);
            }
            else if (plans.Count > 1)
            {
                plans.RemoveAt(plans.Count - 1);
            }
            else
            {
                throw new SmvlException(
                    "the picture's rows do not fit, not even those of one tile", "max_length", $"at least {text.ImageEnd}", $"{rules.MaxLength}", "raise max_length");
            }
        }

        return new SampleLayout(
            text with { Cut = text.Cut + lost }, turns.Count, plans, plans.Index().Count(plan => plan.Item.TileCount < asked[plan.Index]), sizes.Count - plans.Count);
    }

    /// <summary>Tokens of the sample that <see cref="Build"/> would make; nothing is counted and no pixel computed.</summary>
    /// <param name="row">a row's first pictures, if it has any, and turns</param>
    /// <param name="where">what errors call the row</param>
    /// <exception cref="SmvlException">as <see cref="Lay"/>, or a picture without a readable header</exception>
    public int Length(CauldronSample row, string where) => Lay(row, Sizes(row, where), where).Text.Ids.Length;

    /// <summary>Of a row's pictures, upright.</summary>
    internal static (int Width, int Height)[] Sizes(CauldronSample row, string where) =>
        [.. row.Pictures.Select(picture => ImageDecoder.ReadSize(picture.Memory.Span, where))];

    private void Count(CauldronSample row, SampleLayout layout)
    {
        Interlocked.Add(ref shrunkPictures, layout.Shrunk);
        Interlocked.Add(ref droppedPictures, row.PicturesLeft + layout.Dropped);
        if (layout.Text.Cut > 0)
        {
            Interlocked.Increment(ref cutSamples);
            Interlocked.Add(ref cutTokens, layout.Text.Cut);
        }
    }

    /// <summary>The turn in which a picture stands.</summary>
    private static int TurnOf(IReadOnlyList<QuestionAnswer> turns, int picture)
    {
        int behind = 0;
        return turns.Index().FirstOrDefault(turn => picture < (behind += turn.Item.PictureOffsets?.Count ?? 0)).Index;
    }

    private int TextTokens(TrainingText text) => text.Ids.Count(id => id != prompts.ImageTokenId) + text.Cut;

    private bool TryText(CauldronSample row, IReadOnlyList<QuestionAnswer> turns, IReadOnlyList<TilePlan> plans, string where, out TrainingText text)
    {
        try
        {
            return prompts.TrySample(turns, [.. plans.Select(plan => new ImageGrid(plan.Rows, plan.Cols))], rules, out text, row.System);
        }
        catch (SmvlException e)
        {
            throw new SmvlException(e.Message, where, inner: e);
        }
    }
}
