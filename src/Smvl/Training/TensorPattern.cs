using System.Globalization;
using System.Text.RegularExpressions;
using Smvl.Hubs;

namespace Smvl.Training;

/// <summary>
/// Names by pattern, as checkpoints have them: <c>*</c>, <c>?</c> and <c>[0-9]</c> as in a shell, but <c>*</c> goes over dots;
/// <c>{0..3,8}</c> numbers; and a module's name means everything below it. <c>model.text_model.layers.{24..27}</c> is four layers.
/// </summary>
internal sealed partial class TensorPattern
{
    private readonly FileGlob[] globs;

    /// <exception cref="SmvlException">braces that hold no numbers</exception>
    public TensorPattern(string text, string where)
    {
        Text = text;
        globs = [.. Expand(text, where).SelectMany(name => new[] { new FileGlob(name), new FileGlob(name + ".*") })];
    }

    public string Text { get; }

    public bool Matches(string name) => globs.Any(glob => glob.Matches(name));

    /// <exception cref="SmvlException">one that matches none of the names; it tells what the names look like</exception>
    public static void CheckAllMatch(IEnumerable<TensorPattern> patterns, string where, IReadOnlyCollection<string> names)
    {
        if (patterns.FirstOrDefault(pattern => !names.Any(pattern.Matches)) is { } idle)
        {
            throw new SmvlException(
                $"{idle.Text} matches no tensor", where, "a pattern of the model's tensor names", "no match",
                $"did you mean {string.Join(", ", NearestNames.Of(idle.Text, Modules(names)).Take(3))}?");
        }
    }

    /// <summary>The names with their numbers as <c>*</c>, and the modules above them.</summary>
    private static string[] Modules(IEnumerable<string> names) =>
        [.. names.Select(name => Number().Replace(name, ".*.")).Distinct().SelectMany(Prefixes).Distinct()];

    private static IEnumerable<string> Prefixes(string name)
    {
        for (int end = name.Length; end > 0; end = name.LastIndexOf('.', end - 1))
        {
            yield return name[..end];
        }
    }

    private static IEnumerable<string> Expand(string text, string where)
    {
        Match braces = Braces().Match(text);
        if (!braces.Success)
        {
            return text.AsSpan().ContainsAny('{', '}')
                ? throw new SmvlException($"the braces in {text} cannot be read", where, "{0..3}, {1,5} or {0..3,8}", hint: "quote a pattern with braces")
                : [text];
        }

        return braces.Groups["numbers"].Value.Split(',').SelectMany(Numbers).SelectMany(
            number => Expand(text[..braces.Index] + number.ToString(CultureInfo.InvariantCulture) + text[(braces.Index + braces.Length)..], where));
    }

    private static IEnumerable<int> Numbers(string range)
    {
        int[] ends = [.. range.Split("..").Select(end => int.Parse(end, CultureInfo.InvariantCulture))];
        return Enumerable.Range(ends[0], Math.Max(0, ends[^1] - ends[0] + 1));
    }

    [GeneratedRegex(@"\{(?<numbers>\d{1,5}(\.\.\d{1,5})?(,\d{1,5}(\.\.\d{1,5})?)*)\}")]
    private static partial Regex Braces();

    [GeneratedRegex(@"\.\d+\.")]
    private static partial Regex Number();
}
