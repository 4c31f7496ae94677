namespace Smvl.Text;

/// <summary>A user's turn and the assistant's, as plain text.</summary>
public readonly record struct QuestionAnswer(string Question, string Answer)
{
    /// <summary>
    /// Where pictures stand in the question: how many characters are before each, ascending; null for none. Where no turn of a row says
    /// any, its pictures stand before the first question.
    /// </summary>
    public IReadOnlyList<int>? PictureOffsets { get; init; }
}
