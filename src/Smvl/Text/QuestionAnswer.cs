namespace Smvl.Text;

/// <summary>A user's turn and the assistant's, as plain text.</summary>
public readonly record struct QuestionAnswer(string Question, string Answer);
