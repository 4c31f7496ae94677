using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using Smvl.Data;
using Smvl.Images;
using Smvl.Models;
using Smvl.Text;
using Tensor = Smvl.Tensors.Tensor;

namespace Smvl.Inference;

/// <summary>How many questions of a kind were answered as expected, and what guessing would give.</summary>
/// <param name="Kind">of the questions</param>
/// <param name="Total">questions</param>
/// <param name="Correct">answered token for token as expected</param>
/// <param name="MostFrequent">questions whose answer is the most frequent expected one</param>
/// <param name="MostFrequentAnswer">that answer; of several the first in the order of characters</param>
public sealed record KindScore(string Kind, int Total, int Correct, int MostFrequent, string MostFrequentAnswer)
{
    /// <summary>Share of right answers, 0 to 1.</summary>
    public double Accuracy => (double)Correct / Total;

    /// <summary>What always giving the most frequent answer would reach, 0 to 1.</summary>
    public double Majority => (double)MostFrequent / Total;
}

/// <summary>
/// Whether a model's greedy answers are the expected ones, token for token, the end token included. Nothing is generated: the model reads
/// question and expected answer in one pass (teacher forcing), and an answer is right when each of its tokens is the likeliest at its place,
/// which is when greedy generation would write it. The prompt is that of a chat without thinking.
/// </summary>
/// <param name="Correct">one for each question, in order</param>
/// <param name="Kinds">in the order in which the kinds appear</param>
public sealed record AnswerAccuracy(IReadOnlyList<bool> Correct, IReadOnlyList<KindScore> Kinds)
{
    /// <summary>Tokens of a pass: enough for fast products, small beside a model.</summary>
    private const int TokensAtOnce = 2048;

    /// <summary>Bytes of logits at a time.</summary>
    private const int LogitBytes = 16 << 20;

    /// <param name="model">who is asked</param>
    /// <param name="questions">those about one picture stand together: it is then encoded once</param>
    /// <param name="blind">asks without the pictures</param>
    /// <param name="cancellation">heard between blocks</param>
    /// <exception cref="SmvlException">a picture cannot be decoded, a text holds special tokens, or a question does not fit the context</exception>
    public static AnswerAccuracy Score(
        IChatModel model, IReadOnlyList<ScoredQuestion> questions, bool blind = false, CancellationToken cancellation = default)
    {
        var correct = new List<bool>(questions.Count);
        var batch = new List<Asked>();
        int most = Math.Max(2, 2 * Environment.ProcessorCount);
        foreach (Asked asked in Prefetch.InOrder(ByPicture(questions), group => Prepare(model, group, blind), ahead: 2, most))
        {
            batch.Add(asked);
            if (batch.Sum(group => group.TokenCount) >= TokensAtOnce)
            {
                correct.AddRange(Check(model, batch, cancellation));
                batch.Clear();
            }
        }

        if (batch.Count > 0)
        {
            correct.AddRange(Check(model, batch, cancellation));
        }

        return new AnswerAccuracy(correct, Count(questions, correct));
    }

    private static KindScore[] Count(IReadOnlyList<ScoredQuestion> questions, List<bool> correct) =>
    [
        .. questions.Zip(correct).GroupBy(pair => pair.First.Kind).Select(kind =>
        {
            (string answer, int times) = kind.GroupBy(pair => pair.First.Answer)
                .Select(same => (same.Key, same.Count()))
                .OrderByDescending(same => same.Item2).ThenBy(same => same.Key, StringComparer.Ordinal).First();
            return new KindScore(kind.Key, kind.Count(), kind.Count(pair => pair.Second), times, answer);
        }),
    ];

    /// <summary>Neighbours that share a picture, or that have none.</summary>
    private static IEnumerable<List<ScoredQuestion>> ByPicture(IReadOnlyList<ScoredQuestion> questions)
    {
        List<ScoredQuestion> group = [];
        foreach (ScoredQuestion question in questions)
        {
            if (group.Count > 0 && (group[0].Picture is null || !ReferenceEquals(group[0].Picture, question.Picture)))
            {
                yield return group;
                group = [];
            }

            group.Add(question);
        }

        if (group.Count > 0)
        {
            yield return group;
        }
    }

    private static Asked Prepare(IChatModel model, List<ScoredQuestion> questions, bool blind)
    {
        ProcessedImage? picture = null;
        if (!blind && questions[0].Picture is { } asked)
        {
            using RgbImage decoded = ImageDecoder.Decode(asked.File.Span, asked.Where);
            picture = model.Images.Process(decoded, model.Limits.MaxTiles);
        }

        return new Asked(picture, [.. questions.Select(question => Prepare(model, question, picture))]);
    }

