using Smvl.Models;

namespace Smvl.Benchmarks;

/// <summary>
/// Floating point operations of a model's matrix products and attention, a multiply-add being two: what a work on it cannot do
/// without. Everything else is small beside them, and work that is done twice (gradient checkpointing) counts once.
/// </summary>
internal sealed class ModelArithmetic(VisionLanguageModel model)
{
    private const int Forward = 1, BackwardInput = 1, BackwardWeight = 1;
    private const double AttentionBackward = (double)AttentionShape.BackwardProducts / AttentionShape.ForwardProducts;

    private readonly TextConfig text = model.TextConfig;

    /// <summary>Tower and connector, forward.</summary>
    public double Tiles(int tiles) => Tower(tiles) + TowerAttention(tiles) + Connector(tiles);

    /// <summary>A prompt and the logits behind its last token.</summary>
    public double Prompt(int tokens) => Blocks(tokens) + BlocksAttention(tokens) + Head(1);

    /// <summary>A fine-tuning step of one sample: forward, and backward as far down as something trains.</summary>
    /// <param name="everything">everything trains, else the connector only</param>
    /// <param name="tiles">of the picture</param>
    /// <param name="tokens">image rows and text</param>
    /// <param name="targets">tokens that are predicted</param>
    public double Step(bool everything, int tiles, int tokens, int targets)
    {
        int weights = everything ? BackwardWeight : 0;
        double decoder = ((Forward + BackwardInput + weights) * (Blocks(tokens) + Head(targets))) + ((1 + AttentionBackward) * BlocksAttention(tokens));
        return everything
            ? decoder
                + ((Forward + BackwardInput + BackwardWeight) * (Tower(tiles) + Connector(tiles)))
                - (BackwardInput * PatchEmbedding(tiles))
                + ((1 + AttentionBackward) * TowerAttention(tiles))
            : decoder + Tiles(tiles) + (BackwardWeight * Connector(tiles));
    }

    private double Tower(int tiles) => Products((long)tiles * model.Config.Vision.PatchCount, "vision.");

    private double PatchEmbedding(int tiles) => Products((long)tiles * model.Config.Vision.PatchCount, "vision.patch_embedding.");

    private double Connector(int tiles) => Products((long)tiles * model.Config.ImageSequenceLength, "connector.");

    private double Blocks(int tokens) => Products(tokens, "text.layers.");

    private double Head(int rows) => 2.0 * rows * text.VocabularySize * text.HiddenSize;

    private double TowerAttention(int tiles) => tiles * (double)model.Config.Vision.LayerCount
        * Attention(new("tower", model.Config.Vision.PatchCount, model.Config.Vision.HeadCount, model.Config.Vision.HeadCount, model.Config.Vision.HeadSize, Causal: false));

    private double BlocksAttention(int tokens) => text.LayerCount
        * Attention(new("text", tokens, text.HeadCount, text.KeyValueHeadCount, text.HeadSize, Causal: true));

    private static double Attention(AttentionShape shape) => AttentionShape.ForwardProducts * shape.ProductOperations;

    /// <summary>Every row by every matrix of a part.</summary>
    private double Products(long rows, string part) =>
        2.0 * rows * model.Parameters.Where(p => p.IsMatrix && p.Name.StartsWith(part, StringComparison.Ordinal)).Sum(p => p.Shape.Count);
}
