using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Smvl.Text;

/// <summary>
/// JSON as Python's <c>json.dumps(value, ensure_ascii=False)</c> writes what <c>json.loads</c> read, which is how chat templates
/// print tools and arguments: ", " and ": " between items, keys in their order, floats in Python's shortest form.
/// </summary>
internal static class PythonJson
{
    public static string Write(JsonElement value)
    {
        var json = new StringBuilder();
        Write(value, json);
        return json.ToString();
    }

    private static void Write(JsonElement value, StringBuilder json)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                json.Append('{');
                string separator = "";
                foreach ((string key, JsonElement item) in Members(value))
                {
                    json.Append(separator);
                    WriteText(key, json);
                    json.Append(": ");
                    Write(item, json);
                    separator = ", ";
                }

                json.Append('}');
                break;
            case JsonValueKind.Array:
                json.Append('[');
                separator = "";
                foreach (JsonElement item in value.EnumerateArray())
                {
                    json.Append(separator);
                    Write(item, json);
                    separator = ", ";
                }

                json.Append(']');
                break;
            case JsonValueKind.String:
                WriteText(value.GetString()!, json);
                break;
            case JsonValueKind.Number:
                json.Append(Number(value));
                break;
            default:
                json.Append(value.GetRawText()); // true, false, null
                break;
        }
    }

    /// <summary>A key given twice keeps its first place and takes its last value, as in a Python dict.</summary>
    private static OrderedDictionary<string, JsonElement> Members(JsonElement value)
    {
        var members = new OrderedDictionary<string, JsonElement>();
        foreach (JsonProperty property in value.EnumerateObject())
        {
            members[property.Name] = property.Value;
        }

        return members;
    }

    private static void WriteText(string text, StringBuilder json)
    {
        json.Append('"');
        foreach (char c in text)
        {
            _ = c switch
            {
                '"' => json.Append("\\\""),
                '\\' => json.Append("\\\\"),
                '\n' => json.Append("\\n"),
                '\r' => json.Append("\\r"),
                '\t' => json.Append("\\t"),
                '\b' => json.Append("\\b"),
                '\f' => json.Append("\\f"),
                < ' ' => json.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}"),
                _ => json.Append(c),
            };
        }

        json.Append('"');
    }

    private static string Number(JsonElement value)
    {
        string raw = value.GetRawText();
        if (raw.AsSpan().IndexOfAny('.', 'e', 'E') < 0)
        {
            return raw == "-0" ? "0" : raw; // an int of any size
        }

        double number = value.GetDouble();
        if (double.IsInfinity(number))
        {
            return number > 0 ? "Infinity" : "-Infinity";
        }

        return (double.IsNegative(number) ? "-" : "") + Shortest(Math.Abs(number));
    }

    /// <summary>repr(float): the shortest digits that read back, with an exponent below 1e-4 and from 1e16 on.</summary>
    private static string Shortest(double number)
    {
        if (number == 0)
        {
            return "0.0";
        }

        // .NET finds the same digits and places the point by other rules: take them apart.
        string[] parts = number.ToString("R", CultureInfo.InvariantCulture).Split('E');
        int point = parts[0].IndexOf('.') is >= 0 and int index ? index : parts[0].Length;
        string digits = parts[0].Replace(".", "").TrimStart('0');
        int exponent = point - 1 - (parts[0].Replace(".", "").Length - digits.Length);
        exponent += parts.Length == 2 ? int.Parse(parts[1], CultureInfo.InvariantCulture) : 0;
        digits = digits.TrimEnd('0');
        return exponent switch
        {
            < -4 or >= 16 =>
                $"{digits[0]}{(digits.Length > 1 ? "." : "")}{digits[1..]}e{(exponent < 0 ? '-' : '+')}{Math.Abs(exponent):00}",
            < 0 => "0." + new string('0', -exponent - 1) + digits,
            _ when exponent < digits.Length - 1 => digits.Insert(exponent + 1, "."),
            _ => digits.PadRight(exponent + 1, '0') + ".0",
        };
    }
}
