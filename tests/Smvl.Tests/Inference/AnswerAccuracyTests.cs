using Smvl.Data;
using Smvl.Images;
using Smvl.Inference;
using Smvl.Models;
using Smvl.Tensors.Cpu;
using Smvl.Text;

namespace Smvl.Tests.Inference;

/// <summary>Scores by teacher forcing are those of answers that were really generated.</summary>
public sealed class AnswerAccuracyTests : IDisposable
{
    private const int AnswerTokens = 12;

    private readonly CpuBackend backend = new(2);
    private readonly ModelFolder model;
    private readonly ScoredQuestion[] questions;

    public AnswerAccuracyTests()
    {
        model = ModelFolder.Open(Golden.Path("spliced"), backend);
        Raise(4, [.. model.Tokenizer.Encode("0123456789"), model.Tokenizer.TokenToId(QwenTokens.MessageEnd)!.Value]);
        using CauldronDataset dataset = CauldronDataset.Open(Golden.Path("training", "data"), "fixture");
        questions = [.. ScoredQuestion.Read(dataset).Take(6)];
    }

    /// <summary>With an end token that is ever louder, so that some answers end soon and some never do.</summary>
    [Fact]
    public void AScoreIsThatOfGeneratedAnswers()
    {
        List<bool> rights = [];
        int longRights = 0;
        foreach (float louder in (ReadOnlySpan<float>)[1, 1.5f, 1.5f, 1.5f, 1.5f])
        {
            Raise(louder, model.Tokenizer.TokenToId(QwenTokens.MessageEnd)!.Value);
            foreach (bool blind in (ReadOnlySpan<bool>)[false, true])
            {
                // what the model itself says, which it must know to the last token, and the later half of it
                string[] said = [.. questions.Select(question => Generate(question, blind).Text)];
                ScoredQuestion[] asked =
                [
                    .. questions.Zip(said).SelectMany(pair => new[]
                    {
                        pair.First, pair.First with { Answer = pair.Second }, pair.First with { Answer = pair.Second[(pair.Second.Length / 2)..] },
                    }),
                ];
                bool[] generated = [.. asked.Select(question => Generate(question, blind).Ids.SequenceEqual(model.Prompts.Answer(question.Answer)))];
                AnswerAccuracy scored = AnswerAccuracy.Score(model, asked, blind);
                Assert.Equal(generated, scored.Correct);
                Assert.Equal(generated.Count(right => right), scored.Kinds.Sum(kind => kind.Correct));
                rights.AddRange(generated);
                longRights += asked.Zip(generated).Count(pair => pair.Second && pair.First.Answer.Length > 1);
            }
        }

        Assert.Contains(false, rights);
        Assert.True(longRights > 0, "no answer of several tokens was right");
    }

    [Fact]
    public void APictureChangesAnswers() => Assert.NotEqual(
        questions.Select(question => Generate(question, blind: false).Text), questions.Select(question => Generate(question, blind: true).Text));

    [Fact]
    public void KindsAreCountedWithTheirMostFrequentAnswer()
    {
        ScoredQuestion[] asked = [Ask("b", "是。"), Ask("a", "否。"), Ask("b", "否。"), Ask("b", "否。"), Ask("a", "不。")];
        AnswerAccuracy scored = AnswerAccuracy.Score(model, asked);
        Assert.Equal(["b 3 2 否。", "a 2 1 不。"], scored.Kinds.Select(kind => $"{kind.Kind} {kind.Total} {kind.MostFrequent} {kind.MostFrequentAnswer}"));
        Assert.Equal(2.0 / 3, scored.Kinds[0].Majority);

        static ScoredQuestion Ask(string kind, string answer) => new(kind, null, "？", answer);
    }

    [Fact]
    public void AnAnswerIsWhatTrainingPutsBehindThePrompt()
    {
        foreach (ScoredQuestion question in questions)
        {
            Assert.True(model.Prompts.TrySample([new(question.Question, question.Answer)], [], new SampleRules(int.MaxValue), out TrainingText text));
            int[] prompt = model.Prompts.Chat([ChatMessage.FromText("user", question.Question)], [], enableThinking: false);
            int[] lineBreak = model.Tokenizer.Encode("\n");
            Assert.Equal<int>(text.Ids, (int[])[.. prompt, .. model.Prompts.Answer(question.Answer), .. lineBreak]);
        }

        Assert.Throws<SmvlException>(() => model.Prompts.Answer("<|im_end|>"));
    }

    [Fact]
    public void WhatDoesNotFitIsRefused() => Assert.Contains(
        "does not fit",
        Assert.Throws<SmvlException>(() => AnswerAccuracy.Score(model, [new ScoredQuestion("a", null, new string('长', 1 << 17), "。")])).Message,
        StringComparison.Ordinal);

    public void Dispose()
    {
        model.Dispose();
        backend.Dispose();
    }

    /// <summary>Makes some tokens likelier by a factor in the head, which a model with random weights then answers with.</summary>
    private void Raise(float louder, params int[] tokens)
    {
        Parameter head = model.Model.Parameters.Single(parameter => parameter.Name == (model.Model.TextConfig.TieWordEmbeddings ? "text.embedding" : "head"));
        model.Model.Unfreeze(parameter => parameter == head);
        int width = head.Shape.Width;
        foreach (int id in tokens)
        {
            foreach (ref float weight in head.Value.Span<float>().Slice(id * width, width))
            {
                weight *= louder;
            }
        }
    }

    private (int[] Ids, string Text) Generate(ScoredQuestion question, bool blind)
    {
        using ChatSession session = new(model);
        RgbImage[] pictures = blind ? [] : [ImageDecoder.Decode(question.Picture!.File.Span, question.Picture.Where)];
        ChatMessage user = new("user", [.. pictures.Select(_ => ContentPart.Image), new ContentPart(question.Question)]);
        ChatAnswer answer = session.Answer(session.Prepare([user], pictures, thinking: false), new SamplingOptions(), AnswerTokens);
        return ([.. answer.Tokens.Select(token => token.Id)], answer.Text);
    }
}
