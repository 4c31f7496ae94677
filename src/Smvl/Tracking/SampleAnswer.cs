namespace Smvl.Tracking;

/// <summary>A question to the trained model and its answer, the last thing that a run logs.</summary>
/// <param name="Step">optimizer steps done</param>
/// <param name="Question">as the user asked it</param>
/// <param name="Answer">without special tokens</param>
/// <param name="Context">prompt and answer as the model saw them, special tokens included</param>
/// <param name="Picture">a PNG file; null where the model takes no picture</param>
/// <param name="Width">of the picture, in pixels</param>
/// <param name="Height">of the picture, in pixels</param>
public sealed record SampleAnswer(int Step, string Question, string Answer, string Context, byte[]? Picture, int Width, int Height)
{
    // the keys and the table's head are the original scripts'
    internal const string PictureKey = "sample/输入图像", TableKey = "sample/问题&回复", ContextKey = "sample/上下文";

    internal const string QuestionHead = "输入问题", AnswerHead = "模型回复";
}
