using System.Globalization;
using System.Text.Json;
using Smvl.Benchmarks;

namespace Smvl.Cli;

/// <summary>Rows as an array of <c>{name, value, unit, limit, share}</c>, one a line; limit and share are null where there is none.</summary>
internal static class BenchJson
{
    public static void Write(TextWriter output, IReadOnlyList<BenchmarkRow> rows)
    {
        output.WriteLine("[");
        for (int i = 0; i < rows.Count; i++)
        {
            BenchmarkRow row = rows[i];
            string end = i < rows.Count - 1 ? "," : "";
            output.WriteLine(
                $"  {{\"name\": \"{row.Name}\", \"value\": {Number(row.Value)}, \"unit\": \"{row.Unit}\", "
                + $"\"limit\": {Number(row.Limit)}, \"share\": {Number(row.Share)}}}{end}");
        }

        output.WriteLine("]");
    }

    /// <summary><c>{products: [[rows, inputs, outputs]], attention: [[tokens, heads, key/value heads, head width, causal]]}</c></summary>
    public static void WriteShapes(TextWriter output, BenchmarkPreset preset)
    {
        IEnumerable<string> products = preset.Extents.Products.Select(shape => $"[{shape.Rows}, {shape.Inputs}, {shape.Outputs}]");
        IEnumerable<string> attention = preset.Extents.Attention.Select(
            shape => $"[{shape.Tokens}, {shape.Heads}, {shape.KeyValueHeads}, {shape.HeadDim}, {(shape.Causal ? "true" : "false")}]");
        output.WriteLine($"{{\"products\": [{string.Join(", ", products)}], \"attention\": [{string.Join(", ", attention)}]}}");
    }

    /// <exception cref="JsonException">not what <see cref="Write"/> writes</exception>
    public static IReadOnlyList<BenchmarkRow> Read(string text)
    {
        using JsonDocument document = JsonDocument.Parse(text);
        return [.. document.RootElement.EnumerateArray().Select(row => new BenchmarkRow(
            row.GetProperty("name").GetString()!,
            row.GetProperty("value").GetDouble(),
            row.GetProperty("unit").GetString()!,
            Optional(row.GetProperty("limit")),
            Optional(row.GetProperty("share"))))];
    }

    private static double? Optional(JsonElement value) => value.ValueKind == JsonValueKind.Null ? null : value.GetDouble();

    private static string Number(double? value) => value is { } number ? number.ToString("G5", CultureInfo.InvariantCulture) : "null";
}
