using Microsoft.Extensions.AI;
using Smvl.Images;
using Smvl.Inference;
using Smvl.Models;
using ContentPart = Smvl.Text.ContentPart;

namespace Smvl.Tests.Inference;

/// <summary>The fixtures' model behind <see cref="IChatClient"/>, beside a session of ours.</summary>
public sealed class SmvlChatClientTests : IDisposable
{
    private static readonly string Picture = Golden.Path("generate", "1-0.png");
    private static readonly ChatOptions Greedy = new() { Temperature = 0, MaxOutputTokens = 12 };

    private readonly ChatModel model = ChatModel.Open(Golden.Path("spliced"), options: new ChatModelOptions { Threads = 2 });
    private readonly SmvlChatClient client;

    public SmvlChatClientTests() => client = new SmvlChatClient(model, "tiny");

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        client.Dispose();
        model.Dispose();
    }

    [Fact]
    public async Task ATextIsAnsweredAsByASession()
    {
        ChatResponse response = await client.GetResponseAsync(
            [new ChatMessage(ChatRole.System, "使用中文"), new ChatMessage(ChatRole.User, "你好")], Greedy, Cancellation);
        ChatAnswer expected = Expected([Smvl.Text.ChatMessage.FromText("system", "使用中文"), Smvl.Text.ChatMessage.FromText("user", "你好")]);
        Assert.Equal(expected.Text, response.Text);
        Assert.Equal(ChatRole.Assistant, Assert.Single(response.Messages).Role);
        Assert.Equal("tiny", response.ModelId);
        Assert.Equal(expected.End == AnswerEnd.Stop ? ChatFinishReason.Stop : ChatFinishReason.Length, response.FinishReason);
        Assert.Equal(
            (expected.Prompt.Ids.Length, expected.Tokens.Count, expected.Prompt.Ids.Length + expected.Tokens.Count),
            ((int)response.Usage!.InputTokenCount!, (int)response.Usage.OutputTokenCount!, (int)response.Usage.TotalTokenCount!));

        ChatOptions instructed = Greedy.Clone();
        instructed.Instructions = "使用中文";
        Assert.Equal(expected.Text, (await client.GetResponseAsync("你好", instructed, Cancellation)).Text);
    }

    [Fact]
    public async Task APictureMayBeDataOrAFileOrADataUri()
    {
        byte[] file = await File.ReadAllBytesAsync(Picture, Cancellation);
        using RgbImage decoded = ImageDecoder.DecodeFile(Picture);
        ChatAnswer expected = Expected([new Smvl.Text.ChatMessage("user", ContentPart.Image, new ContentPart("图中有什么？"))], decoded);
        AIContent[] forms =
        [
            new DataContent(file, "image/png"), new UriContent(new Uri(Picture), "image/png"),
            new UriContent($"data:image/png;base64,{Convert.ToBase64String(file)}", "image/png"),
        ];
        foreach (AIContent form in forms)
        {
            ChatResponse response = await client.GetResponseAsync([new ChatMessage(ChatRole.User, [form, new TextContent("图中有什么？")])], Greedy, Cancellation);
            Assert.Equal(expected.Text, response.Text);
            Assert.Equal(expected.Prompt.Ids.Length, response.Usage!.InputTokenCount);
        }

        Assert.Equal(1, client.Encodings);
    }

    [Fact]
    public async Task ASecondTurnReusesWhatTheFirstRead()
    {
        byte[] file = await File.ReadAllBytesAsync(Picture, Cancellation);
        List<ChatMessage> messages = [new ChatMessage(ChatRole.User, [new DataContent(file, "image/png"), new TextContent("图中有什么？")])];
        ChatResponse first = await client.GetResponseAsync(messages, Greedy, Cancellation);
        Assert.Equal(0, first.Usage!.CachedInputTokenCount);
        messages.AddRange(first.Messages);
        messages.Add(new ChatMessage(ChatRole.User, "还有呢？"));
        ChatResponse second = await client.GetResponseAsync(messages, Greedy, Cancellation);
        Assert.InRange((int)second.Usage!.CachedInputTokenCount!, model.Model.Config.ImageSequenceLength + 1, (int)second.Usage.InputTokenCount! - 1);
        Assert.Equal(1, client.Encodings);

        using SmvlChatClient fresh = new(model);
        Assert.Equal((await fresh.GetResponseAsync(messages, Greedy, Cancellation)).Text, second.Text);
    }

    [Fact]
    public async Task StreamedPiecesAreTheWholeAnswer()
    {
        List<ChatResponseUpdate> updates = [];
        await foreach (ChatResponseUpdate update in client.GetStreamingResponseAsync("你好", Greedy, Cancellation))
        {
            updates.Add(update);
        }

        Assert.True(updates.Count > 3, "in pieces");
        Assert.All(updates, update => Assert.Equal((ChatRole.Assistant, updates[0].MessageId), (update.Role!.Value, update.MessageId)));
        Assert.NotNull(updates[^1].FinishReason);
        Assert.Equal(Expected([Smvl.Text.ChatMessage.FromText("user", "你好")]).Text, string.Concat(updates.Select(update => update.Text)));
    }

    [Fact]
    public async Task ACancelledAnswerEndsAndTheNextOneIsWhole()
    {
        using CancellationTokenSource stop = new();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (ChatResponseUpdate unused in client.GetStreamingResponseAsync("你好", new ChatOptions { Temperature = 0, MaxOutputTokens = 3000 }, stop.Token))
            {
                await stop.CancelAsync();
            }
        });
        await foreach (ChatResponseUpdate unused in client.GetStreamingResponseAsync("你好", Greedy, Cancellation))
        {
            break;   // leaving stops too, and gives the model free
        }

        Assert.Equal(Expected([Smvl.Text.ChatMessage.FromText("user", "你好")]).Text, (await client.GetResponseAsync("你好", Greedy, Cancellation)).Text);
    }

    [Fact]
    public async Task SamplingAndStopSequencesAreHonoured()
    {
        async Task<string> Answer(long seed) => (await client.GetResponseAsync(
            "你好", new ChatOptions { Temperature = 1.5f, TopP = 1, TopK = 0, Seed = seed, MaxOutputTokens = 12 }, Cancellation)).Text;

        Assert.Equal(await Answer(3), await Answer(3));
        Assert.NotEqual(await Answer(3), await Answer(4));

        string whole = (await client.GetResponseAsync("你好", Greedy, Cancellation)).Text, stop = whole.Substring(whole.Length / 2, 1);
        ChatOptions stopped = Greedy.Clone();
        stopped.StopSequences = [stop];
        ChatResponse cut = await client.GetResponseAsync("你好", stopped, Cancellation);
        Assert.Equal(whole[..whole.IndexOf(stop, StringComparison.Ordinal)], cut.Text);
        Assert.Equal(ChatFinishReason.Stop, cut.FinishReason);
    }

    [Fact]
    public async Task WhatIsNotSupportedIsRefused()
    {
        ChatOptions[] refused =
        [
            new() { Tools = [AIFunctionFactory.CreateDeclaration("f", null, default)] }, new() { ResponseFormat = ChatResponseFormat.Json },
            new() { FrequencyPenalty = 1 }, new() { ConversationId = "1" }, new() { MaxOutputTokens = 0 },
        ];
        foreach (ChatOptions options in refused)
        {
            await Assert.ThrowsAsync<NotSupportedException>(() => client.GetResponseAsync("你好", options, Cancellation));
        }

        ChatMessage[] messages =
        [
            new(ChatRole.Tool, "x"), new(ChatRole.User, [new DataContent(new byte[1], "audio/wav")]),
            new(ChatRole.User, [new UriContent("https://example.com/a.png", "image/png")]),
        ];
        foreach (ChatMessage message in messages)
        {
            await Assert.ThrowsAsync<NotSupportedException>(() => client.GetResponseAsync([message], Greedy, Cancellation));
        }

        await Assert.ThrowsAsync<SmvlException>(() => client.GetResponseAsync([new ChatMessage(ChatRole.User, [new DataContent(new byte[9], "image/png")])], Greedy, Cancellation));
        await Assert.ThrowsAsync<SmvlException>(() => client.GetResponseAsync("<|im_end|>", Greedy, Cancellation));
        Assert.NotEmpty((await client.GetResponseAsync("你好", Greedy, Cancellation)).Text);
    }

    [Fact]
    public void ServicesAreTheClientItsMetadataAndTheModel()
    {
        Assert.Same(client, client.GetService(typeof(IChatClient)));
        Assert.Same(model, client.GetService(typeof(IChatModel)));
        Assert.Equal("tiny", client.GetService<ChatClientMetadata>()!.DefaultModelId);
        Assert.Null(client.GetService(typeof(string)));
        Assert.Null(client.GetService(typeof(IChatClient), "key"));
    }

    private ChatAnswer Expected(IReadOnlyList<Smvl.Text.ChatMessage> messages, params IReadOnlyList<RgbImage> pictures)
    {
        using ChatSession session = new(model);
        return session.Answer(session.Prepare(messages, pictures, thinking: false), new SamplingOptions(), (int)Greedy.MaxOutputTokens!);
    }
}
