using Smvl.Data;
using Smvl.Images;
using Smvl.Inference;
using Smvl.Models;
using Smvl.Tensors;
using Smvl.Tensors.Cpu;
using Smvl.Tensors.Quantization;

namespace Smvl.Tests.Models;

public sealed class GgufComparerTests : IDisposable
{
    private readonly TemporaryFolder temporary = new();
    private readonly ComparisonPrompts prompts = new(["图中有什么动物？它们在做什么？", "Describe the place, then count to three: 1, 2, 3."], [Picture()]);

    public void Dispose()
    {
        prompts.Dispose();
        temporary.Dispose();
    }

    [Fact]
    public void FewerBitsAreFurtherOff()
    {
        string folder = ExportableFolder.Make(temporary);
        GgufComparison single = Compare(folder, FileType.F32, FileType.F32), eight = Compare(folder, FileType.Q8_0, FileType.Q8_0), four = Compare(folder, FileType.Q4_0, FileType.Q8_0);
        Assert.InRange(single.Distance.All.MeanKl, -1e-12, 1e-8);
        Assert.Equal(1, single.Distance.All.Agreement);
        Assert.InRange(eight.Distance.Text.MeanKl, 1e-9, 1e-2);
        Assert.InRange(eight.Distance.Pictures.MeanKl, 1e-9, 1e-2);
        Assert.True(four.Distance.All.MeanKl > 10 * eight.Distance.All.MeanKl, $"{four.Distance} {eight.Distance}");
        Assert.True(four.Text.File < eight.Text.File && eight.Total.File < single.Total.File);
    }

    [Fact]
    public void EveryPositionCountsButThoseBeforeAnImageRow()
    {
        string folder = ExportableFolder.Make(temporary);
        GgufPaths pair = Export(folder, FileType.Q4_0, FileType.Q8_0);
        GgufComparison found = GgufComparer.Compare(folder, pair.Text, pair.Projector, prompts, threads: 2);

        using CpuBackend backend = new(2);
        using ModelFolder source = ModelFolder.Open(folder, backend);
        using GgufModel other = GgufModel.Open(pair.Text, pair.Projector, backend);
        double text = 0, picture = 0;
        int textPositions = 0, picturePositions = 0;
        foreach ((Prompt prompt, bool hasPicture) in prompts.Prepare(source))
        {
            // another way to the same logits: a training batch
            using Batch batch = new([new Sample(prompt.Ids, prompt.Ids, NativeBytes.Of([.. prompt.Tiles.SelectMany(tiles => tiles.ToArray())]), prompt.TileCount)], source.Model.Config.ImageTokenId);
            for (int t = 0; t < prompt.Ids.Length; t++)
            {
                if (t + 1 < prompt.Ids.Length && prompt.Ids[t + 1] == source.Model.Config.ImageTokenId)
                {
                    continue;
                }

                double kl = NaiveKl(Logits(source.Model, batch, t), Logits(other.Model, batch, t));
                (text, textPositions) = hasPicture ? (text, textPositions) : (text + kl, textPositions + 1);
                (picture, picturePositions) = hasPicture ? (picture + kl, picturePositions + 1) : (picture, picturePositions);
            }
        }

        Assert.Equal((textPositions, picturePositions), (found.Distance.Text.Positions, found.Distance.Pictures.Positions));
        Assert.Equal(text / textPositions, found.Distance.Text.MeanKl, 1e-6 * text);
        Assert.Equal(picture / picturePositions, found.Distance.Pictures.MeanKl, 1e-6 * picture);
        Assert.Equal((text + picture) / (textPositions + picturePositions), found.Distance.All.MeanKl, 1e-6 * text);
    }

    [Fact]
    public void ATextModelAloneIsShownNoPicture()
    {
        string folder = ExportableFolder.Make(temporary);
        GgufComparison found = GgufComparer.Compare(folder, Export(folder, FileType.Q8_0, FileType.Q8_0).Text, null, prompts, threads: 2);
        Assert.Equal(0, found.Distance.Pictures.Positions);
        Assert.True(found.Distance.Text.Positions > 40);
        Assert.Null(found.Projector);
        Assert.Equal(found.Text, found.Total);
    }

    [Fact]
    public void AnotherModelsFileIsRefused()
    {
        SmvlException refused = Assert.Throws<SmvlException>(
            () => GgufComparer.Compare(ExportableFolder.Make(temporary), MtmdGolden.Path(MtmdGolden.TextName), null, prompts, threads: 2));
        Assert.Contains("not the folder's model: tokens", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void TheBuiltInPromptsAreInBothLanguages()
    {
        Assert.InRange(ComparisonPrompts.BuiltInTexts.Count, 6, 12);
        Assert.All(ComparisonPrompts.BuiltInTexts, text => Assert.InRange(text.Length, 60, 400));
        Assert.Contains(ComparisonPrompts.BuiltInTexts, text => text.Contains('图', StringComparison.Ordinal) || text.Contains('的', StringComparison.Ordinal));
        Assert.Contains(ComparisonPrompts.BuiltInTexts, text => text.All(char.IsAscii));
    }

    private static RgbImage Picture()
    {
        byte[] pixels = [.. Enumerable.Range(0, 64 * 48 * 3).Select(i => (byte)(i * 7 % 251))];
        return new RgbImage(64, 48, pixels);
    }

    private GgufComparison Compare(string folder, FileType type, FileType projector)
    {
        GgufPaths pair = Export(folder, type, projector);
        return GgufComparer.Compare(folder, pair.Text, pair.Projector, prompts, threads: 2);
    }

    private GgufPaths Export(string folder, FileType type, FileType projector) =>
        GgufExporter.Export(new GgufExportOptions(folder, temporary["out"], type) { ProjectorType = projector, Replace = true, Threads = 2 });

    private static float[] Logits(VisionLanguageModel model, Batch batch, int position)
    {
        using Tensor logits = model.Logits(batch, [position]);
        return logits.Span<float>().ToArray();
    }

    private static double NaiveKl(float[] expected, float[] actual)
    {
        double[] p = LogSoftmax(expected), q = LogSoftmax(actual);
        return p.Zip(q).Sum(pair => Math.Exp(pair.First) * (pair.First - pair.Second));

        static double[] LogSoftmax(float[] logits)
        {
            double sum = Math.Log(logits.Sum(logit => Math.Exp(logit)));
            return [.. logits.Select(logit => logit - sum)];
        }
    }
}
