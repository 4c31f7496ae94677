using System.Text.RegularExpressions;

namespace Smvl.Hubs;

/// <summary>A repository's name on a hub, such as <c>Qwen/Qwen3-0.6B</c>.</summary>
/// <param name="Kind">what it holds</param>
/// <param name="Owner">who published it</param>
/// <param name="Name">its name there</param>
internal sealed partial record RepositoryId(RepositoryKind Kind, string Owner, string Name)
{
    /// <summary>Null where the text cannot be a name: letters, digits, <c>-</c>, <c>_</c> and <c>.</c>, in two parts, none of which starts with <c>.</c> or <c>-</c>.</summary>
    public static RepositoryId? TryParse(RepositoryKind kind, string text) =>
        Pattern().Match(text) is { Success: true } match ? new(kind, match.Groups["owner"].Value, match.Groups["name"].Value) : null;

    /// <exception cref="SmvlException">no such name is possible</exception>
    public static RepositoryId Parse(RepositoryKind kind, string text) =>
        TryParse(kind, text) ?? throw new SmvlException($"not a {kind.ToString().ToLowerInvariant()}'s name on a hub", text, "OWNER/NAME, such as Qwen/Qwen3-0.6B");

    /// <summary>As it is written: <c>OWNER/NAME</c>.</summary>
    public override string ToString() => $"{Owner}/{Name}";

    [GeneratedRegex(@"\A(?<owner>[A-Za-z0-9_][A-Za-z0-9._-]*)/(?<name>[A-Za-z0-9_][A-Za-z0-9._-]*)\z")]
    private static partial Regex Pattern();
}
