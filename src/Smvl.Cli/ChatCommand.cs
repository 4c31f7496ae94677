using System.CommandLine;
using System.Runtime.InteropServices;
using System.Text.Encodings.Web;
using System.Text.Json;
using Smvl.Images;
using Smvl.Inference;
using Smvl.Models;
using Smvl.Tensors;
using Smvl.Text;

namespace Smvl.Cli;

/// <summary><c>smvl chat</c>: a question about pictures, answered as it is written; without a question, one after the other.</summary>
internal static class ChatCommand
{
    private const int DefaultMaxNewTokens = 256;
    private const string Name = "chat", Question = "QUESTION";

    public static Command Create()
    {
        var model = new ModelArgument("a spliced or trained folder");
        var question = new Argument<string?>(Question) { Description = "left out: questions are read line by line", Arity = ArgumentArity.ZeroOrOne };
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
        var memory = new MemoryOption("most resident memory, as 700MB or 0.7GiB: what does not fit is lowered, cache type, context, then tiles; default: no limit");
        var device = new DeviceOption();
        var threads = new ThreadsOption();
        var command = new Command(Name, "Ask a model about a picture.")
        {
            model.Path, question, model.Projector, images, system, thinking, maxNewTokens, temperature, topK, topP, penalty, seed, json, logprobs, cacheType, memory, device, threads,
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
                string[] files = parsed.GetValue(images) ?? [];
                var options = new ChatModelOptions
                {
                    Device = device.Read(parsed),
                    Threads = threads.Read(parsed),
                    CacheType = CacheType(parsed.GetValue(cacheType)),
                    Notice = parsed.InvocationConfiguration.Error.WriteLine,
                    MemoryLimit = parsed.GetValue(memory),
                    LargestPicture = files.Select(ImageDecoder.ReadSize).Sum(size => (long)size.Width * size.Height),
                };
                using ChatModel opened = model.Open(
                    parsed, folder => ChatModel.Open(folder, options: options), (text, projector) => ChatModel.Open(text, projector, options));
                if (opened.Memory is { } plan)
                {
                    parsed.InvocationConfiguration.Error.WriteLine(plan);
                }

                RgbImage[] pictures = [.. files.Select(ImageDecoder.DecodeFile)];
                SamplingOptions defaults = ChatSession.Defaults(opened.Generation);
                SamplingOptions sampling = defaults with
                {
                    Temperature = parsed.GetValue(temperature) ?? defaults.Temperature,
                    TopK = parsed.GetValue(topK) ?? defaults.TopK,
                    TopP = parsed.GetValue(topP) ?? defaults.TopP,
                    RepetitionPenalty = parsed.GetValue(penalty) ?? defaults.RepetitionPenalty,
                    Seed = parsed.GetValue(seed),
                };
                using Conversation conversation = opened.Converse(new ConversationOptions
                {
                    System = parsed.GetValue(system),
                    Thinking = parsed.GetValue(thinking) == "on",
                    Sampling = sampling,
                    MaxNewTokens = parsed.GetValue(maxNewTokens),
                });
                TextWriter output = parsed.InvocationConfiguration.Output;
                if (parsed.GetValue(json))
                {
                    ChatAnswer answer = conversation.Ask(
                        parsed.GetValue(question)!, pictures, alternatives: parsed.GetValue(logprobs), cancellation: cancellation);
                    WriteJson(output, opened.Tokenizer, answer);
                }
                else if (parsed.GetValue(question) is { } single)
                {
                    conversation.Ask(single, pictures, piece => output.Write(TerminalText.Printable(piece)), cancellation: cancellation);
                    output.WriteLine();
                }
                else
                {
                    Converse(conversation, pictures, output);
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

    /// <summary>True for a conversation, which hears Ctrl-C by itself: during an answer it ends the answer only.</summary>
    public static bool HearsInterrupts(ParseResult parsed) =>
        parsed.CommandResult.Command.Name == Name && parsed.GetValue<string?>(Question) is null;

    /// <summary>Line by line until the end, or an empty one; the pictures stand before the first question.</summary>
    private static void Converse(Conversation conversation, IReadOnlyList<RgbImage> pictures, TextWriter output)
    {
        bool prompts = !Console.IsInputRedirected;
        CancellationTokenSource? answering = null;
        using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, signal =>
        {
            if (Volatile.Read(ref answering) is { } answer)
            {
                signal.Cancel = true;   // the program goes on
                answer.Cancel();
            }
        });
        IReadOnlyList<RgbImage> about = pictures;
        while (Read() is { Length: > 0 } line)
        {
            // not disposed: a signal may be on its way to it
            var stop = new CancellationTokenSource();
            Volatile.Write(ref answering, stop);
            try
            {
                conversation.Ask(line, about, piece => output.Write(TerminalText.Printable(piece)), cancellation: stop.Token);
            }
            catch (OperationCanceledException)
            {
                output.Write(" …");
            }

            Volatile.Write(ref answering, null);
            about = [];
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
}
