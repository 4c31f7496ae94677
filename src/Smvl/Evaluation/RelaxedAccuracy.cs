namespace Smvl.Evaluation;

/// <summary>
/// ChartQA's relaxed accuracy: a number may be off by 5 %, anything else must be equal but for case. Source: Masry et al.,
/// "ChartQA", section 5.1; relaxed_correctness in lmms-eval lmms_eval/tasks/chartqa/utils.py at 75571cf.
/// </summary>
public static class RelaxedAccuracy
{
    private const double MostRelativeChange = 0.05;

    public static bool IsRight(string answer, string expected) =>
        Number(answer) is { } given && Number(expected) is { } number and not 0
            ? Math.Abs(given - number) / Math.Abs(number) <= MostRelativeChange
            : string.Equals(answer.ToLowerInvariant(), expected.ToLowerInvariant(), StringComparison.Ordinal);

    /// <summary>A number, or a percentage as a share.</summary>
    private static double? Number(string text) =>
        text.EndsWith('%') ? PythonFloat.TryParse(text.TrimEnd('%')) / 100 : PythonFloat.TryParse(text);
}
