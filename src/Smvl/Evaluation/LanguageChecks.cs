using System.Text.Json;
using Smvl.Inference;
using Smvl.Models;
using Smvl.Tensors;
using Smvl.Text;

namespace Smvl.Evaluation;

/// <summary>
/// What a vision-language model may lose of its language: how well it predicts text, whether it answers in the question's language, and
/// whether it calls tools in the form that the chat template asks for.
/// </summary>
public static class LanguageChecks
{
    private const int PieceTokens = 256, MostPieces = 64, RowsAtOnce = 64, LanguageTokens = 48, ToolTokens = 128;

    private const string CallStart = "<tool_call>", CallEnd = "</tool_call>";

    private static readonly string[] Questions =
    [
        "你好，请介绍一下你自己。", "为什么天空是蓝色的？", "请推荐三种适合早餐的食物。", "北京是哪个国家的首都？", "写一句关于秋天的话。", "怎样学好一门外语？",
        "Hello, please introduce yourself.", "Why is the sky blue?", "Name three foods for breakfast.", "Paris is the capital of which country?",
        "Write a sentence about autumn.", "How does one learn a language well?",
    ];

    private static readonly string[] ToolQuestions =
        ["北京今天天气怎么样？", "上海明天会下雨吗？", "What is the weather in London?", "请查一下广州的天气。", "Is it cold in Berlin today?", "杭州现在多少度？"];

    private const string Tools =
        """[{"type": "function", "function": {"name": "get_weather", "description": "Get the weather of a city", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}}}]""";

    /// <summary>The three checks, as figures of two models.</summary>
    /// <param name="first">the model before</param>
    /// <param name="second">the model behind</param>
    /// <param name="text">what is predicted: paragraphs, a line each</param>
    /// <param name="seed">of the resampling</param>
    /// <param name="cancellation">heard between blocks</param>
    /// <exception cref="SmvlException">the text is too short</exception>
    public static IReadOnlyList<ComparedFigure> Compare(IChatModel first, IChatModel second, string text, ulong seed, CancellationToken cancellation)
    {
        string[] pieces = Pieces(first, text);
        (double Loss, int Tokens)[] a = [.. pieces.Select(piece => Loss(first, piece, cancellation))], b = [.. pieces.Select(piece => Loss(second, piece, cancellation))];
        bool[][] languages = [Languages(first, cancellation), Languages(second, cancellation)], tools = [ToolCalls(first, cancellation), ToolCalls(second, cancellation)];
        return
        [
            ComparedFigure.Of("perplexity of text", pieces.Length, chosen => Perplexity(chosen, a), chosen => Perplexity(chosen, b), 1, lowerIsBetter: true, seed),
            Share("answers in the question's language", languages),
            Share("tool calls in the template's form", tools),
        ];

        ComparedFigure Share(string name, bool[][] right) =>
            ComparedFigure.Of(name, right[0].Length, chosen => Of(chosen, right[0]), chosen => Of(chosen, right[1]), 100, lowerIsBetter: false, seed);

        static double Of(IReadOnlyList<int> chosen, bool[] right) => chosen.Average(i => right[i] ? 1.0 : 0);

        static double Perplexity(IReadOnlyList<int> chosen, (double Loss, int Tokens)[] pieces) =>
            Math.Exp(chosen.Sum(i => pieces[i].Loss) / chosen.Sum(i => pieces[i].Tokens));
    }

    /// <summary>Whether most letters are Chinese where the question's are, and Latin where the question's are.</summary>
    internal static bool InLanguageOf(string question, string answer) =>
        Script(answer) is { } script && script == Script(question);

    /// <summary>Whether an answer calls a known tool with an object of arguments, and nothing but white space is inside the call.</summary>
    internal static bool IsToolCall(string answer, string tool)
    {
        int start = answer.IndexOf(CallStart, StringComparison.Ordinal), end = answer.IndexOf(CallEnd, StringComparison.Ordinal);
        if (start < 0 || end < start)
        {
            return false;
        }

        try
        {
            using JsonDocument call = JsonDocument.Parse(answer[(start + CallStart.Length)..end]);
            return call.RootElement.ValueKind == JsonValueKind.Object
                && call.RootElement.TryGetProperty("name", out JsonElement name) && name.ValueKind == JsonValueKind.String && name.GetString() == tool
                && call.RootElement.TryGetProperty("arguments", out JsonElement arguments) && arguments.ValueKind == JsonValueKind.Object;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    /// <summary>True for Chinese, false for Latin; null without letters of either.</summary>
    private static bool? Script(string text)
    {
        int han = text.Count(letter => letter is >= '\u4E00' and <= '\u9FFF' or >= '\u3400' and <= '\u4DBF'), latin = text.Count(char.IsAsciiLetter);

        // a Chinese character says about as much as three letters
        return han == 0 && latin == 0 ? null : 3 * han >= latin;
    }

    private static bool[] Languages(IChatModel model, CancellationToken cancellation)
    {
        string[] answers = Ask(model, Questions, LanguageTokens, null, cancellation);
        return [.. Questions.Zip(answers, InLanguageOf)];
    }

    private static bool[] ToolCalls(IChatModel model, CancellationToken cancellation)
    {
        using JsonDocument tools = JsonDocument.Parse(Tools);
        string name = tools.RootElement[0].GetProperty("function").GetProperty("name").GetString()!;
        return [.. Ask(model, ToolQuestions, ToolTokens, tools.RootElement, cancellation).Select(answer => IsToolCall(answer, name))];
    }

    private static string[] Ask(IChatModel model, string[] questions, int maxNewTokens, JsonElement? tools, CancellationToken cancellation) => BatchGenerator.Answer(
        model, [],
        [.. questions.Select(question => new BatchPrompt(model.Prompts.Chat([ChatMessage.FromText("user", question)], [], enableThinking: false, tools), []))],
        maxNewTokens, cancellation);

    /// <summary>Paragraphs cut to at most so many tokens of the first model; both models read the same texts.</summary>
    private static string[] Pieces(IChatModel model, string text)
    {
        var pieces = new List<string>();
        foreach (string line in text.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            foreach (int[] ids in model.Tokenizer.Encode(line).Chunk(PieceTokens).Where(ids => ids.Length > 1))
            {
                pieces.Add(model.Tokenizer.Decode(ids));
            }

            if (pieces.Count >= MostPieces)
            {
                break;
            }
        }

        return pieces.Count > 1 ? [.. pieces.Take(MostPieces)] : throw new SmvlException("the text is too short to compare models on", expected: "at least two lines", actual: $"{pieces.Count}");
    }

    /// <summary>Sum of the cross entropies of all tokens but the first, and how many they are.</summary>
    private static (double Loss, int Tokens) Loss(IChatModel model, string text, CancellationToken cancellation)
    {
        int[] ids = model.Tokenizer.Encode(text);
        VisionLanguageModel network = model.Model;
        using Tensor hidden = network.Hidden([ids], [], cancellation);
        int width = network.TextConfig.VocabularySize;
        float[] values = new float[RowsAtOnce * width];
        double loss = 0;
        foreach (int[] rows in Enumerable.Range(0, ids.Length - 1).Chunk(RowsAtOnce))
        {
            using Tensor logits = network.Logits(hidden, rows);
            network.Backend.Download(logits, values.AsSpan(0, rows.Length * width));
            for (int i = 0; i < rows.Length; i++)
            {
                loss -= Sampler.LogProbability(values.AsSpan(i * width, width), ids[rows[i] + 1]);
            }
        }

        return (loss, ids.Length - 1);
    }
}
