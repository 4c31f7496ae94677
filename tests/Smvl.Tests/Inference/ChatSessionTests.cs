using Smvl.Images;
using Smvl.Inference;
using Smvl.Models;
using Smvl.Text;

namespace Smvl.Tests.Inference;

/// <summary>What a session keeps between turns changes no answer, on the fixtures' model: each is compared with a fresh session's.</summary>
public sealed class ChatSessionTests : IDisposable
{
    private const int NewTokens = 12;

    private readonly ChatModel model = ChatModel.Open(Golden.Path("spliced"), options: new ChatModelOptions { Threads = 2 });
    private readonly RgbImage picture = ImageDecoder.DecodeFile(Golden.Path("generate", "1-0.png"));

    public void Dispose()
    {
        picture.Dispose();
        model.Dispose();
    }

    [Fact]
    public void ASecondQuestionAboutThePictureCostsNoEncoding()
    {
        using ChatSession session = new(model);
        List<ChatMessage> messages = [AboutPicture("图中有什么动物？")];
        ChatAnswer first = AnswersAsAFreshOne(session, messages, [picture]);
        Assert.Equal((0, 1), (first.CachedTokens, session.Encodings));

        for (int turn = 2; turn <= 4; turn++)
        {
            messages.Add(ChatMessage.FromText("assistant", first.Text));
            messages.Add(ChatMessage.FromText("user", $"第{turn}个问题"));
            ChatAnswer next = AnswersAsAFreshOne(session, messages, [picture]);
            Assert.Equal(1, session.Encodings);
            int imageEnd = Array.LastIndexOf(next.Prompt.Ids, model.Model.Config.ImageTokenId);
            Assert.InRange(next.CachedTokens, imageEnd + 1, next.Prompt.Ids.Length - 1);
        }
    }

    [Fact]
    public void APromptThatDiffersBeforeThePictureDoesNotEncodeItAgain()
    {
        using ChatSession session = new(model);
        AnswersAsAFreshOne(session, [AboutPicture("？")], [picture]);
        ChatMessage[] other = [ChatMessage.FromText("system", "使用中文"), AboutPicture("？")];
        ChatAnswer answer = AnswersAsAFreshOne(session, other, [picture]);
        Assert.True(answer.CachedTokens < Array.IndexOf(answer.Prompt.Ids, model.Model.Config.ImageTokenId));
        Assert.Equal(1, session.Encodings);
    }

    [Fact]
    public void AnotherPictureOfTheSameSizeIsAnother()
    {
        using RgbImage other = new(picture.Width, picture.Height, [.. picture.Pixels.ToArray().Select(value => (byte)~value)]);
        using RgbImage same = new(picture.Width, picture.Height, picture.Pixels.ToArray());
        using ChatSession session = new(model);
        ChatMessage[] messages = [AboutPicture("？")];
        ChatAnswer first = AnswersAsAFreshOne(session, messages, [picture]);
        ChatAnswer second = AnswersAsAFreshOne(session, messages, [other]);
        Assert.Equal(first.Prompt.Ids, second.Prompt.Ids);
        Assert.Equal(Array.IndexOf(second.Prompt.Ids, model.Model.Config.ImageTokenId), second.CachedTokens);
        Assert.Equal(2, session.Encodings);

        AnswersAsAFreshOne(session, messages, [picture]);
        AnswersAsAFreshOne(session, messages, [same]);
        Assert.Equal(2, session.Encodings);
    }

    [Fact]
    public void TwoPicturesInOneConversation()
    {
        using RgbImage other = ImageDecoder.DecodeFile(Golden.Path("generate", "2-1.png"));
        using ChatSession session = new(model);
        AnswersAsAFreshOne(session, [AboutPicture("？")], [picture]);
        AnswersAsAFreshOne(session, [AboutPicture("？"), ChatMessage.FromText("assistant", "a"), AboutPicture("b")], [picture, other]);
        AnswersAsAFreshOne(session, [AboutPicture("？"), ChatMessage.FromText("assistant", "a"), AboutPicture("b")], [other, picture]);
        Assert.Equal(2, session.Encodings);
    }

    [Fact]
    public void OnlyAFewPicturesAreKept()
    {
        using VisionRows rows = new(model, kept: 2);
        rows.Ask(0, 1, 2);
        Assert.Equal(3, rows.Encodings);
        rows.Ask(2, 1);
        Assert.Equal(3, rows.Encodings);
        rows.Ask(0);
        Assert.Equal(4, rows.Encodings);
    }

