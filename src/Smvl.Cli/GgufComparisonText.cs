using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Smvl.Inference;
using Smvl.Models;

namespace Smvl.Cli;

/// <summary>A comparison as a short table, or as one JSON object.</summary>
internal static class GgufComparisonText
{
    public static void WriteTable(TextWriter output, string text, string? projector, GgufComparison found)
    {
        WriteSizes(text, found.Text);
        if (found.Projector is { } sizes)
        {
            WriteSizes(projector!, sizes);
            WriteSizes("both", found.Total);
        }

        output.WriteLine();
        output.WriteLine($"{"prompts",-10}{"positions",10}{"mean KL",12}{"largest KL",12}{"same top-1",12}");
        WriteRow("text", found.Distance.Text);
        if (found.Distance.Pictures.Positions > 0)
        {
            WriteRow("pictures", found.Distance.Pictures);
            WriteRow("all", found.Distance.All);
        }

        void WriteSizes(string name, FileSizes sizes) =>
            output.WriteLine(Invariant($"{name}: {sizes.File:N0} bytes, {100 * sizes.Share:F1} % of the folder's {sizes.Folder:N0}"));

        void WriteRow(string name, TokenDivergence row) =>
            output.WriteLine(Invariant($"{name,-10}{row.Positions,10}{row.MeanKl,12:F6}{row.LargestKl,12:F6}{100 * row.Agreement,10:F2} %"));
    }

    public static void WriteJson(TextWriter output, string text, string? projector, GgufComparison found)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            WriteFile("text", text, found.Text);
            if (found.Projector is { } sizes)
            {
                WriteFile("mmproj", projector!, sizes);
            }

            json.WriteNumber("bytes", found.Total.File);
            json.WriteNumber("folder_bytes", found.Total.Folder);
            WriteNumbers("text_prompts", found.Distance.Text);
            if (found.Distance.Pictures.Positions > 0)
            {
                WriteNumbers("picture_prompts", found.Distance.Pictures);
            }

            WriteNumbers("all", found.Distance.All);
            json.WriteEndObject();

            void WriteFile(string name, string path, FileSizes sizes)
            {
                json.WriteStartObject(name);
                json.WriteString("file", path);
                json.WriteNumber("bytes", sizes.File);
                json.WriteNumber("folder_bytes", sizes.Folder);
                json.WriteEndObject();
            }

            void WriteNumbers(string name, TokenDivergence row)
            {
                json.WriteStartObject(name);
                json.WriteNumber("positions", row.Positions);
                json.WriteNumber("mean_kl", row.MeanKl);
                json.WriteNumber("largest_kl", row.LargestKl);
                json.WriteNumber("top1", row.Agreement);
                json.WriteEndObject();
            }
        }

        output.WriteLine(Encoding.UTF8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length));
    }

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