    private static Sequence Prepare(IChatModel model, ScoredQuestion question, ProcessedImage? picture)
    {
        ImageGrid[] grids = picture is null ? [] : [new ImageGrid(picture.Rows, picture.Cols)];
        ChatMessage user = new("user", [.. grids.Select(_ => ContentPart.Image), new ContentPart(question.Question)]);
        int[] prompt = model.Prompts.Chat([user], grids, enableThinking: false);
        int[] answer = model.Prompts.Answer(question.Answer);
        int most = model.Model.TextConfig.MaxPositions;
        return prompt.Length + answer.Length <= most
            ? new Sequence([.. prompt, .. answer[..^1]], prompt.Length, answer)
            : throw new SmvlException(
                "a question with its answer does not fit the context", question.Picture?.Where ?? question.Question, $"at most {most} tokens", $"{prompt.Length + answer.Length}");
    }

    private static IEnumerable<bool> Check(IChatModel model, List<Asked> batch, CancellationToken cancellation)
    {
        VisionLanguageModel network = model.Model;
        Sequence[] sequences = [.. batch.SelectMany(asked => asked.Sequences)];
        byte[] tiles = [.. batch.SelectMany(asked => asked.Picture?.Tiles ?? [])];
        using Tensor? rows = tiles.Length == 0
            ? null
            : network.EncodePicture(tiles, model.Limits.TilesAtOnce, model.Limits.Sparingly, cancellation);
        using Tensor hidden = network.Hidden([.. sequences.Select(sequence => sequence.Ids)], Places(network, batch, rows), cancellation);

        // row t says what token t + 1 should be
        List<int> asking = [], expected = [];
        int start = 0;
        foreach (Sequence sequence in sequences)
        {
            asking.AddRange(Enumerable.Range(start + sequence.PromptLength - 1, sequence.Answer.Length));
            expected.AddRange(sequence.Answer);
            start += sequence.Ids.Length;
        }

        int[] likeliest = Likeliest(network, hidden, CollectionsMarshal.AsSpan(asking));
        bool[] right = new bool[sequences.Length];
        int at = 0;
        for (int i = 0; i < sequences.Length; i++)
        {
            int length = sequences[i].Answer.Length;
            right[i] = likeliest.AsSpan(at, length).SequenceEqual(CollectionsMarshal.AsSpan(expected).Slice(at, length));
            at += length;
        }

        return right;
    }

    /// <summary>Where each sequence's image tokens are, and its picture's rows among those of all pictures.</summary>
    private static List<PlacedRows> Places(VisionLanguageModel network, List<Asked> batch, Tensor? rows)
    {
        var placed = new List<PlacedRows>();
        int start = 0, firstRow = 0;
        foreach (Asked asked in batch)
        {
            int count = asked.Picture is { } picture ? network.RowsOf(picture.Tiles) : 0;
            foreach (Sequence sequence in asked.Sequences)
            {
                if (count > 0)
                {
                    int[] places = [.. Enumerable.Range(0, sequence.PromptLength).Where(t => sequence.Ids[t] == network.Config.ImageTokenId)];
                    network.CheckImageTokens(places.Length, asked.Picture!.TileCount);
                    placed.Add(new PlacedRows(rows!.Slice(firstRow, count), [.. places.Select(t => start + t)]));
                }

                start += sequence.Ids.Length;
            }

            firstRow += count;
        }

        return placed;
    }

    /// <summary>The token that <see cref="Sampler"/> takes at temperature 0 behind each of some rows of (T, D).</summary>
    internal static int[] Likeliest(VisionLanguageModel network, Tensor hidden, ReadOnlySpan<int> rows)
    {
        int width = network.TextConfig.VocabularySize;
        int atOnce = Math.Max(1, LogitBytes / (sizeof(float) * width));
        int[] tokens = new int[rows.Length];
        float[] values = new float[Math.Min(atOnce, rows.Length) * width];
        for (int start = 0; start < rows.Length; start += atOnce)
        {
            int count = Math.Min(atOnce, rows.Length - start);
            using Tensor logits = network.Logits(hidden, rows.Slice(start, count));
            network.Backend.Download(logits, values.AsSpan(0, count * width));
            for (int i = 0; i < count; i++)
            {
                tokens[start + i] = TensorPrimitives.IndexOfMax<float>(values.AsSpan(i * width, width));
            }
        }

        return tokens;
    }

    /// <summary>Questions about one picture.</summary>
    private sealed record Asked(ProcessedImage? Picture, Sequence[] Sequences)
    {
        public int TokenCount => Sequences.Sum(sequence => sequence.Ids.Length);
    }

    /// <param name="Ids">the prompt, and the answer without its end token</param>
    /// <param name="PromptLength">tokens of the prompt</param>
    /// <param name="Answer">with its end token</param>
    private sealed record Sequence(int[] Ids, int PromptLength, int[] Answer);
}
