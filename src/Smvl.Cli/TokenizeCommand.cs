using System.CommandLine;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Smvl.Text;

namespace Smvl.Cli;

/// <summary><c>smvl tokenize</c>: the ids of texts, and what the ids decode to.</summary>
internal static class TokenizeCommand
{
    public static Command Create()
    {
        var folder = new Argument<string>("DIR") { Description = "a folder with a tokenizer" };
        var text = new Argument<string?>("TEXT") { Description = "left out: texts are read from standard input, a JSON string a line", Arity = ArgumentArity.ZeroOrOne };
        var command = new Command("tokenize", "Show the token ids of texts: one JSON object a line, with ids, decoded and decoded_skip_special.") { folder, text };
        command.SetAction(parsed =>
        {
            TextWriter output = parsed.InvocationConfiguration.Output;
            BpeTokenizer tokenizer = TokenizerFiles.Load(ModelArgument.Find(parsed, parsed.GetRequiredValue(folder)), parsed.InvocationConfiguration.Error.WriteLine);
            if (parsed.GetValue(text) is { } single)
            {
                Write(output, tokenizer, single);
                return;
            }

            int number = 0;
            while (Console.In.ReadLine() is { } line)
            {
                number++;
                Write(output, tokenizer, ReadText(line, number));
            }
        });
        return command;
    }

    private static string ReadText(string line, int number)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(line);
            if (document.RootElement.ValueKind == JsonValueKind.String)
            {
                return document.RootElement.GetString()!;
            }
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)   // the latter: half of a surrogate pair
        {
            throw NoText(line, number, e);
        }

        throw NoText(line, number, null);
    }

    private static SmvlException NoText(string line, int number, Exception? inner) =>
        new("the line is no text", $"standard input:{number}", "a JSON string", line, "write each text in quotes, as JSON does", inner);

    private static void Write(TextWriter output, BpeTokenizer tokenizer, string text)
    {
        int[] ids = tokenizer.Encode(text);
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            json.WriteStartArray("ids");
            foreach (int id in ids)
            {
                json.WriteNumberValue(id);
            }

            json.WriteEndArray();
            json.WriteString("decoded", tokenizer.Decode(ids));
            json.WriteString("decoded_skip_special", tokenizer.Decode(ids, skipSpecialTokens: true));
            json.WriteEndObject();
        }

        output.WriteLine(Encoding.UTF8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length));
    }
}
