using System.Diagnostics;
using Smvl.Models;
using Smvl.Tensors;

namespace Smvl.Inference;

/// <summary>One new token.</summary>
/// <param name="Id">the token</param>
/// <param name="LogProbability">natural logarithm of its probability before penalty, temperature and cuts</param>
/// <param name="Alternatives">the likeliest tokens at its place with theirs, as many as were asked for</param>
public sealed record GeneratedToken(int Id, float LogProbability, IReadOnlyList<(int Id, float LogProbability)> Alternatives);

/// <summary>A prompt ready for the model.</summary>
/// <param name="Ids">token ids, image tokens included</param>
/// <param name="Tiles">each picture's tiles, (its tiles, 3, S, S)</param>
/// <param name="TileCount">tiles of all pictures</param>
public sealed record Prompt(int[] Ids, IReadOnlyList<ReadOnlyMemory<byte>> Tiles, int TileCount);

/// <summary>
/// Prompt, then one token at a time through a key/value cache, until an end token (which is part of the result) or the limit.
/// </summary>
/// <param name="model">what generates</param>
/// <param name="endTokens">what ends an answer</param>
/// <param name="cacheType">F32, F16 or Q8_0 for keys and values</param>
public sealed class Generator(VisionLanguageModel model, IReadOnlyList<int> endTokens, DType cacheType = DType.F32)
{
    /// <summary>Seconds for the prompt of the last run.</summary>
    public double PromptSeconds { get; private set; }

    /// <summary>Seconds for the tokens behind it.</summary>
    public double GenerationSeconds { get; private set; }

    /// <summary>New tokens, as they come.</summary>
    /// <param name="prompt">at least one token</param>
    /// <param name="sampling">how tokens are chosen</param>
    /// <param name="maxNewTokens">at most so many; the prompt and they must fit the model's positions</param>
    /// <param name="alternatives">likeliest tokens reported with each</param>
    /// <param name="cancellation">ends the answer where it stands</param>
    public IEnumerable<GeneratedToken> Generate(
        Prompt prompt, SamplingOptions sampling, int maxNewTokens, int alternatives = 0, CancellationToken cancellation = default)
    {
        int positions = model.TextConfig.MaxPositions;
        if (prompt.Ids.Length + maxNewTokens > positions)
        {
            throw new SmvlException(
                "the answer would not fit the model's positions", "max_new_tokens",
                $"at most {Math.Max(0, positions - prompt.Ids.Length)} behind a prompt of {prompt.Ids.Length} tokens", $"{maxNewTokens}");
        }

        GenerationSeconds = 0;
        Sampler sampler = new(sampling);
        var seen = new HashSet<int>(prompt.Ids);
        using var cache = new KeyValueCache(model.Backend, model.TextConfig, prompt.Ids.Length + maxNewTokens, cacheType);
        long start = Stopwatch.GetTimestamp();
        float[] logits = new float[model.TextConfig.VocabularySize];
        model.PromptLogits(prompt, cache, logits, cancellation);
        PromptSeconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        start = Stopwatch.GetTimestamp();
        for (int made = 0; made < maxNewTokens && !cancellation.IsCancellationRequested; made++)
        {
            int id = sampler.Next(logits, seen);
            seen.Add(id);
            yield return new GeneratedToken(
                id, Sampler.LogProbability(logits, id), alternatives == 0 ? [] : Sampler.TopLogProbabilities(logits, alternatives));
            GenerationSeconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
            if (endTokens.Contains(id) || made == maxNewTokens - 1)
            {
                yield break;
            }

            model.NextLogits(id, cache, logits, cancellation);
        }
    }
}
