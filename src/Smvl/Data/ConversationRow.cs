using System.Text;
using System.Text.Json;
using Smvl.Text;

namespace Smvl.Data;

/// <summary>
/// A row of a JSON dataset: a conversation and the pictures it is about. Read are LLaVA's and ShareGPT's <c>conversations</c> of
/// <c>from</c> and <c>value</c>, and OpenAI's <c>messages</c> of <c>role</c> and <c>content</c>, whichever of the two names a row uses;
/// pictures are those of <c>image</c> or <c>images</c>, or stand in a message's content. Other fields are ignored.
/// Sources: LLaVA's docs/Finetune_Custom_Data.md, LLaMA-Factory's data/README.md, OpenAI's chat completions.
/// </summary>
/// <param name="Pictures">paths or addresses, in order</param>
/// <param name="Turns">questions and answers, at least one</param>
/// <param name="System">what a system message, or LLaMA-Factory's field <c>system</c>, says; null for none and for an empty one</param>
internal sealed record ConversationRow(IReadOnlyList<string> Pictures, IReadOnlyList<QuestionAnswer> Turns, string? System)
{
    /// <summary>Stands for a picture in a user's text.</summary>
    private const string Placeholder = "<image>";

    /// <param name="row">one row</param>
    /// <exception cref="InvalidDataException">it is no such row; says what was expected and what it has</exception>
    public static ConversationRow Read(JsonElement row)
    {
        if (row.ValueKind != JsonValueKind.Object)
        {
            throw new InvalidDataException($"the row is no JSON object but {Kind(row)}");
        }

        JsonElement messages = Find(row, "conversations", "messages") is { ValueKind: JsonValueKind.Array } list
            ? list
            : throw new InvalidDataException(
                $"the row has no conversation: expected a list called conversations (LLaVA, ShareGPT) or messages (OpenAI), found {Keys(row)}");
        foreach (string kind in (ReadOnlySpan<string>)["video", "videos", "audio", "audios", "tools"])
        {
            if (Find(row, kind) is { } other && !IsEmpty(other))
            {
                throw new InvalidDataException($"the row has {kind}: pictures and text are read");
            }
        }

        var pictures = new List<string>();
        foreach (string name in (ReadOnlySpan<string>)["image", "images"])
        {
            AddPictures(Find(row, name), name, pictures);
        }

        string? system = Find(row, "system") switch
        {
            null => null,
            { ValueKind: JsonValueKind.String } text => text.GetString(),
            { } other => IsEmpty(other) ? null : throw new InvalidDataException($"system is no text but {Kind(other)}"),
        };
        var texts = new ConversationTexts(pictures.Count, system);
        foreach ((int number, JsonElement message) in messages.EnumerateArray().Index())
        {
            texts.Add(message, number);
        }

        return texts.ToRow(pictures);
    }

    private static void AddPictures(JsonElement? value, string name, List<string> pictures)
    {
        switch (value)
        {
            case null or { ValueKind: JsonValueKind.Null }:
                break;
            case { ValueKind: JsonValueKind.Array } list:
                foreach (JsonElement one in list.EnumerateArray())
                {
                    pictures.Add(Reference(one, name));
                }

                break;
            default:
                pictures.Add(Reference(value.Value, name));
                break;
        }
    }

    /// <summary>A path or address, given as text or as an object that holds it.</summary>
    private static string Reference(JsonElement value, string name)
    {
        JsonElement? inner = value.ValueKind == JsonValueKind.Object ? Find(value, "path", "url", "image", "image_url") : value;
        return inner is { ValueKind: JsonValueKind.String } text && text.GetString() is { Length: > 0 } reference
            ? reference
            : inner is { ValueKind: JsonValueKind.Object } nested
                ? Reference(nested, name)
                : throw new InvalidDataException($"{name} names no picture: expected a path or an object with path or url, found {Kind(value)}");
    }

    /// <summary>The first of some fields that an object has; null where it has none.</summary>
    private static JsonElement? Find(JsonElement element, params ReadOnlySpan<string> names)
    {
        foreach (string name in names)
        {
            if (element.TryGetProperty(name, out JsonElement value))
            {
                return value;
            }
        }

        return null;
    }

    private static bool IsEmpty(JsonElement value) =>
        value.ValueKind == JsonValueKind.Null || (value.ValueKind == JsonValueKind.Array && value.GetArrayLength() == 0)
        || (value.ValueKind == JsonValueKind.String && value.GetString() is "" or "[]");

    private static string Keys(JsonElement row)
    {
        string[] names = [.. row.EnumerateObject().Select(field => field.Name)];
        return names.Length == 0 ? "no fields" : string.Join(", ", names.Take(8)) + (names.Length > 8 ? $" and {names.Length - 8} more" : "");
    }

    private static string Kind(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.String => "text",
        JsonValueKind.Object => $"an object of {Keys(element)}",
        JsonValueKind.Array => "a list",
        JsonValueKind.Null => "null",
        JsonValueKind.True or JsonValueKind.False => "true or false",
        _ => "a number",
    };

    /// <summary>Collects a conversation's messages: an optional system message, then the user and the assistant in turn.</summary>
    private sealed class ConversationTexts(int listed, string? system)
    {
        private readonly List<QuestionAnswer> turns = [];
        private readonly List<string> inside = [];
        private (string Text, int[]? Pictures)? question;
        private string? system = system is "" ? null : system;
        private int placeholders;

