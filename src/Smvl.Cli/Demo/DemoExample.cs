using Smvl.Data;
using Smvl.Images;
using Smvl.Inference;
using Smvl.Models;
using Smvl.Text;

namespace Smvl.Cli.Demo;

/// <summary>A held-out question and what the trained model answers.</summary>
/// <param name="Asked">picture, question and expected answer</param>
/// <param name="File">where the picture lies as a file of its own</param>
/// <param name="Given">the answer</param>
/// <param name="Right">token for token the expected one</param>
internal sealed record DemoExample(ScoredQuestion Asked, string File, string Given, bool Right)
{
    private const int AnswerTokens = 64;

    /// <summary>
    /// Questions to show: the first of each kind, then the second of each, and so on, each about another picture; whether they are
    /// answered well is no part of the choice.
    /// </summary>
    public static IReadOnlyList<ScoredQuestion> Choose(IReadOnlyList<ScoredQuestion> questions, int count)
    {
        Queue<ScoredQuestion>[] kinds =
            [.. questions.Where(question => question.Picture is not null).GroupBy(question => question.Kind).Select(kind => new Queue<ScoredQuestion>(kind))];
        var chosen = new List<ScoredQuestion>();
        while (chosen.Count < count && kinds.Any(kind => kind.Count > 0))
        {
            foreach (Queue<ScoredQuestion> kind in kinds)
            {
                ScoredQuestion? next = null;
                while (next is null && kind.TryDequeue(out ScoredQuestion? candidate))
                {
                    next = chosen.Exists(other => ReferenceEquals(other.Picture, candidate.Picture)) ? null : candidate;
                }

                if (next is not null && chosen.Count < count)
                {
                    chosen.Add(next);
                }
            }
        }

        return chosen;
    }

    /// <summary>Writes a question's picture as a file that <c>smvl chat</c> takes; returns its path.</summary>
    /// <param name="folder">an existing folder</param>
    /// <param name="name">without an ending</param>
    /// <param name="picture">as the dataset holds it</param>
    public static string WritePicture(string folder, string name, ScoredPicture picture)
    {
        string ending = ImageHeader.Read(picture.File.Span, picture.Where).Format switch
        {
            ImageFormat.Jpeg => "jpg",
            ImageFormat format => format.ToString().ToLowerInvariant(),
        };
        string path = Path.Combine(folder, $"{name}.{ending}");
        Formats.AtomicFile.Write(path, stream => stream.Write(picture.File.Span));
        return path;
    }

    /// <summary>Asks the model, greedily and without thinking.</summary>
    public static DemoExample Ask(ModelFolder model, ScoredQuestion asked, string file, CancellationToken cancellation)
    {
        using ChatSession session = new(model);
        using RgbImage picture = ImageDecoder.DecodeFile(file);
        Prompt prompt = session.Prepare([new ChatMessage("user", ContentPart.Image, new ContentPart(asked.Question))], [picture], thinking: false);
        ChatAnswer answer = session.Answer(prompt, new SamplingOptions(), AnswerTokens, cancellation: cancellation);
        bool right = answer.Tokens.Select(token => token.Id).SequenceEqual(model.Prompts.Answer(asked.Answer));
        return new DemoExample(asked, file, TerminalText.Printable(answer.Text.ReplaceLineEndings(" ")).Trim(), right);
    }
}
