using System.Globalization;
using System.Text.RegularExpressions;

namespace Smvl.Data;

/// <summary>One dataset of a mixture, written <c>NAME[:LIMIT][#TURNS][*REPEAT][@WEIGHT]</c>: <c>cocoqa:20000</c>, <c>vqav2#3</c>, <c>talk.jsonl*2</c>, <c>docvqa@0.3</c>.</summary>
/// <param name="Name">a subset, a path, or <c>all</c></param>
/// <param name="Limit">rows that are kept, chosen by data_seed; null: all</param>
/// <param name="Turns">the first so many turns of each row are trained on; null: as the key <c>turns</c> says</param>
/// <param name="Repeat">how often an epoch goes through them; null: once</param>
/// <param name="Weight">its share of an epoch beside the others' weights; null: as many as it has rows</param>
public sealed partial record DatasetRequest(string Name, int? Limit = null, int? Turns = null, double? Repeat = null, double? Weight = null)
{
    /// <summary>The form, for errors and help.</summary>
    public const string Form = "NAME[:LIMIT][#TURNS][*REPEAT][@WEIGHT]";

    /// <exception cref="SmvlException">a limit, number of turns, repeat or weight that is none</exception>
    public static DatasetRequest Parse(string text, string where)
    {
        Match match = Written().Match(text);
        if (!match.Success)
        {
            return new DatasetRequest(text);
        }

        DatasetRequest request = new(
            match.Groups["name"].Value,
            Whole(match.Groups["limit"]),
            Whole(match.Groups["turns"]),
            Number(match.Groups["repeat"]),
            Number(match.Groups["weight"]));
        return request is { Limit: null or > 0, Turns: null or > 0, Repeat: null or > 0, Weight: null or > 0 }
            ? request
            : throw new SmvlException("a dataset's limit, turns, repeat and weight must be above 0", where, Form, text);

        static int? Whole(Group group) => group.Success ? int.TryParse(group.ValueSpan, CultureInfo.InvariantCulture, out int number) ? number : 0 : null;

        static double? Number(Group group) => group.Success ? double.Parse(group.ValueSpan, CultureInfo.InvariantCulture) : null;
    }

    /// <summary>The datasets of <c>train_data</c>.</summary>
    /// <exception cref="SmvlException">one cannot be read, or weights that do not go together</exception>
    public static IReadOnlyList<DatasetRequest> ParseAll(IReadOnlyList<string> texts, string where)
    {
        DatasetRequest[] requests = [.. texts.Select(text => Parse(text, where))];
        if (requests.Any(r => r.Weight is not null) && requests.FirstOrDefault(r => r.Weight is null) is { } without)
        {
            throw new SmvlException("some datasets have a weight and others have none", where, "a weight for each, or for none", $"{without.Name} without", "write NAME@WEIGHT for each");
        }

        if (requests.FirstOrDefault(r => r is { Weight: not null, Repeat: not null }) is { } both)
        {
            throw new SmvlException("a dataset has a weight and is repeated", where, "one of the two", both.Name, "the weights alone say how often each dataset's rows come");
        }

        return requests;
    }

    [GeneratedRegex(@"^(?<name>.+?)(:(?<limit>[0-9]+))?(#(?<turns>[0-9]+))?(\*(?<repeat>[0-9]+(\.[0-9]+)?))?(@(?<weight>[0-9]+(\.[0-9]+)?))?$")]
    private static partial Regex Written();
}
