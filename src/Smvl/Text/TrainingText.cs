namespace Smvl.Text;

/// <summary>The text side of a training sample.</summary>
/// <param name="Ids">(T) token ids</param>
/// <param name="Labels">(T) the ids, <see cref="PromptBuilder.IgnoredLabel"/> at padding and image rows; not shifted</param>
/// <param name="ImageEnd">where the text behind the last image row begins; 0 without pictures</param>
/// <param name="Cut">tokens that were left out at the end</param>
public sealed record TrainingText(int[] Ids, int[] Labels, int ImageEnd, int Cut);
