using System.CommandLine;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using Smvl.Formats;
using Smvl.Models;

namespace Smvl.Cli;

/// <summary><c>smvl info</c>: what a checkpoint folder or a GGUF file holds.</summary>
internal static class InfoCommand
{
    private const double Mebi = 1 << 20;

    public static Command Create()
    {
        var model = new ModelArgument("a spliced, SmolVLM or Qwen3 folder");
        var json = new Option<bool>("--json") { Description = "one JSON object" };
        var command = new Command("info", "Show architecture, parameter counts, element types, tokens and bytes of a checkpoint.") { model.Path, model.Projector, json };
        command.SetAction(parsed =>
        {
            CheckpointInfo info = model.Open(parsed, CheckpointInfo.Read, CheckpointInfo.ReadGguf);
            TextWriter output = parsed.InvocationConfiguration.Output;
            if (parsed.GetValue(json))
            {
                WriteJson(output, info);
            }
            else
            {
                WriteText(output, info);
            }
        });
        return command;
    }

    private static void WriteText(TextWriter output, CheckpointInfo info)
    {
        output.WriteLine(Architecture(info));
        if (info.Vision is VisionConfig vision)
        {
            output.WriteLine(
                $"vision     {vision.LayerCount} layers, width {vision.HiddenSize}, {vision.HeadCount} heads, inner {vision.IntermediateSize}, "
                + $"tiles of {vision.ImageSize} px, patches of {vision.PatchSize} px");
            output.WriteLine(
                $"connector  pixel shuffle by {info.ScaleFactor}, {vision.PatchCount} patches become {info.ImageSequenceLength} rows a tile");
        }

        TextConfig text = info.Text;
        output.WriteLine(
            $"text       {text.LayerCount} layers, width {text.HiddenSize}, {text.HeadCount} query and {text.KeyValueHeadCount} key/value heads of "
            + $"{text.HeadSize}, inner {text.IntermediateSize}, up to {text.MaxPositions} tokens");
        output.WriteLine($"head       {(text.TieWordEmbeddings ? "tied to the embedding" : "its own")}, vocabulary of {text.VocabularySize}");
        output.WriteLine();
        foreach (PartInfo part in info.Parts)
        {
            WriteCount(output, Name(part.Part), part.Parameters, part.Bytes, string.Join(' ', part.DTypes));
        }

        WriteCount(output, "all", info.Parameters, info.Parts.Sum(part => part.Bytes), "");
        output.WriteLine();
        foreach (TokenInfo token in info.Tokens)
        {
            output.WriteLine($"{token.Role,-10} {token.Id} {token.Text}".TrimEnd());
        }

        if (info.Layout is { } layout)
        {
            output.WriteLine($"layout     {layout.Name}: {layout.Fake} and {layout.Global} around image rows{(info.Markers > 0 ? $", {info.Markers} markers are tokens" : "")}");
        }

        output.WriteLine(Invariant($"files      {info.FileCount} with {info.FileBytes:N0} bytes"));
        if (info.Kind == CheckpointKind.Spliced)
        {
            output.WriteLine(Invariant(
                $"trainable params: {info.TrainableParameters / Mebi:F2}M || all params: {info.Parameters / Mebi:F2}M || trainable%: {100.0 * info.TrainableParameters / info.Parameters:F2}"));
        }
    }

    private static void WriteCount(TextWriter output, string part, long parameters, long bytes, string dtypes) =>
        output.WriteLine(Invariant($"{part,-10} {parameters,15:N0} parameters {bytes,15:N0} bytes  {dtypes}").TrimEnd());

    private static string Architecture(CheckpointInfo info) => info.Kind switch
    {
        CheckpointKind.Qwen3 => "Qwen3 text model",
        CheckpointKind.SmolVlm => "SmolVLM: a vision tower with another text model than Qwen3",
        _ => "spliced: a SmolVLM vision tower, a connector, a Qwen3 text model",
    };

    private static void WriteJson(TextWriter output, CheckpointInfo info)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            json.WriteString("kind", info.Kind.ToString().ToLowerInvariant());
            json.WriteNumber("parameters", info.Parameters);
            if (info.Kind == CheckpointKind.Spliced)
            {
                json.WriteNumber("trainable_parameters", info.TrainableParameters);
            }

            json.WriteStartObject("parts");
            foreach (PartInfo part in info.Parts)
            {
                json.WriteStartObject(Name(part.Part));
                json.WriteNumber("parameters", part.Parameters);
                json.WriteNumber("bytes", part.Bytes);
                json.WriteStartArray("dtypes");
                foreach (Tensors.DType dtype in part.DTypes)
                {
                    json.WriteStringValue(dtype.ToString());
                }

                json.WriteEndArray();
                json.WriteEndObject();
            }

            json.WriteEndObject();
            json.WriteNumber("vocab_size", info.Text.VocabularySize);
            json.WriteBoolean("tie_word_embeddings", info.Text.TieWordEmbeddings);
            if (info.ImageSequenceLength is int rows)
            {
                json.WriteNumber("image_seq_len", rows);
            }

            if (info.Layout is { } layout)
            {
                json.WriteString("image_layout", layout.Name);
                json.WriteNumber("marker_tokens", info.Markers);
            }

            json.WriteStartArray("tokens");
            foreach (TokenInfo token in info.Tokens)
            {
                json.WriteStartObject();
                json.WriteString("role", token.Role);
                json.WriteNumber("id", token.Id);
                json.WriteString("text", token.Text);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteNumber("files", info.FileCount);
            json.WriteNumber("file_bytes", info.FileBytes);
            json.WriteEndObject();
        }

        output.WriteLine(System.Text.Encoding.UTF8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length));
    }

    private static string Name(ModelPart part) => part.ToString().ToLowerInvariant();

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
