using Smvl.Models;
using Smvl.Tensors;

namespace Smvl.Inference;

/// <summary>What a model expects behind a prompt.</summary>
internal static class LastLogits
{
    /// <returns>(V) of the prompt's last token</returns>
    public static float[] Of(VisionLanguageModel model, Prompt prompt, CancellationToken cancellation)
    {
        using Tensor hidden = model.Hidden(prompt, cancellation);
        using Tensor logits = model.Logits(hidden, [prompt.Ids.Length - 1]);
        float[] values = new float[model.TextConfig.VocabularySize];
        model.Backend.Download(logits, values);
        return values;
    }
}
