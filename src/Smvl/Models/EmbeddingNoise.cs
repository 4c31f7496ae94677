using Smvl.Tensors;

namespace Smvl.Models;

/// <summary>
/// Uniform noise on the token embeddings while training: each element of a sample of L tokens moves by at most alpha / sqrt(L·D). Image
/// rows take their places afterwards and stay as they are, as with transformers' hook on the embedding layer.
/// Source: Jain et al., "NEFTune: Noisy Embeddings Improve Instruction Finetuning", 2023, algorithm 1; transformers integrations/neftune.py.
/// </summary>
/// <param name="Alpha">strength, above 0; the paper takes 5, 10 and 15</param>
/// <param name="Seed">of this micro-batch; the same seed gives the same noise</param>
internal readonly record struct EmbeddingNoise(double Alpha, ulong Seed)
{
    /// <summary>The noise of one micro-batch of a run.</summary>
    /// <param name="alpha">strength; 0 gives none</param>
    /// <param name="seed">of the run</param>
    /// <param name="step">optimizer steps done before this one</param>
    /// <param name="micro">number of the micro-batch within its step</param>
    public static EmbeddingNoise? For(double alpha, long seed, int step, int micro) => alpha > 0
        ? new EmbeddingNoise(alpha, SplitMix64.Mix(SplitMix64.Mix((ulong)seed) ^ (((ulong)step << 32) | (uint)micro)))
        : null;

    /// <summary>x (T, D) += noise.</summary>
    /// <param name="x">token embeddings of samples one behind the other</param>
    /// <param name="lengths">tokens of each</param>
    /// <param name="backend">adds</param>
    public void AddTo(Tensor x, IReadOnlyList<int> lengths, Backend backend)
    {
        int width = x.Shape.Width;
        var values = new float[(int)x.Shape.Count];
        var random = new SplitMix64(Seed);
        int next = 0;
        foreach (int length in lengths)
        {
            double magnitude = Alpha / Math.Sqrt((double)length * width);
            foreach (ref float value in values.AsSpan(next, length * width))
            {
                value = (float)(((2 * random.NextUnit()) - 1) * magnitude);
            }

            next += length * width;
        }

        using Tensor noise = backend.Allocate(DType.F32, x.Shape);
        backend.Upload<float>(values, noise);
        backend.Add(x, noise);
    }
}
