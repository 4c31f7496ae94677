namespace Smvl.Evaluation;

/// <summary>
/// OCRBench's score: 1 where an expected answer is part of what was said, ignoring case, line breaks and full width; of handwritten
/// formulas (HME100k) ignoring spaces, and nothing else. Source: Liu et al., "OCRBench"; ocrbench_process_results in lmms-eval
/// lmms_eval/tasks/ocrbench/utils.py at 75571cf.
/// </summary>
public static class TextContainment
{
    /// <summary>The data set whose answers are formulas.</summary>
    public const string Formulas = "HME100k";

    /// <param name="answer">what the model said</param>
    /// <param name="expected">any of these</param>
    /// <param name="formulas">whether they are formulas</param>
    public static bool IsRight(string answer, IReadOnlyList<string> expected, bool formulas) => expected.Any(other => formulas
        ? Spaceless(answer).Contains(Spaceless(other), StringComparison.Ordinal)
        : Folded(answer).Contains(Folded(other), StringComparison.Ordinal));

    private static string Spaceless(string text) => text.Trim().Replace("\n", "").Replace(" ", "");

    private static string Folded(string text) => ExactMatch.FoldFullWidth(text).ToLowerInvariant().Trim().Replace('\n', ' ');
}