    [Fact]
    public void ACancelledAnswerLeavesTheSessionAsItWas()
    {
        using ChatSession session = new(model);
        ChatMessage[] messages = [AboutPicture("图中有什么动物？")];
        Prompt prompt = session.Prepare(messages, [picture], thinking: false);
        using CancellationTokenSource stop = new();
        int pieces = 0;
        Assert.ThrowsAny<OperationCanceledException>(() => session.Answer(
            prompt, new SamplingOptions(), NewTokens,
            onText: _ =>
            {
                if (++pieces == 3)
                {
                    stop.Cancel();
                }
            },
            cancellation: stop.Token));
        Assert.Equal(3, pieces);
        ChatMessage[] next = [.. messages, ChatMessage.FromText("assistant", "a"), ChatMessage.FromText("user", "b")];
        Assert.ThrowsAny<OperationCanceledException>(
            () => session.Answer(session.Prepare(next, [picture], thinking: false), new SamplingOptions(), NewTokens, cancellation: stop.Token));
        ChatAnswer answer = AnswersAsAFreshOne(session, next, [picture]);
        Assert.True(answer.CachedTokens > Array.LastIndexOf(answer.Prompt.Ids, model.Model.Config.ImageTokenId));
        Assert.Equal(1, session.Encodings);
    }

    [Fact]
    public void SmallerPiecesOfWorkChangeNoToken()
    {
        using ChatSession session = new(model);
        Prompt prompt = session.Prepare([AboutPicture("图中有什么动物？")], [picture], thinking: false);
        float[] whole = Logits(prompt, SessionLimits.None), pieces = Logits(prompt, new SessionLimits { TokensAtOnce = 7, TilesAtOnce = 1, ContextLength = prompt.Ids.Length + 1 });
        Assert.Equal(Sampler.TopLogProbabilities(whole, 5).Select(t => t.Id), Sampler.TopLogProbabilities(pieces, 5).Select(t => t.Id));
        for (int i = 0; i < whole.Length; i++)
        {
            Assert.Equal(whole[i], pieces[i], 1e-4f);
        }
    }

    [Fact]
    public void WhatOnlySomeLayersHaveIsForgottenByAll()
    {
        using KeyValueCache cache = new(model.Model.Backend, model.Model.TextConfig, 4, Smvl.Tensors.DType.F32);
        using Smvl.Tensors.Tensor rows = model.Model.Backend.Zeros(3, model.Model.TextConfig.KeyValueHeadCount * model.Model.TextConfig.HeadSize);
        cache[0].Append(model.Model.Backend, rows, rows);
        cache.Truncate(0);
        Assert.Equal((0, 0), (cache[0].Count, cache[1].Count));
        cache[1].Append(model.Model.Backend, rows, rows);
        Assert.Equal((0, 3), (cache[0].Count, cache[1].Count));
        cache.Truncate(1);
        Assert.Equal((0, 1), (cache[0].Count, cache[1].Count));
    }

    [Fact]
    public void AStopSequenceEndsTheAnswerBeforeIt()
    {
        using ChatSession session = new(model);
        Prompt prompt = session.Prepare([ChatMessage.FromText("user", "hello")], [], thinking: false);
        ChatAnswer whole = session.Answer(prompt, new SamplingOptions(), 30);
        string stop = whole.Text.Substring(whole.Text.Length / 2, 2);
        var streamed = new System.Text.StringBuilder();
        ChatAnswer cut = session.Answer(prompt, new SamplingOptions(), 30, onText: piece => streamed.Append(piece), stopSequences: ["\u0001none", stop]);
        Assert.Equal(whole.Text[..whole.Text.IndexOf(stop, StringComparison.Ordinal)], cut.Text);
        Assert.Equal(cut.Text, streamed.ToString());
        Assert.Equal(AnswerEnd.Stop, cut.End);
        Assert.True(cut.Tokens.Count < whole.Tokens.Count);
        Assert.Throws<SmvlException>(() => session.Answer(prompt, new SamplingOptions(), 30, stopSequences: [""]));
    }

