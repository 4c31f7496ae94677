using Smvl.Tensors;

namespace Smvl.Models;

/// <summary>
/// Last norm, head and loss, for chosen rows only and in chunks: a full (T, V) tensor never exists (V is 151,936).
/// The head's weight is the embedding when the two are tied; both then add to one gradient.
/// </summary>
internal sealed class LanguageHead(Backend backend, TextConfig config, RmsNormLayer norm, Parameter weight)
{
    /// <summary>Bytes of logits at a time: large enough for fast products, small beside the activations.</summary>
    private const long ChunkBytes = 64L << 20;

    private readonly LinearLayer projection = new(backend, weight);

    /// <summary>Logits (rows, V) of rows of <paramref name="hidden"/> (T, D).</summary>
    public Tensor Logits(Tensor hidden, ReadOnlySpan<int> rows)
    {
        using Tensor chosen = backend.Allocate(rows.Length, config.HiddenSize);
        backend.Gather(chosen, hidden, rows);
        using Tensor normed = norm.Forward(chosen, null);
        return projection.Forward(normed);
    }

    /// <summary>The loss of each of <paramref name="targets"/> at <paramref name="rows"/>.</summary>
    /// <param name="hidden">(T, D) behind the last block</param>
    /// <param name="rows">rows that predict something</param>
    /// <param name="targets">what each of them should predict</param>
    /// <param name="gradientScale">factor of each row's loss in the total: 1 / targets of the optimizer step</param>
    /// <param name="terms">what the loss has beside the cross entropy</param>
    /// <param name="dHidden">(T, D) overwritten with the gradient; null when none is wanted</param>
    public float[] Loss(
        Tensor hidden, ReadOnlySpan<int> rows, ReadOnlySpan<int> targets, float gradientScale, LossTerms terms, Tensor? dHidden)
    {
        if (dHidden is not null)
        {
            backend.Fill(dHidden, 0f);
        }

        int chunk = (int)Math.Clamp(ChunkBytes / (sizeof(float) * (long)config.VocabularySize), 1, Math.Max(1, rows.Length));
        float[] losses = new float[rows.Length];
        for (int start = 0; start < rows.Length; start += chunk)
        {
            int count = Math.Min(chunk, rows.Length - start);
            Chunk(
                hidden, rows.Slice(start, count), targets.Slice(start, count), gradientScale, terms, dHidden, losses.AsSpan(start, count));
        }

        return losses;
    }

    private void Chunk(
        Tensor hidden, ReadOnlySpan<int> rows, ReadOnlySpan<int> targets, float gradientScale, LossTerms terms, Tensor? dHidden,
        Span<float> losses)
    {
        using Tensor chosen = backend.Allocate(rows.Length, config.HiddenSize);
        backend.Gather(chosen, hidden, rows);
        using Tensor rstd = norm.NewStatistic(chosen);
        using Tensor normed = norm.Forward(chosen, rstd);
        using Tensor logits = projection.Forward(normed);
        using Tensor rowLosses = backend.Allocate(rows.Length);
        backend.CrossEntropy(rowLosses, logits, targets, gradientScale, terms);
        backend.Download(rowLosses, losses);
        if (dHidden is null)
        {
            return;
        }

        // the logits hold their own gradient now
        using Tensor dNormed = backend.Allocate(DType.F32, normed.Shape);
        projection.Backward(dNormed, logits, normed);
        weight.Rows?.LinearBackward(logits, normed);
        using Tensor dChosen = backend.Allocate(DType.F32, chosen.Shape);
        norm.Backward(dChosen, dNormed, chosen, rstd, accumulate: false);
        backend.PutRows(dHidden, dChosen, rows);
    }
}
