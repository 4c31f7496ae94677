namespace Smvl.Evaluation;

/// <summary>What counts as yes and as no.</summary>
public static class YesNo
{
    public const string Yes = "yes", No = "no", Other = "other";

    /// <summary>POPE's reading: the word alone. Source: lmms-eval lmms_eval/tasks/pope/utils.py at 75571cf.</summary>
    public static string Bare(string answer) => answer.Trim().ToLowerInvariant() is (Yes or No) and var word ? word : Other;

    /// <summary>
    /// MME's reading: the word, its first letter alone, or the word among the first four characters. Source: parse_pred_ans in lmms-eval
    /// lmms_eval/tasks/mme/utils.py at 75571cf.
    /// </summary>
    public static string Leading(string answer)
    {
        string text = answer.ToLowerInvariant().Trim().Replace(".", "");
        string head = text[..Math.Min(4, text.Length)];
        return text switch
        {
            Yes or "y" => Yes,
            No or "n" => No,
            { Length: 1 } => Other,
            _ => head.Contains(Yes, StringComparison.Ordinal) ? Yes : head.Contains(No, StringComparison.Ordinal) ? No : Other,
        };
    }
}
