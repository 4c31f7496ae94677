using Smvl.Models;
using Smvl.Text;
using Tensor = Smvl.Tensors.Tensor;

namespace Smvl.Inference;

/// <summary>A prompt whose pictures are among those of its batch.</summary>
/// <param name="Ids">token ids, image tokens included</param>
/// <param name="Pictures">which of the batch's pictures its image tokens stand for, in their order</param>
internal sealed record BatchPrompt(int[] Ids, IReadOnlyList<int> Pictures);

/// <summary>
/// Greedy answers to many prompts at a time: one pass reads all of them, then each pass writes a token of every answer that goes on. The
/// answers are those of a <see cref="ChatSession"/> at temperature 0, one prompt after the other.
/// </summary>
internal static class BatchGenerator
{
    /// <param name="model">who answers</param>
    /// <param name="pictures">tiles (tiles, 3, S, S) of each picture</param>
    /// <param name="prompts">at least one</param>
    /// <param name="maxNewTokens">most tokens of an answer, its end token included</param>
    /// <param name="cancellation">heard between blocks</param>
    /// <returns>each answer's text, without special tokens</returns>
    public static string[] Answer(
        IChatModel model, IReadOnlyList<ReadOnlyMemory<byte>> pictures, IReadOnlyList<BatchPrompt> prompts, int maxNewTokens,
        CancellationToken cancellation)
    {
        VisionLanguageModel network = model.Model;
        using BatchKeyValueCache cache = new(network.Backend, network.TextConfig, [.. prompts.Select(prompt => prompt.Ids.Length + maxNewTokens)]);
        List<int>[] written = [.. prompts.Select(_ => new List<int>())];
        List<int> active = [.. Enumerable.Range(0, prompts.Count)];
        int[] next = Read(model, pictures, prompts, cache, cancellation);
        for (int made = 1; ; made++)
        {
            foreach (int sequence in active)
            {
                written[sequence].Add(next[sequence]);
            }

            active.RemoveAll(sequence => model.Generation.EosTokenIds.Contains(next[sequence]));
            if (active.Count == 0 || made == maxNewTokens)
            {
                return [.. written.Select(ids => Text(model, ids))];
            }

            SequenceRows rows = cache.Take([.. active.Select(sequence => (sequence, 1))]);
            using Tensor hidden = network.Hidden([.. active.Select(sequence => next[sequence])], [], cache, rows, cancellation);
            int[] likeliest = AnswerAccuracy.Likeliest(network, hidden, [.. Enumerable.Range(0, active.Count)]);
            for (int i = 0; i < active.Count; i++)
            {
                next[active[i]] = likeliest[i];
            }
        }
    }

    /// <summary>The first token of every answer.</summary>
    private static int[] Read(
        IChatModel model, IReadOnlyList<ReadOnlyMemory<byte>> pictures, IReadOnlyList<BatchPrompt> prompts, BatchKeyValueCache cache,
        CancellationToken cancellation)
    {
        VisionLanguageModel network = model.Model;
        using Tensor? encoded = pictures.Count == 0 ? null : Encode(model, pictures, cancellation);
        int[] firstRows = new int[pictures.Count + 1];
        for (int i = 0; i < pictures.Count; i++)
        {
            firstRows[i + 1] = firstRows[i] + network.RowsOf(pictures[i]);
        }

        var placed = new List<PlacedRows>();
        int start = 0;
        foreach (BatchPrompt prompt in prompts)
        {
            int[] places = prompt.Pictures.Count == 0 ? [] : [.. Enumerable.Range(0, prompt.Ids.Length).Where(t => prompt.Ids[t] == network.Config.ImageTokenId)];
            int at = 0;
            foreach (int picture in prompt.Pictures)
            {
                int count = firstRows[picture + 1] - firstRows[picture];
                placed.Add(new PlacedRows(encoded!.Slice(firstRows[picture], count), [.. places.AsSpan(at, count).ToArray().Select(t => start + t)]));
                at += count;
            }

            start += prompt.Ids.Length;
        }

        SequenceRows rows = cache.Take([.. prompts.Select((prompt, sequence) => (sequence, prompt.Ids.Length))]);
        using Tensor hidden = network.Hidden([.. prompts.SelectMany(prompt => prompt.Ids)], placed, cache, rows, cancellation);
        int end = 0;
        return AnswerAccuracy.Likeliest(network, hidden, [.. prompts.Select(prompt => (end += prompt.Ids.Length) - 1)]);
    }

    private static Tensor Encode(IChatModel model, IReadOnlyList<ReadOnlyMemory<byte>> pictures, CancellationToken cancellation)
    {
        byte[] tiles = new byte[pictures.Sum(picture => picture.Length)];
        int at = 0;
        foreach (ReadOnlyMemory<byte> picture in pictures)
        {
            picture.Span.CopyTo(tiles.AsSpan(at));
            at += picture.Length;
        }

        return model.Model.EncodePicture(tiles, model.Limits.TilesAtOnce, model.Limits.Sparingly, cancellation);
    }

    private static string Text(IChatModel model, List<int> ids)
    {
        StreamingDecoder decoder = new(model.Tokenizer);
        return string.Concat(ids.Select(decoder.Append)) + decoder.Finish();
    }
}
