using Smvl.Models;
using Smvl.Tensors;
using Smvl.Tensors.Cpu;

namespace Smvl.Tests.Models;

/// <summary>The same on the CPU.</summary>
[Trait("Category", Golden.Category)]
public sealed class ForwardGoldenTests : ForwardGoldens
{
    protected override Backend Open() => new CpuBackend(2);
}

/// <summary>fixtures/forward: features, logits, loss and gradients of transformers, within the fixtures' tolerances, on a backend.</summary>
public abstract class ForwardGoldens
{
    private const double Relative = 1e-4;
    private const double Absolute = 1e-7;

    public static TheoryData<string> Cases =>
        [.. Directory.GetFiles(Golden.Path("forward"), "*.safetensors").Order().Select(f => Path.GetFileNameWithoutExtension(f)!)];

    /// <summary>Where the model computes.</summary>
    protected abstract Backend Open();

    [Theory, MemberData(nameof(Cases))]
    public void ImageFeaturesMatch(string name)
    {
        using FixtureModel fixture = new(Open());
        using ForwardCase golden = new(name, fixture.Config);
        if (golden.Batch.TileCount == 0)
        {
            Assert.DoesNotContain("image_features", golden.Names);
            return;
        }

        int size = fixture.Config.Vision.ImageSize;
        using Tensor tiles = fixture.Backend.Allocate(DType.U8, new Shape(golden.Batch.TileCount, 3, size, size));
        fixture.Backend.Upload<byte>(golden.Batch.Tiles.SelectMany(t => t.ToArray()).ToArray(), tiles);
        (Tensor tower, Tensor rows) = fixture.Model.EncodeTiles(tiles);
        Approx.Equal(golden.Values<float>("vision_last_hidden_state"), fixture.Read(tower), "vision_last_hidden_state", Relative, Absolute);
        Approx.Equal(golden.Values<float>("image_features"), fixture.Read(rows), "image_features", Relative, Absolute);
    }

    [Theory, MemberData(nameof(Cases))]
    public void LogitsAndLossMatch(string name)
    {
        using FixtureModel fixture = new(Open());
        using ForwardCase golden = new(name, fixture.Config);
        using Tensor logits = fixture.Model.Logits(golden.Batch, [.. Enumerable.Range(0, golden.Batch.Ids.Count)]);
        float[] padded = golden.Values<float>("logits");
        int width = fixture.Config.Text.VocabularySize;
        float[] expected = [.. golden.LogitRows.SelectMany(row => padded.Skip(row * width).Take(width))];
        Approx.Equal(expected, fixture.Read(logits), "logits", Relative, Absolute);

        double loss = fixture.Model.Loss(golden.Batch) / golden.Batch.Targets.Count;
        Assert.Equal(golden.Values<float>("loss")[0], loss, 1e-4);
    }

    [Theory, MemberData(nameof(Cases))]
    public void GradientsMatch(string name) => CheckGradients(name, checkpointing: false);

    [Theory, MemberData(nameof(Cases))]
    public void GradientsMatchWithCheckpointing(string name) => CheckGradients(name, checkpointing: true);

    private void CheckGradients(string name, bool checkpointing)
    {
        using FixtureModel fixture = new(Open());
        using ForwardCase golden = new(name, fixture.Config);
        string[] stored = [.. golden.Names.Where(n => n.StartsWith("grad.", StringComparison.Ordinal)).Select(n => n[5..])];
        bool vision = stored.Any(n => n.Contains("vision_model"));
        bool text = stored.Any(n => n.Contains("text_model"));
        fixture.Model.GradientCheckpointing = checkpointing;
        fixture.Model.Unfreeze(p =>
            p.Name.StartsWith("connector.", StringComparison.Ordinal)
            || (p.Name.StartsWith("vision.", StringComparison.Ordinal) && (vision || text))
            || (p.Name.StartsWith("text.", StringComparison.Ordinal) && text));

        double loss = fixture.Model.LossAndGradients(golden.Batch, 1.0 / golden.Batch.Targets.Count);
        Assert.Equal(golden.Values<float>("loss")[0], loss / golden.Batch.Targets.Count, 1e-4);

        int compared = 0;
        foreach (Parameter parameter in fixture.Model.Parameters.Where(p => p.Trainable))
        {
            string theirs = fixture.HuggingFaceName(parameter.Name);
            if (stored.Contains(theirs))
            {
                Approx.Equal(golden.Values<float>("grad." + theirs), fixture.Read(parameter.Gradient!), theirs, Relative, Absolute);
                compared++;
            }
        }

        Assert.Equal(stored.Length, compared);
    }
}
