using System.Globalization;

namespace Smvl.Evaluation;

/// <summary>One question of a task.</summary>
/// <param name="Row">number of its row in the task's data, from 0</param>
/// <param name="Where">file and row, for errors</param>
/// <param name="Id">the row's own name; its number where it has none</param>
/// <param name="Prompt">the user's text</param>
/// <param name="Pictures">encoded files, which stand before the text</param>
/// <param name="Expected">right answers, at least one; of a choice the letter</param>
/// <param name="Choices">letters and their texts, in order; empty for open questions</param>
/// <param name="Category">what it is counted under; empty for none</param>
/// <param name="Group">questions of one group are scored together (MME's pairs, circular evaluation); its own where there is no group</param>
/// <param name="Kind">what a metric tells questions apart by, as the task's key <c>kind</c> says</param>
public sealed record EvaluationItem(
    int Row, string Where, string Id, string Prompt, IReadOnlyList<ReadOnlyMemory<byte>> Pictures, IReadOnlyList<string> Expected,
    IReadOnlyDictionary<string, string> Choices, string Category, string Group, string Kind)
{
    /// <summary>The letter of a choice by its place.</summary>
    public static string Letter(int place) => ((char)('A' + place)).ToString(CultureInfo.InvariantCulture);
}
