using Smvl.Benchmarks;
using Smvl.Models;
using Smvl.Tests.Models;

namespace Smvl.Tests.Benchmarks;

/// <summary>The operations that limits are computed from, against the layers' extents written out one by one.</summary>
public sealed class ModelArithmeticTests : IDisposable
{
    private const double Tolerance = 1e-12;

    private readonly FixtureModel model = new();

    public void Dispose() => model.Dispose();

    [Fact]
    public void OperationsAreThoseOfTheLayers()
    {
        VisionConfig v = model.Config.Vision;
        TextConfig t = model.Config.Text;
        ModelArithmetic arithmetic = new(model.Model);
        const int Tiles = 3, Tokens = 50, Targets = 20;

        double patches = (double)Tiles * v.PatchCount, patchEmbedding = patches * v.ChannelCount * v.PatchSize * v.PatchSize * v.HiddenSize;
        double tower = patchEmbedding + (v.LayerCount * patches * ((4.0 * v.HiddenSize * v.HiddenSize) + (2.0 * v.HiddenSize * v.IntermediateSize)));
        double towerAttention = v.LayerCount * patches * v.PatchCount * 2 * v.HiddenSize;
        double connector = (double)Tiles * model.Config.ImageSequenceLength * model.Config.ConnectorInputSize * t.HiddenSize;
        double queries = t.HeadCount * t.HeadSize, keys = t.KeyValueHeadCount * t.HeadSize;
        double blocks = t.LayerCount * (double)Tokens * ((2 * t.HiddenSize * queries) + (2 * t.HiddenSize * keys) + (3.0 * t.HiddenSize * t.IntermediateSize));
        double blocksAttention = t.LayerCount * 2 * queries * Enumerable.Range(1, Tokens).Sum();
        double headRow = (double)t.HiddenSize * t.VocabularySize;

        Equal(tower + towerAttention + connector, arithmetic.Tiles(Tiles));
        Equal(blocks + blocksAttention + headRow, arithmetic.Prompt(Tokens));

        // the decoder forward and back to its input; attention's backward has five products to the forward's two
        double decoder = (2 * blocks) + (3.5 * blocksAttention) + (2 * Targets * headRow);
        Equal(decoder + tower + towerAttention + (2 * connector), arithmetic.Step(everything: false, Tiles, Tokens, Targets));
        double weights = blocks + (Targets * headRow);
        Equal(
            decoder + weights + (3 * (tower + connector)) - patchEmbedding + (3.5 * towerAttention),
            arithmetic.Step(everything: true, Tiles, Tokens, Targets));

        static void Equal(double multiplyAdds, double operations) => Assert.Equal(1, operations / (2 * multiplyAdds), Tolerance);
    }
}
