using System.Text;
using System.Text.RegularExpressions;

namespace Smvl.Evaluation;

/// <summary>
/// A task's prompt: text with <c>{column}</c> for a row's value and <c>{options}</c> for its lettered choices, a line each. A name can be
/// followed by <c>|strip</c>, <c>|capitalize</c> (as Python's methods) and <c>|remove:TEXT</c>. What stands in <c>[[ ]]</c> is left out
/// where one of its values is empty. <c>{{</c> and <c>}}</c> are braces.
/// </summary>
internal static partial class TaskPrompt
{
    public const string Options = "options";

    private const string Strip = "strip", Capitalize = "capitalize", Remove = "remove:";

    /// <summary>The columns that the task's prompts name.</summary>
    public static IEnumerable<string> Columns(EvaluationTask task) =>
        new[] { task.Prompt, task.OpenPrompt }.SelectMany(text => Value().Matches(text)).Select(match => match.Groups["name"].Value)
            .Where(name => name.Length > 0 && name != Options).Distinct();

    /// <exception cref="SmvlException">a prompt that is not made as above</exception>
    public static void Check(EvaluationTask task, string path)
    {
        foreach (string prompt in new[] { task.Prompt, task.OpenPrompt })
        {
            string rest = Value().Replace(prompt, match => match.Groups["name"].Success && Filters(match).All(Known) ? "" : match.Value is "{{" or "}}" ? "" : "{");
            if (rest.Contains('{') || rest.Contains('}'))
            {
                throw new SmvlException(
                    "the prompt has a brace that opens or closes nothing, or a filter that is not known", path,
                    $"{{column}}, {{column|{Strip}}}, {{column|{Capitalize}}}, {{column|{Remove}TEXT}}, or {{{{ and }}}} for braces", $"'{prompt}'");
            }

            if (prompt.Contains($"{{{Options}", StringComparison.Ordinal) && task.Choices.Count == 0)
            {
                throw new SmvlException($"the prompt has {{{Options}}}, and the task has no choices", path, "choices: the column or the columns of the choices");
            }
        }
    }

    /// <param name="template">one of the task's</param>
    /// <param name="value">a row's value of a column; empty where it has none</param>
    /// <param name="choices">letters and texts</param>
    public static string Render(string template, Func<string, string> value, IReadOnlyDictionary<string, string> choices)
    {
        string options = string.Join('\n', choices.Select(choice => $"{choice.Key}. {choice.Value}"));
        var result = new StringBuilder();
        int at = 0;
        foreach (Match section in Section().Matches(template))
        {
            string body = section.Groups["body"].Value;
            bool full = Value().Matches(body).All(match => match.Value is "{{" or "}}" || Of(match.Groups["name"].Value).Length > 0);
            result.Append(Plain(template[at..section.Index], Of)).Append(full ? Plain(body, Of) : "");
            at = section.Index + section.Length;
        }

        return result.Append(Plain(template[at..], Of)).ToString();

        string Of(string name) => name == Options ? options : value(name);
    }

    private static string Plain(string text, Func<string, string> value) => Value().Replace(text, match =>
    {
        if (match.Value is "{{" or "}}")
        {
            return match.Value[..1];
        }

        string found = value(match.Groups["name"].Value);
        foreach (string filter in Filters(match))
        {
            found = filter switch
            {
                Strip => found.Trim(),
                Capitalize => Capitalized(found),
                _ => found.Replace(filter[Remove.Length..], ""),
            };
        }

        return found;
    });

    private static IEnumerable<string> Filters(Match match) => match.Groups["filter"].Captures.Select(capture => capture.Value);

    private static bool Known(string filter) => filter is Strip or Capitalize || (filter.StartsWith(Remove, StringComparison.Ordinal) && filter.Length > Remove.Length);

    /// <summary>Python's: the first letter large, all others small.</summary>
    private static string Capitalized(string text) => text.Length == 0 ? "" : text[..1].ToUpperInvariant() + text[1..].ToLowerInvariant();

    [GeneratedRegex(@"\{\{|\}\}|\{(?<name>[^{}|]+)(?:\|(?<filter>[^{}|]+))*\}")]
    private static partial Regex Value();

    [GeneratedRegex(@"\[\[(?<body>.*?)\]\]", RegexOptions.Singleline)]
    private static partial Regex Section();
}