        public void Add(JsonElement message, int number)
        {
            string where = $"message {number + 1}";
            if (message.ValueKind != JsonValueKind.Object || Find(message, "from", "role") is not { ValueKind: JsonValueKind.String } role
                || Find(message, "value", "content") is not { } content)
            {
                throw new InvalidDataException($"{where} is none: expected from and value, or role and content, found {Kind(message)}");
            }

            string who = role.GetString()!;
            switch (who)
            {
                case "system" when number == 0 && system is not null:
                    throw new InvalidDataException($"the row has a field system and {where} is one too: expected one of the two");
                case "system" when number == 0:
                    system = Text(content, where, offsets: null) is { Length: > 0 } text ? text : null;
                    break;
                case "human" or "user" when question is null:
                    List<int> offsets = [];
                    question = (Text(content, where, offsets), offsets.Count > 0 ? [.. offsets] : null);
                    break;
                case "gpt" or "assistant" or "model" when question is { } asked:
                    turns.Add(new QuestionAnswer(asked.Text, Text(content, where, offsets: null)) { PictureOffsets = asked.Pictures });
                    question = null;
                    break;
                case "system" or "human" or "user" or "gpt" or "assistant" or "model":
                    throw new InvalidDataException(
                        $"{where} is the {who}'s: expected {(question is not null ? "the assistant's answer" : "a question of the user's")}, as the two take turns");
                default:
                    throw new InvalidDataException($"{where} is of {who}: expected human or user, gpt or assistant, or system first");
            }
        }

        public ConversationRow ToRow(List<string> pictures)
        {
            if (question is not null || turns.Count == 0)
            {
                throw new InvalidDataException(question is null ? "the row's conversation is empty" : "the row's last question has no answer");
            }

            if (inside.Count > 0 && pictures.Count + placeholders > 0)
            {
                throw new InvalidDataException(
                    $"the row names {pictures.Count} pictures in a list, stands for {placeholders} in its messages and names {inside.Count} there: expected one way of the two");
            }

            if (placeholders > 0 && placeholders != pictures.Count)
            {
                throw new InvalidDataException($"the row's questions hold {placeholders} {Placeholder} and the row names {pictures.Count} pictures: expected one for each, or no {Placeholder}");
            }

            return new ConversationRow(inside.Count > 0 ? inside : pictures, turns, system);
        }

        /// <param name="content">text, or a list of parts</param>
        /// <param name="where">what errors call it</param>
        /// <param name="offsets">gets where in the text its pictures stand; null where there may be none</param>
        private string Text(JsonElement content, string where, List<int>? offsets)
        {
            if (content.ValueKind == JsonValueKind.String)
            {
                return offsets is null ? content.GetString()! : WithoutPlaceholders(content.GetString()!, offsets);
            }

            if (content.ValueKind != JsonValueKind.Array)
            {
                throw new InvalidDataException($"{where} has no text: expected text or a list of parts, found {Kind(content)}");
            }

            var text = new StringBuilder();
            foreach (JsonElement part in content.EnumerateArray())
            {
                string? type = part.ValueKind == JsonValueKind.Object && Find(part, "type") is { ValueKind: JsonValueKind.String } named ? named.GetString() : null;
                if (type == "text" && Find(part, "text") is { ValueKind: JsonValueKind.String } piece)
                {
                    text.Append(piece.GetString()!);
                }
                else if (type is "image" or "image_url" && offsets is not null)
                {
                    AddPart(part);
                    offsets.Add(text.Length);
                }
                else
                {
                    throw new InvalidDataException($"{where} holds a part that is not read: expected type text, and image or image_url in a question, found {type ?? Kind(part)}");
                }
            }

            return text.ToString();
        }

        /// <summary>A part names its picture, or stands for the next one of the row's list.</summary>
        private void AddPart(JsonElement part)
        {
            if (Find(part, "image", "image_url", "path", "url") is { } named && named.ValueKind != JsonValueKind.Null)
            {
                inside.Add(Reference(named, "a message's picture"));
            }
            else if (placeholders++ >= listed)
            {
                throw new InvalidDataException($"a message stands for picture {placeholders}, and the row names {listed}");
            }
        }

        /// <summary>
        /// A prompt breaks the line behind each picture: a break that the text has there is that one. White space before a picture that
        /// begins the text, and at the text's end, goes too.
        /// </summary>
        private string WithoutPlaceholders(string text, List<int> offsets)
        {
            string[] pieces = text.Split(Placeholder);
            if (pieces.Length == 1)
            {
                return text;
            }

            placeholders += pieces.Length - 1;
            pieces[^1] = pieces[^1].TrimEnd();
            var plain = new StringBuilder(pieces[0].TrimStart());
            foreach (string piece in pieces.Skip(1))
            {
                offsets.Add(plain.Length);
                string behind = piece.StartsWith("\r\n", StringComparison.Ordinal) ? piece[2..] : piece.StartsWith('\n') ? piece[1..] : piece;
                plain.Append(plain.Length == 0 ? behind.TrimStart() : behind);
            }

            return plain.ToString();
        }
    }
}
