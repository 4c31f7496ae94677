using Smvl.Models;

namespace Smvl.Benchmarks;

/// <summary>What a measured model reads, the same at every call.</summary>
internal static class RandomInputs
{
    /// <summary>Ids of a text, none of them the image token.</summary>
    public static int[] Ids(VisionLanguageModel model, int count)
    {
        SplitMix64 random = new(0);
        int known = model.TakesPictures ? Math.Min(model.TextConfig.VocabularySize, model.Config.ImageTokenId) : model.TextConfig.VocabularySize;
        return [.. Enumerable.Range(0, count).Select(_ => (int)(random.NextUnit() * known))];
    }

    /// <summary>Pixels.</summary>
    public static byte[] Bytes(int count)
    {
        SplitMix64 random = new(0);
        byte[] bytes = new byte[count];
        for (int i = 0; i < count; i++)
        {
            bytes[i] = (byte)random.Next();
        }

        return bytes;
    }
}
