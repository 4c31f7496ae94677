using System.Globalization;
using System.Text.RegularExpressions;
using Smvl.Data;
using Smvl.Tensors;
using Smvl.Text;

namespace Smvl.Training;

/// <summary>How the values of a key are read, named and written.</summary>
/// <param name="Name">for help and errors, e.g. <c>integer</c></param>
/// <param name="TryRead">false when the text is no such value; never called for a null</param>
/// <param name="Plain">the value as null, bool, int, double, string, list of strings or map: what YAML and JSON can hold</param>
internal sealed record KeyType<T>(string Name, KeyType<T>.Reader TryRead, Func<T, object?> Plain)
{
    public delegate bool Reader(RawValue raw, out T value);

    /// <summary>Values that transformers knows and this program refuses, each with the reason.</summary>
    public IReadOnlyDictionary<string, string> Refused { get; init; } = new Dictionary<string, string>();
}

/// <summary>
/// The types of <see cref="TrainingKeys"/>. Text is read by the key's type, not by YAML's: <c>1e-4</c>, which YAML 1.1 takes for a
/// string, is a number where a number is expected, and <c>no</c> is a name where a name is expected.
/// </summary>
internal static partial class KeyTypes
{
    public static readonly KeyType<int> Integer = new("integer", TryInteger, value => value);

    public static readonly KeyType<int?> OptionalInteger = new("integer", TryOptional<int>(TryInteger), value => value);

    /// <summary>How many turns of a row: <c>first</c> is 1.</summary>
    public static readonly KeyType<int> Turns = new("first, all or a number above 0", TryTurns, value => value switch
    {
        1 => "first",
        SampleRules.AllTurns => "all",
        _ => value,
    });

    /// <summary>One of <see cref="ImageLayout.Named"/>.</summary>
    public static readonly KeyType<ImageLayout?> Layout = new(
        string.Join(" or ", ImageLayout.Named.Select(known => known.Name)), TryLayout, value => value?.Name);

    public static readonly KeyType<double> Number = new("number", TryNumber, value => value);

    public static readonly KeyType<double?> OptionalNumber = new("number", TryOptional<double>(TryNumber), value => value);

    /// <summary>Bytes, as <see cref="ByteSize"/> reads them.</summary>
    public static readonly KeyType<long> Size = new("size such as 20GB", TrySize, value => ByteSize.Exact(value));

    public static readonly KeyType<bool> Flag = new("true or false", TryFlag, value => value);

    public static readonly KeyType<bool?> OptionalFlag = new("true or false", TryOptional<bool>(TryFlag), value => value);

    public static readonly KeyType<string?> Text = new("text", TryText, value => value);

    /// <summary>Where to compute.</summary>
    public static readonly KeyType<DeviceChoice?> Device = new(
        DeviceChoice.Expected, TryOptional<DeviceChoice>(TryDevice), value => value?.ToString());

    /// <summary>A file or folder; a leading <c>~</c> is the home folder.</summary>
    public static readonly KeyType<string?> Path = new("path", TryPath, value => value);

    /// <summary>Names, as <c>a,b</c> or as a YAML list; not empty.</summary>
    public static readonly KeyType<IReadOnlyList<string>> Names = new("name or list of names", TryNames, value => value);

    /// <summary>Named numbers and words, as a YAML map or as JSON on the command line; a null field is left out.</summary>
    public static readonly KeyType<IReadOnlyDictionary<string, object>> Map = new("map", TryMap, value => value);

    /// <summary>Names and keys of stages, as a YAML list of maps or as JSON on the command line.</summary>
    public static readonly KeyType<IReadOnlyList<StageKeys>?> Stages = new("list of maps of a name and keys", StageKeys.TryRead, StageKeys.Plain);

    /// <summary>One of some words. Where <c>no</c> is one of them, YAML's other words for false mean it too.</summary>
    public static KeyType<T> Choice<T>(params (string Word, T Value)[] choices)
        where T : struct, Enum
    {
        bool TryRead(RawValue raw, out T value)
        {
            foreach ((string word, T choice) in choices)
            {
                if (raw.Text == word || (word == "no" && TryFlag(raw, out bool flag) && !flag))
                {
                    value = choice;
                    return true;
                }
            }

            value = default;
            return false;
        }

        return new KeyType<T>(
            string.Join(" or ", choices.Select(choice => choice.Word)),
            TryRead,
            value => choices.First(choice => choice.Value.Equals(value)).Word);
    }

