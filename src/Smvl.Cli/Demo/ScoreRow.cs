using Smvl.Inference;

namespace Smvl.Cli.Demo;

/// <summary>What became of one kind of questions; shares are 0 to 1.</summary>
/// <param name="Kind">dataset and kind</param>
/// <param name="Questions">how many</param>
/// <param name="Before">right before training</param>
/// <param name="After">right behind it</param>
/// <param name="Blind">right by the text model that is shown no picture</param>
/// <param name="Majority">right by always giving the most frequent answer</param>
/// <param name="MostFrequentAnswer">that answer</param>
internal sealed record ScoreRow(string Kind, int Questions, double Before, double After, double Blind, double Majority, string MostFrequentAnswer)
{
    /// <summary>What can be had without looking: the larger of the last two.</summary>
    public double Baseline => Math.Max(Blind, Majority);

    /// <param name="before">of the same questions in the same order as the others</param>
    /// <param name="after">behind training</param>
    /// <param name="blind">without the pictures</param>
    public static IReadOnlyList<ScoreRow> Of(AnswerAccuracy before, AnswerAccuracy after, AnswerAccuracy blind) =>
    [
        .. before.Kinds.Zip(after.Kinds, blind.Kinds).Select(kind => new ScoreRow(
            kind.First.Kind, kind.First.Total, kind.First.Accuracy, kind.Second.Accuracy, kind.Third.Accuracy, kind.First.Majority, kind.First.MostFrequentAnswer)),
    ];
}
