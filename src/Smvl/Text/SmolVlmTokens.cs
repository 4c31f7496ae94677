namespace Smvl.Text;

/// <summary>SmolVLM2's special tokens, as the published tokenizer has them; the ids between them are words or reserved.</summary>
public static class SmolVlmTokens
{
    public const string Pad = "<|im_end|>", End = "<end_of_utterance>", Image = "<image>";
    public const string FakeAroundImage = "<fake_token_around_image>", GlobalImage = "<global-img>";

    private const int MaxTilesPerSide = 6;

    private static readonly string[] First = ["<|endoftext|>", "<|im_start|>", Pad];

    private static readonly string[] Pictures =
    [
        GlobalImage,
        .. from row in Enumerable.Range(1, MaxTilesPerSide)
           from col in Enumerable.Range(1, MaxTilesPerSide)
           select $"<row_{row}_col_{col}>",
        FakeAroundImage,
        Image,
    ];

    /// <summary>With the published ids: 0 to 2, 49152 to 49190, and 49279.</summary>
    public static IReadOnlyList<AddedToken> Published { get; } = [.. Special(First, 0), .. Special(Pictures, 49152), .. Special([End], 49279)];

    /// <summary>With consecutive ids, for models with a small vocabulary.</summary>
    public static IReadOnlyList<AddedToken> From(int firstId) => [.. Special([.. First, .. Pictures, End], firstId)];

    private static IEnumerable<AddedToken> Special(string[] contents, int firstId) =>
        contents.Select((content, index) => new AddedToken(firstId + index, content, Special: true));
}
