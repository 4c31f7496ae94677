using System.CommandLine;
using System.Text.Encodings.Web;
using System.Text.Json;
using Smvl.Images;
using Smvl.Inference;
using Smvl.Models;
using Smvl.Tensors;
using Smvl.Tensors.Cpu;
using Smvl.Text;

namespace Smvl.Cli;

/// <summary><c>smvl chat</c>: a question about pictures, answered as it is written; without a question, one after the other.</summary>
internal static class ChatCommand
{
    private const int DefaultMaxNewTokens = 256;

    public static Command Create()
    {
        var model = new ModelArgument("a spliced or trained folder");
        var question = new Argument<string?>("QUESTION") { Description = "left out: questions are read line by line", Arity = ArgumentArity.ZeroOrOne };
        var images = new Option<string[]>("--image") { Description = "a picture, or several: JPEG, PNG, WebP, GIF or BMP", AllowMultipleArgumentsPerToken = false };
        var system = new Option<string?>("--system") { Description = "a system message; none unless given" };
        var thinking = new Option<string>("--thinking") { Description = "on leaves out the empty think block", DefaultValueFactory = _ => "off" };
        thinking.AcceptOnlyFromAmong("on", "off");
        var maxNewTokens = new Option<int>("--max_new_tokens") { Description = "most tokens of an answer", DefaultValueFactory = _ => DefaultMaxNewTokens };
        var temperature = new Option<double?>("--temperature") { Description = "0: always the likeliest token; default: generation_config.json's" };
        var topK = new Option<int?>("--top_k") { Description = "only the likeliest so many; 0: all" };
        var topP = new Option<double?>("--top_p") { Description = "only the likeliest that together reach this probability" };
        var penalty = new Option<double?>("--repetition_penalty") { Description = "above 1: tokens seen before, the prompt's too, become less likely" };
        var seed = new Option<long>("--seed") { Description = "the same seed, the same answer" };
        var json = new Option<bool>("--json") { Description = "one JSON object: prompt_ids, new_ids, text, logprobs, timings" };
        var logprobs = new Option<int>("--logprobs") { Description = "report so many likeliest tokens at each place (with --json)" };
        var cacheType = new Option<string?>("--cache_type") { Description = "keys and values as f32, f16 or q8_0; default: f16 beside quantized weights, else f32" };
        cacheType.AcceptOnlyFromAmong("f32", "f16", "q8_0");
        var threads = new ThreadsOption();
        var command = new Command("chat", "Ask a model about a picture.")
        {
            model.Path, question, model.Projector, images, system, thinking, maxNewTokens, temperature, topK, topP, penalty, seed, json, logprobs, cacheType, threads,
        };
        maxNewTokens.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() < 1)
            {
                result.AddError("--max_new_tokens must be 1 or more.");
            }
        });

        // on a thread of its own, so that Ctrl-C is heard
        command.SetAction((parsed, cancellation) => Task.Run(
            () =>
            {
                CheckTogether(parsed.GetValue(json), parsed.GetValue(logprobs), parsed.GetValue(question));
                RgbImage[] pictures = [.. (parsed.GetValue(images) ?? []).Select(ImageDecoder.DecodeFile)];
                using CpuBackend backend = new(threads.Read(parsed));
                using IChatModel opened = model.Open<IChatModel>(
                    parsed,
                    folder => ModelFolder.Open(folder, backend, parsed.InvocationConfiguration.Error.WriteLine),
                    (text, projector) => GgufModel.Open(text, projector, backend));
                SamplingOptions defaults = ChatSession.Defaults(opened.Generation);
                SamplingOptions sampling = defaults with
                {
                    Temperature = parsed.GetValue(temperature) ?? defaults.Temperature,
                    TopK = parsed.GetValue(topK) ?? defaults.TopK,
                    TopP = parsed.GetValue(topP) ?? defaults.TopP,
                    RepetitionPenalty = parsed.GetValue(penalty) ?? defaults.RepetitionPenalty,
                    Seed = parsed.GetValue(seed),
                };
                var conversation = new Conversation(
                    new ChatSession(opened, CacheType(parsed.GetValue(cacheType))), pictures, parsed.GetValue(system), parsed.GetValue(thinking) == "on", sampling,
                    parsed.GetValue(maxNewTokens), cancellation);
                TextWriter output = parsed.InvocationConfiguration.Output;
                if (parsed.GetValue(json))
                {
                    WriteJson(output, opened.Tokenizer, conversation.Ask(parsed.GetValue(question)!, parsed.GetValue(logprobs), null));
                }
                else if (parsed.GetValue(question) is { } single)
                {
                    conversation.Ask(single, 0, piece => output.Write(TerminalText.Printable(piece)));
                    output.WriteLine();
                }
                else
                {
                    Converse(conversation, output);
                }
            },
            cancellation));
        return command;
    }

    private static DType? CacheType(string? name) => name switch
    {
        null => null,
        "f32" => DType.F32,
        "f16" => DType.F16,
        _ => DType.Q8_0,
    };

    private static void CheckTogether(bool json, int logprobs, string? question)
    {
        if (logprobs < 0 || (logprobs > 0 && !json))
        {
            throw new UsageException("--logprobs must be 0 or more, and goes with --json.");
        }

        if (json && question is null)
        {
            throw new UsageException("--json needs a question.");
        }
    }

    private static void Converse(Conversation conversation, TextWriter output)
    {
        bool prompts = !Console.IsInputRedirected;
        while (Read() is { Length: > 0 } line)
        {
            conversation.Ask(line, 0, piece => output.Write(TerminalText.Printable(piece)));
            output.WriteLine();
        }

        string? Read()
        {
            if (prompts)
            {
                output.Write("> ");
            }

            return Console.In.ReadLine();
        }
    }

    private static void WriteJson(TextWriter output, BpeTokenizer tokenizer, ChatAnswer answer)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            WriteIds("prompt_ids", answer.Prompt.Ids);
            WriteIds("new_ids", answer.Tokens.Select(token => token.Id));
            json.WriteString("text", answer.Text);
            json.WriteStartArray("logprobs");
            foreach (GeneratedToken token in answer.Tokens)
            {
                json.WriteStartObject();
                WriteToken(token.Id, token.LogProbability);
                json.WriteStartArray("top");
                foreach ((int id, float logProbability) in token.Alternatives)
                {
                    json.WriteStartObject();
                    WriteToken(id, logProbability);
                    json.WriteEndObject();
                }

                json.WriteEndArray();
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteStartObject("timings");
            json.WriteNumber("prompt_seconds", Math.Round(answer.PromptSeconds, 4));
            json.WriteNumber("prompt_tokens_per_second", Rate(answer.Prompt.Ids.Length, answer.PromptSeconds));
            json.WriteNumber("generation_seconds", Math.Round(answer.GenerationSeconds, 4));
            json.WriteNumber("generation_tokens_per_second", Rate(answer.Tokens.Count - 1, answer.GenerationSeconds));
            json.WriteEndObject();
            json.WriteEndObject();

            void WriteIds(string name, IEnumerable<int> ids)
            {
                json.WriteStartArray(name);
                foreach (int id in ids)
                {
                    json.WriteNumberValue(id);
                }

                json.WriteEndArray();
            }

            void WriteToken(int id, float logProbability)
            {
                json.WriteNumber("id", id);
                json.WriteString("token", tokenizer.Decode([id]));
                json.WriteNumber("logprob", logProbability);
            }
        }

        output.WriteLine(System.Text.Encoding.UTF8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length));
    }

    // the first token comes out of the prompt's pass
    private static double Rate(int tokens, double seconds) => seconds > 0 ? Math.Round(Math.Max(0, tokens) / seconds, 2) : 0;

    /// <summary>The turns so far; the pictures belong to the first question.</summary>
    private sealed class Conversation(
        ChatSession session, IReadOnlyList<RgbImage> pictures, string? system, bool thinking, SamplingOptions sampling, int maxNewTokens,
        CancellationToken cancellation)
    {
        private readonly List<ChatMessage> messages = system is null ? [] : [ChatMessage.FromText("system", system)];
        private bool asked;

        public ChatAnswer Ask(string question, int alternatives, Action<string>? onText)
        {
            messages.Add(asked
                ? ChatMessage.FromText("user", question)
                : new ChatMessage("user", [.. pictures.Select(_ => ContentPart.Image), new ContentPart(question)]));
            asked = true;
            Prompt prompt = session.Prepare(messages, pictures, thinking);
            ChatAnswer answer = session.Answer(prompt, sampling, maxNewTokens, alternatives, onText, cancellation);
            messages.Add(ChatMessage.FromText("assistant", answer.Text));
            return answer;
        }
    }
}
