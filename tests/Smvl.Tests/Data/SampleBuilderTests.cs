using Smvl.Data;
using Smvl.Formats.Parquet;
using Smvl.Images;
using Smvl.Inference;
using Smvl.Models;
using Smvl.Tensors.Cpu;
using Smvl.Text;

namespace Smvl.Tests.Data;

/// <summary>Rows of several pictures and turns as samples, on the fixtures' model: tiles of 64 pixels, grids of up to 2 x 2, 4 rows a tile.</summary>
public sealed class SampleBuilderTests : IDisposable
{
    private readonly TemporaryFolder temporary = new();
    private readonly CpuBackend backend = new(1);
    private readonly ModelFolder model;
    private readonly byte[][] pictures = [.. ((string[])["1-0.png", "2-0.png", "2-1.png"]).Select(name => File.ReadAllBytes(Golden.Path("generate", name)))];

    public SampleBuilderTests() => model = ModelFolder.Open(Golden.Path("spliced"), backend);

    public void Dispose()
    {
        model.Dispose();
        backend.Dispose();
        temporary.Dispose();
    }

    /// <summary>What is trained on is, token for token, what a chat without thinking reads, and the answer that it is to write.</summary>
    [Theory]
    [InlineData("tokens"), InlineData("qwen3-smvl"), InlineData("qwen")]
    public void TrainingReadsWhatChatReads(string layout)
    {
        string source = temporary["spliced"];
        Splicer.Splice(new SpliceOptions(Golden.Path("sources", "smolvlm2-tiny"), Golden.Path("sources", "qwen3-tiny"), source) { Layout = ImageLayout.OfName(layout)! });
        using ModelFolder spliced = ModelFolder.Open(source, backend);
        using CauldronSample row = Row(2, new QuestionAnswer("图中有什么？", "\n两只猫。"));
        SampleBuilder builder = new(spliced.Images, spliced.Prompts, Rules(1000));
        using Sample sample = builder.Build(row, "here");

        using ChatSession session = new(spliced);
        RgbImage[] shown = [.. pictures.Take(2).Select(picture => ImageDecoder.Decode(picture, "here"))];
        Prompt prompt = session.Prepare([new ChatMessage("user", ContentPart.Image, ContentPart.Image, new ContentPart("图中有什么？"))], shown, thinking: false);
        int[] answer = spliced.Prompts.Answer("\n两只猫。"), end = spliced.Tokenizer.Encode("\n");
        Assert.Equal([.. prompt.Ids, .. answer, .. end], sample.Ids);
        int[] block = spliced.Tokenizer.Encode("<think>\n\n</think>\n\n");
        Assert.Equal([.. prompt.Ids.SkipLast(block.Length).Select(_ => Batch.Ignored), .. block, .. answer, Batch.Ignored], sample.Labels);
        Assert.Equal(prompt.TileCount, sample.TileCount);
        Assert.Equal(prompt.Tiles.SelectMany(tiles => tiles.ToArray()), sample.Tiles.Memory.ToArray());
        foreach (RgbImage picture in shown)
        {
            picture.Dispose();
        }
    }

    [Fact]
    public void PicturesBeyondTheLimitAreLeftOutAndCounted()
    {
        Directory.CreateDirectory(temporary["data", "many"]);
        CauldronWriter.Write(temporary["data", "many", "train-0.parquet"],
        [
            new CauldronRow([.. pictures.Select(picture => new CauldronImage(picture, null))], [new CauldronTurn("问", "答", "s"), new CauldronTurn("再问", "再答", "s")]),
            new CauldronRow([new CauldronImage(pictures[0], null), new CauldronImage(null, "lost.png")], [new CauldronTurn("问", "答", "s")]),
            new CauldronRow([], [new CauldronTurn("问", "答", "s")]),
        ]);
        using CauldronDataset dataset = CauldronDataset.Open(temporary["data"], "many");
        using (CauldronSample two = dataset.ReadSample(0, turns: 1, pictures: 2), all = dataset.ReadSample(0, SampleRules.AllTurns, 9), none = dataset.ReadSample(2, 1, 9))
        {
            Assert.Equal(pictures.Take(2), two.Pictures.Select(picture => picture.Memory.ToArray()));
            Assert.Equal((1, 1), (two.PicturesLeft, two.TurnsLeft));
            Assert.Equal(pictures, all.Pictures.Select(picture => picture.Memory.ToArray()));
            Assert.Equal((0, 0), (all.PicturesLeft, all.TurnsLeft));
            Assert.Empty(none.Pictures);
            SampleBuilder builder = new(model.Images, model.Prompts, Rules(1000));
            using Sample first = builder.Build(two, "here"), second = builder.Build(all, "here");
            Assert.Equal(1, builder.DroppedPictures);
            Assert.Equal(second.TileCount, Tiles(3));
        }

        using (CauldronSample one = dataset.ReadSample(1, 1, 1))
        {
            Assert.Equal(1, one.PicturesLeft);
        }

        Assert.Contains("the row's picture 2, lost.png, has no bytes", Assert.Throws<SmvlException>(() => dataset.ReadSample(1, 1, 2)).Message);
    }

    /// <summary>First the picture of most tiles gets fewer, until each is one tile; then the last pictures go.</summary>
    [Fact]
    public void ShortSamplesShrinkPicturesAndThenDropThem()
    {
        using CauldronSample row = Row(3, new QuestionAnswer("问", "答"));
        (int Width, int Height)[] sizes = [.. pictures.Select(picture => ImageDecoder.ReadSize(picture, "here"))];
        int all = Tiles(3), length = Lay(10_000).Text.Ids.Length;
        int last = all;
        for (int most = length; ; most--)
        {
            SampleLayout layout;
            try
            {
                layout = Lay(most);
            }
            catch (SmvlException e)
            {
                Assert.Contains("not even those of one tile", e.Message);
                Assert.Equal(1, last);
                break;
            }

            Assert.InRange(layout.Text.Ids.Length, 1, most);
            Assert.InRange(layout.TileCount, 1, last);
            Assert.Equal(layout.TileCount * 4, layout.Text.Ids.Count(id => id == model.Prompts.ImageTokenId));
            Assert.Equal(3, layout.Plans.Count + layout.Dropped);
            Assert.Equal(layout.Plans.Index().Count(plan => plan.Item.TileCount < model.Images.Plan(sizes[plan.Index].Width, sizes[plan.Index].Height).TileCount), layout.Shrunk);
            if (layout.Dropped > 0)
            {
                Assert.All(layout.Plans, plan => Assert.Equal(1, plan.TileCount));
            }

            last = layout.TileCount;
        }

        SampleLayout Lay(int most) => new SampleBuilder(model.Images, model.Prompts, Rules(most)).Lay(row, sizes, "here");
    }

    private static SampleRules Rules(int maxLength) => new(maxLength) { Turns = SampleRules.AllTurns, MaxImages = 9, LossOn = LossOn.Answer };

    private CauldronSample Row(int count, params QuestionAnswer[] turns) => new(NativeBytes.Of(pictures[0]), null, turns)
    {
        MorePictures = [.. pictures.Take(count).Skip(1).Select(picture => NativeBytes.Of(picture))],
    };

    private int Tiles(int count) => pictures.Take(count).Sum(picture =>
    {
        (int width, int height) = ImageDecoder.ReadSize(picture, "here");
        return model.Images.Plan(width, height).TileCount;
    });
}