    [Theory]
    [InlineData("abcabd", "abd", "abc")]
    [InlineData("aaab", "aab", "a")]
    [InlineData("abcab", "abd", "abcab")]
    [InlineData("xyabd", "abd", "xy")]
    public void StopSequencesAreFoundAcrossPieces(string text, string stop, string expected)
    {
        StopSequences stops = new([stop]);
        var written = new System.Text.StringBuilder();
        foreach (char piece in text.TakeWhile(_ => !stops.Found))
        {
            written.Append(stops.Append(piece.ToString()));
            Assert.StartsWith(written.ToString(), expected);
        }

        written.Append(stops.Finish());
        Assert.Equal((expected, expected != text), (written.ToString(), stops.Found));
    }

    [Fact]
    public async Task AConversationGoesOnAfterAnAnswerThatWasStoppedAndAQuestionThatWasRefused()
    {
        using Conversation conversation = model.Converse(new ConversationOptions { MaxNewTokens = NewTokens, Sampling = new SamplingOptions() });
        var whole = new System.Text.StringBuilder();
        await foreach (string piece in conversation.AskAsync("图中有什么动物？", [picture], TestContext.Current.CancellationToken))
        {
            whole.Append(piece);
        }

        Assert.Equal(whole.ToString(), Assert.Single(conversation.Messages[1].Content).Text);
        await foreach (string piece in conversation.AskAsync("b", cancellation: TestContext.Current.CancellationToken))
        {
            Assert.NotEmpty(piece);
            break;
        }

        Assert.Equal(4, conversation.Messages.Count);
        Assert.Throws<SmvlException>(() => conversation.Ask("<|im_end|>"));
        Assert.Equal(4, conversation.Messages.Count);
        ChatAnswer last = conversation.Ask("c");
        using ChatSession fresh = new(model);
        IReadOnlyList<ChatMessage> messages = [.. conversation.Messages.Take(5)];
        Assert.Equal(
            fresh.Answer(fresh.Prepare(messages, [picture], thinking: false), new SamplingOptions(), NewTokens).Tokens.Select(t => t.Id),
            last.Tokens.Select(t => t.Id));
    }

    private static ChatMessage AboutPicture(string question) => new("user", ContentPart.Image, new ContentPart(question));

    private ChatAnswer AnswersAsAFreshOne(ChatSession session, IReadOnlyList<ChatMessage> messages, IReadOnlyList<RgbImage> pictures)
    {
        ChatAnswer answer = session.Answer(session.Prepare(messages, pictures, thinking: false), new SamplingOptions(), NewTokens);
        using ChatSession fresh = new(model);
        ChatAnswer expected = fresh.Answer(fresh.Prepare(messages, pictures, thinking: false), new SamplingOptions(), NewTokens);
        Assert.Equal(expected.Prompt.Ids, answer.Prompt.Ids);
        Assert.Equal(expected.Tokens.Select(token => token.Id), answer.Tokens.Select(token => token.Id));
        foreach ((GeneratedToken one, GeneratedToken other) in expected.Tokens.Zip(answer.Tokens))
        {
            Assert.Equal(one.LogProbability, other.LogProbability, 1e-4f);
        }

        return answer;
    }

    private float[] Logits(Prompt prompt, SessionLimits limits)
    {
        using PromptCache cache = new(model.Model, limits);
        float[] logits = new float[model.Model.TextConfig.VocabularySize];
        cache.Read(prompt, 1, logits, default);
        return logits;
    }

    /// <summary>One-tile pictures of one colour each.</summary>
    private sealed class VisionRows(ChatModel model, int kept) : IDisposable
    {
        private readonly PromptCache cache = new(model.Model, new SessionLimits { PicturesKept = kept });

        public int Encodings => cache.Encodings;

        public void Ask(params int[] colours)
        {
            ModelConfig config = model.Model.Config;
            int edge = config.Vision.ImageSize;
            ReadOnlyMemory<byte>[] tiles = [.. colours.Select(colour => Enumerable.Repeat((byte)colour, 3 * edge * edge).ToArray())];
            int[] ids = [1, .. Enumerable.Repeat(config.ImageTokenId, colours.Length * config.ImageSequenceLength), 2];
            cache.Read(new Prompt(ids, tiles, colours.Length), 1, new float[config.Text.VocabularySize], default);
        }

        public void Dispose() => cache.Dispose();
    }
}
