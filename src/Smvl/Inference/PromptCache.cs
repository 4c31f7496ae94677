using System.Runtime.InteropServices;
using Smvl.Models;
using Smvl.Tensors;

namespace Smvl.Inference;

/// <summary>
/// What a model has read of one conversation: the keys and values of its tokens, which tokens those are, and its pictures' image rows.
/// Of the next prompt only what follows the longest common beginning is run. A run that fails or is cancelled leaves what was read before.
/// </summary>
internal sealed class PromptCache(VisionLanguageModel model, SessionLimits limits) : IDisposable
{
    private const double Growth = 1.5;

    private readonly PictureRows pictures = new(model, limits);
    private readonly List<Token> held = [];
    private KeyValueCache? cache;

    /// <summary>Most tokens that a conversation may have, answers included.</summary>
    public int ContextLength => Math.Min(limits.ContextLength ?? int.MaxValue, model.TextConfig.MaxPositions);

    /// <summary>Tokens read.</summary>
    public int Count => held.Count;

    /// <summary>Tokens of the last prompt that were there already.</summary>
    public int Reused { get; private set; }

    /// <summary>Pictures that went through the vision tower so far.</summary>
    public int Encodings => pictures.Encodings;

    /// <param name="prompt">at least one token, and the tiles that its image tokens stand for</param>
    /// <param name="newTokens">so many may follow it</param>
    /// <param name="logits">(V) overwritten with those behind the last token</param>
    /// <param name="cancellation">heard between blocks</param>
    /// <exception cref="SmvlException">image tokens and pictures do not match</exception>
    public void Read(Prompt prompt, int newTokens, Span<float> logits, CancellationToken cancellation)
    {
        (Token[] tokens, int[] pictureOf) = Tokens(prompt);

        // the last one is run in any case: its logits are not kept
        int same = Math.Min(CollectionsMarshal.AsSpan(held).CommonPrefixLength(tokens), tokens.Length - 1);
        Reused = same;
        Forget(same);
        Tensor?[] rows = new Tensor?[prompt.Tiles.Count];
        for (int t = same; t < tokens.Length; t++)
        {
            if (pictureOf[t] is >= 0 and int picture)
            {
                rows[picture] ??= pictures.Of(tokens[t].Picture, prompt.Tiles[picture], cancellation);
            }
        }

        Reserve(tokens.Length + newTokens);
        int atOnce = limits.TokensAtOnce ?? tokens.Length;
        for (int start = same; start < tokens.Length; start += atOnce)
        {
            int end = Math.Min(start + atOnce, tokens.Length);
            Run(tokens.AsSpan(start, end - start), Placed(start, end), end == tokens.Length ? logits : default, cancellation);
        }

        pictures.Trim();

        PlacedRows[] Placed(int start, int end) =>
        [
            .. Enumerable.Range(start, end - start)
                .Where(t => pictureOf[t] >= 0)
                .GroupBy(t => pictureOf[t])
                .Select(picture => new PlacedRows(
                    rows[picture.Key]!.Slice(tokens[picture.First()].Row, picture.Count()), [.. picture.Select(t => t - start)])),
        ];
    }

    /// <summary>Reads one more token, which the model wrote itself: an image token among those stands for no picture.</summary>
    /// <param name="id">the token</param>
    /// <param name="logits">(V) overwritten with those behind it</param>
    /// <param name="cancellation">heard between blocks</param>
    public void Append(int id, Span<float> logits, CancellationToken cancellation) => Run([new Token(id)], [], logits, cancellation);

    public void Dispose()
    {
        pictures.Dispose();
        cache?.Dispose();
    }

    /// <summary>The prompt's tokens, and which picture each of them is a row of, or -1.</summary>
    private (Token[] Tokens, int[] PictureOf) Tokens(Prompt prompt)
    {
        Token[] tokens = [.. prompt.Ids.Select(id => new Token(id))];
        int[] pictureOf = new int[tokens.Length];
        Array.Fill(pictureOf, -1);
        if (!model.TakesPictures)
        {
            return (tokens, pictureOf);
        }

        int[] places = [.. Enumerable.Range(0, tokens.Length).Where(t => tokens[t].Id == model.Config.ImageTokenId)];
        model.CheckImageTokens(places.Length, prompt.TileCount);
        int next = 0;
        for (int picture = 0; picture < prompt.Tiles.Count; picture++)
        {
            UInt128 key = PictureRows.KeyOf(prompt.Tiles[picture].Span);
            int rows = model.RowsOf(prompt.Tiles[picture]);
            for (int row = 0; row < rows; row++, next++)
            {
                tokens[places[next]] = new Token(model.Config.ImageTokenId, key, row);
                pictureOf[places[next]] = picture;
            }
        }

        return (tokens, pictureOf);
    }

    private void Run(ReadOnlySpan<Token> tokens, PlacedRows[] images, Span<float> logits, CancellationToken cancellation)
    {
        int[] ids = new int[tokens.Length];
        for (int t = 0; t < ids.Length; t++)
        {
            ids[t] = tokens[t].Id;
        }

        try
        {
            model.ContinueLogits(ids, images, cache!, logits, cancellation);
        }
        catch
        {
            cache!.Truncate(held.Count);
            throw;
        }

        held.AddRange(tokens);
    }

    private void Forget(int count)
    {
        held.RemoveRange(count, held.Count - count);
        cache?.Truncate(count);
    }

    /// <summary>A cache for so many tokens, with those that are held.</summary>
    private void Reserve(int tokens)
    {
        if (cache is not null && tokens <= cache.Capacity)
        {
            return;
        }

        int capacity = limits.ContextLength is not null ? ContextLength
            : cache is null ? tokens
            : Math.Min(Math.Max(tokens, (int)(cache.Capacity * Growth)), ContextLength);
        var larger = new KeyValueCache(model.Backend, model.TextConfig, capacity, limits.CacheType);
        if (cache is not null)
        {
            larger.CopyFrom(cache);
            cache.Dispose();
        }

        cache = larger;
    }

    /// <summary>What must be equal for a token's keys and values to be.</summary>
    /// <param name="Id">the token</param>
    /// <param name="Picture">key of the picture that it stands for a row of; 0 for none</param>
    /// <param name="Row">that row, or -1</param>
    private readonly record struct Token(int Id, UInt128 Picture = default, int Row = -1);
}
