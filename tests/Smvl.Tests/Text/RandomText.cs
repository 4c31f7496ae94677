using System.Text;

namespace Smvl.Tests.Text;

/// <summary>Seeded texts that are rich in what a tokenizer treats specially.</summary>
internal sealed class RandomText(int seed)
{
    private static readonly string[] Pieces =
    [
        "'s", "'S", "'ſ", "'T", "'re", "'LL", "'vE", "'m", "'d", "'", " ", "  ", "\t", "\n", "\r\n", "\r", "\u0085", "\u00A0", "\u3000", "\u2028",
        "a", "Z", "word", "中", "图片", "é", "e\u0301", "\u0323", "\u0308", "\u1161", "\u11A8", "가", "\u212B", "1", "２", "½", "Ⅷ", "।", "。", "，", "!", "?!",
        "-", "_", "😀", "👨‍👩‍👧", "\U00020000", "\U00010400", "\U0001D7D8", "\U0001D165", "\u200D", "\uFEFF", "<", "<|im_end|>", "<think>",
    ];

    private readonly Random random = new(seed);

    public string Next(int pieces)
    {
        var text = new StringBuilder();
        for (int i = random.Next(pieces + 1); i > 0; i--)
        {
            text.Append(random.Next(8) == 0 ? AnyRune().ToString() : Pieces[random.Next(Pieces.Length)]);
        }

        return text.ToString();
    }

    private Rune AnyRune()
    {
        int top = random.Next(3) == 0 ? 0x110000 : 0x3000;
        while (true)
        {
            if (Rune.TryCreate(random.Next(top), out Rune rune))
            {
                return rune;
            }
        }
    }
}
