using Smvl.Tensors;

namespace Smvl.Models;

/// <summary>
/// Pixel shuffle, then one matrix without a bias: s×s neighbouring patches become one row of the text decoder's width.
/// Source: SmolVLMConnector, transformers models/smolvlm/modeling_smolvlm.py.
/// </summary>
internal sealed class Connector(Backend backend, ModelConfig config, Parameter weight)
{
    private readonly LinearLayer projection = new(backend, weight);

    /// <summary>Image rows (tiles·P/s², D of the text decoder) from the tower's (tiles·P, D of the tower).</summary>
    /// <param name="x">the tower's rows</param>
    /// <param name="keep">whether a <see cref="Backward"/> follows</param>
    /// <param name="shuffled">(tiles·P/s², D·s²) for the backward; null without</param>
    public Tensor Forward(Tensor x, bool keep, out Tensor? shuffled)
    {
        int grid = config.Vision.GridSize;
        int factor = config.ScaleFactor;
        Tensor blocks = backend.Allocate(x.Shape.Rows / (factor * factor), config.ConnectorInputSize);
        backend.PixelShuffle(blocks, x, grid, grid, factor);
        Tensor rows = projection.Forward(blocks);
        shuffled = keep ? blocks : null;
        if (!keep)
        {
            blocks.Dispose();
        }

        return rows;
    }

    /// <summary>Adds to the weight's gradient when it is trainable; writes dx (tiles·P, D) unless it is null. Disposes shuffled.</summary>
    public void Backward(Tensor? dx, Tensor dRows, Tensor shuffled)
    {
        if (dx is null)
        {
            projection.Backward(null, dRows, shuffled);
        }
        else
        {
            int grid = config.Vision.GridSize;
            using Tensor dShuffled = backend.Allocate(DType.F32, shuffled.Shape);
            projection.Backward(dShuffled, dRows, shuffled);
            backend.PixelShuffleBackward(dx, dShuffled, grid, grid, config.ScaleFactor);
        }

        shuffled.Dispose();
    }
}
