using System.Text.Json;
using Smvl.Images;
using Smvl.Inference;
using Smvl.Models;
using Smvl.Tensors;
using Smvl.Tensors.Cpu;
using Smvl.Text;

namespace Smvl.Tests.Inference;

/// <summary>The same on the CPU.</summary>
[Trait("Category", Golden.Category)]
public sealed class GenerateGoldenTests : GenerateGoldens
{
    protected override Backend Open() => new CpuBackend(2);
}

/// <summary>fixtures/generate: the tokens that transformers generates, greedily and under a repetition penalty of 1.3, on a backend.</summary>
public abstract class GenerateGoldens
{
    private static readonly JsonElement[] All = [.. Golden.Json("generate", "greedy.json").EnumerateArray()];

    public static TheoryData<int> Cases => [.. Enumerable.Range(0, All.Length)];

    /// <summary>Where the model computes.</summary>
    protected abstract Backend Open();

    [Theory, MemberData(nameof(Cases))]
    public void PromptIdsMatch(int index)
    {
        using Backend backend = Open();
        using ModelFolder folder = ModelFolder.Open(Golden.Path("spliced"), backend);
        Assert.Equal(Ids(All[index], "ids"), PromptOf(folder, All[index]).Ids);
    }

    [Theory, MemberData(nameof(Cases))]
    public void GreedyTokensMatch(int index) => CheckTokens(All[index], "new_ids", repetitionPenalty: 1);

    [Theory, MemberData(nameof(Cases))]
    public void TokensUnderRepetitionPenaltyMatch(int index) => CheckTokens(All[index], "new_ids_repetition_penalty_1_3", repetitionPenalty: 1.3);

    [Theory, MemberData(nameof(Cases))]
    public void TheCacheChangesNothing(int index)
    {
        using Backend backend = Open();
        using ModelFolder folder = ModelFolder.Open(Golden.Path("spliced"), backend);
        Prompt prompt = PromptOf(folder, All[index]);
        GeneratedToken[] cached = [.. new Generator(folder.Model, folder.Generation.EosTokenIds).Generate(prompt, new SamplingOptions(), 8, alternatives: 3)];

        int[] ids = prompt.Ids;
        foreach (GeneratedToken token in cached)
        {
            // the whole sequence again, with an empty cache
            using PromptCache fresh = new(folder.Model, SessionLimits.None);
            float[] logits = new float[folder.Model.Config.Text.VocabularySize];
            fresh.Read(prompt with { Ids = ids }, 0, logits, default);
            (int Id, float LogProbability)[] top = Sampler.TopLogProbabilities(logits, 3);
            Assert.Equal(top.Select(t => t.Id), token.Alternatives.Select(t => t.Id));
            for (int i = 0; i < top.Length; i++)
            {
                Assert.Equal(top[i].LogProbability, token.Alternatives[i].LogProbability, 1e-4);
            }

            ids = [.. ids, token.Id];
        }
    }

    /// <summary>F16 keeps eleven bits of a key or value, so a token's log-probability moves by about a thousandth.</summary>
    [Fact]
    public void ACacheInF16ChangesLittle()
    {
        using Backend backend = Open();
        using ModelFolder folder = ModelFolder.Open(Golden.Path("spliced"), backend);
        GeneratedToken[] Answer(DType cacheType) =>
            [.. new Generator(folder.Model, [], cacheType).Generate(new Prompt([1, 2, 3, 4, 5], [], 0), new SamplingOptions(), 8)];

        GeneratedToken[] full = Answer(DType.F32), half = Answer(DType.F16);

        Assert.Equal(full.Select(token => token.Id), half.Select(token => token.Id));
        Assert.NotEqual(full.Select(token => token.LogProbability), half.Select(token => token.LogProbability));
        Assert.All(full.Zip(half), pair => Assert.Equal(pair.First.LogProbability, pair.Second.LogProbability, 5e-3));
    }

    [Fact]
    public void ACacheOfBlocksThatCutAHeadIsRefused()
    {
        using Backend backend = Open();
        using ModelFolder folder = ModelFolder.Open(Golden.Path("spliced"), backend);
        SmvlException refused = Assert.Throws<SmvlException>(
            () => new KeyValueCache(backend, folder.Model.Config.Text with { HeadSize = 48 }, 4, DType.Q8_0));
        Assert.Contains("Q8_0", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AnImageTokenThatTheModelWritesIsAnOrdinaryToken()
    {
        using Backend backend = Open();
        using ModelFolder folder = ModelFolder.Open(Golden.Path("spliced"), backend);
        using PromptCache cache = new(folder.Model, SessionLimits.None);
        float[] logits = new float[folder.Model.Config.Text.VocabularySize];
        cache.Read(new Prompt([1, 2], [], 0), 2, logits, default);
        cache.Append(folder.Model.Config.ImageTokenId, logits, default);
        Assert.All(logits, logit => Assert.True(float.IsFinite(logit)));
        Assert.Equal(3, cache.Count);
        Assert.Throws<SmvlException>(() => cache.Read(new Prompt([folder.Model.Config.ImageTokenId], [], 0), 1, logits, default));
    }

    private void CheckTokens(JsonElement golden, string key, double repetitionPenalty)
    {
        using Backend backend = Open();
        using ModelFolder folder = ModelFolder.Open(Golden.Path("spliced"), backend);
        int[] expected = Ids(golden, key);
        using ChatSession session = new(folder);
        var streamed = new System.Text.StringBuilder();
        ChatAnswer answer = session.Answer(
            PromptOf(folder, golden), new SamplingOptions { RepetitionPenalty = repetitionPenalty }, Math.Max(40, expected.Length),
            onText: piece => streamed.Append(piece));
        Assert.Equal(expected, answer.Tokens.Select(token => token.Id));
        Assert.Equal(answer.Text, streamed.ToString());
        if (repetitionPenalty == 1)
        {
            Assert.Equal(golden.GetProperty("text").GetString(), answer.Text);
        }
    }

    private static Prompt PromptOf(ModelFolder folder, JsonElement golden)
    {
        GreedyCase greedy = GreedyCase.Of(golden);
        RgbImage[] pictures = [.. greedy.Pictures.Select(ImageDecoder.DecodeFile)];
        using ChatSession session = new(folder);
        return session.Prepare(
            [ChatMessage.FromText("system", greedy.System), new ChatMessage("user", [.. pictures.Select(_ => ContentPart.Image), new ContentPart(greedy.Question)])],
            pictures,
            thinking: true);
    }

    private static int[] Ids(JsonElement golden, string key) => [.. golden.GetProperty(key).EnumerateArray().Select(id => id.GetInt32())];
}