    /// <summary>The same, or nothing.</summary>
    public static KeyType<T?> OptionalChoice<T>(params (string Word, T Value)[] choices)
        where T : struct, Enum
    {
        KeyType<T> choice = Choice(choices);
        return new KeyType<T?>(choice.Name, TryOptional<T>(choice.TryRead), value => value is { } given ? choice.Plain(given) : null);
    }

    private static KeyType<T?>.Reader TryOptional<T>(KeyType<T>.Reader read)
        where T : struct
    {
        return (RawValue raw, out T? value) =>
        {
            bool found = read(raw, out T some);
            value = some;
            return found;
        };
    }

    private static bool TryInteger(RawValue raw, out int value)
    {
        value = 0;
        if (raw.Text is null)
        {
            return false;
        }

        if (WholeNumber().IsMatch(raw.Text))
        {
            return int.TryParse(raw.Text.Replace("_", "", StringComparison.Ordinal), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out value);
        }

        // 2e2 and 200.0 are whole too; 012 is not taken, being 10 in YAML 1.1 and 12 elsewhere
        if (!raw.Text.AsSpan().ContainsAny(".eE") || !TryNumber(raw, out double number) || number != Math.Floor(number) || Math.Abs(number) > int.MaxValue)
        {
            return false;
        }

        value = (int)number;
        return true;
    }

    private static bool TryDevice(RawValue raw, out DeviceChoice value) => DeviceChoice.TryParse(raw.Text ?? "", out value);

    private static bool TryTurns(RawValue raw, out int value)
    {
        value = raw.Text switch
        {
            "first" => 1,
            "all" => SampleRules.AllTurns,
            _ => TryInteger(raw, out int number) ? number : 0,
        };
        return value > 0;
    }

    private static bool TryLayout(RawValue raw, out ImageLayout? value)
    {
        value = raw.Text is null ? null : ImageLayout.OfName(raw.Text);
        return value is not null;
    }

    private static bool TryNumber(RawValue raw, out double value) =>
        double.TryParse(raw.Text, NumberStyles.Float, CultureInfo.InvariantCulture, out value) && double.IsFinite(value);

    private static bool TrySize(RawValue raw, out long value)
    {
        value = 0;
        return raw.Text is not null && ByteSize.TryParse(raw.Text, out value);
    }

    private static bool TryFlag(RawValue raw, out bool value)
    {
        value = raw.Text?.ToLowerInvariant() is "true" or "yes" or "t" or "y" or "1" or "on";
        return value || raw.Text?.ToLowerInvariant() is "false" or "no" or "f" or "n" or "0" or "off";
    }

    private static bool TryText(RawValue raw, out string? value)
    {
        value = raw.Text;
        return !string.IsNullOrWhiteSpace(value);
    }

    private static bool TryPath(RawValue raw, out string? value)
    {
        bool found = TryText(raw, out value);
        if (value is "~" || (value is not null && value.StartsWith("~/", StringComparison.Ordinal)))
        {
            value = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile) + value[1..];
        }

        return found;
    }

    private static bool TryNames(RawValue raw, out IReadOnlyList<string> value)
    {
        value = raw.Items is not null
            ? [.. raw.Items.Select(item => item.Text?.Trim() ?? "")]
            : [.. (raw.Text ?? "").Split(',', StringSplitOptions.TrimEntries)];
        return value.Count > 0 && value.All(name => name.Length > 0);
    }

    private static bool TryMap(RawValue raw, out IReadOnlyDictionary<string, object> value)
    {
        IReadOnlyDictionary<string, RawValue>? fields = raw.Fields;
        if (fields is null && raw.Text is not null && raw.Text.StartsWith('{'))
        {
            fields = YamlConfig.ReadValue(raw.Text, raw.Where).Fields; // JSON is YAML's flow style
        }

        var map = new SortedDictionary<string, object>(StringComparer.Ordinal);
        value = map;
        foreach ((string name, RawValue field) in fields ?? new Dictionary<string, RawValue>())
        {
            if (field.IsNull)
            {
                continue;
            }

            if (field.Text is null)
            {
                return false;
            }

            map[name] = TryNumber(field, out double number) ? number : field.Text;
        }

        return fields is not null;
    }

    [GeneratedRegex("^[+-]?(0|[1-9][0-9]*(_[0-9]+)*)$")]
    private static partial Regex WholeNumber();
}
