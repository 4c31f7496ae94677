namespace Smvl.Data;

/// <summary>A picture that is asked about. Questions about the same picture share one of these, so that it is decoded once.</summary>
/// <param name="File">the encoded file: JPEG, PNG, ...</param>
/// <param name="Where">what errors call it</param>
public sealed record ScoredPicture(ReadOnlyMemory<byte> File, string Where);

/// <summary>A question whose right answer is known.</summary>
/// <param name="Kind">what it is counted under: the turn's <c>source</c>, such as <c>scenes_zh.color</c></param>
/// <param name="Picture">null where it is asked without one</param>
/// <param name="Question">the user's text</param>
/// <param name="Answer">the assistant's text</param>
public sealed record ScoredQuestion(string Kind, ScoredPicture? Picture, string Question, string Answer)
{
    /// <summary>The kind without the dataset before it: what stands behind the last dot, or all of it.</summary>
    public string KindName => Kind[(Kind.LastIndexOf('.') + 1)..];

    /// <summary>Every turn of every row, each as a question of its own about the row's first picture, in the rows' order.</summary>
    /// <exception cref="SmvlException">a row cannot be read, or a turn lacks its question, answer or source; names file, row group and row</exception>
    public static IEnumerable<ScoredQuestion> Read(CauldronDataset dataset)
    {
        for (int index = 0; index < dataset.Count; index++)
        {
            CauldronRow row = dataset.ReadRow(index);
            string where = dataset.Locate(index).ToString();
            ScoredPicture? picture = row.Images is [{ Bytes: { Length: > 0 } bytes }, ..] ? new ScoredPicture(bytes, where) : null;
            foreach (CauldronTurn? turn in row.Texts ?? [])
            {
                yield return turn is { User: string question, Assistant: string answer, Source: string kind }
                    ? new ScoredQuestion(kind, picture, question, answer)
                    : throw new SmvlException("a turn that is to be scored is incomplete", where, "user, assistant and source", "a null among them");
            }
        }
    }
}
