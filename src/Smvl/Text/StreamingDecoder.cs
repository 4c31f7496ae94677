using System.Text;

namespace Smvl.Text;

/// <summary>
/// Decodes ids one by one. The pieces put together are <see cref="BpeTokenizer.Decode"/> of all the ids, and no piece ends inside
/// a character: bytes that may still become one are held back. Not safe for use from several threads.
/// </summary>
public sealed class StreamingDecoder(BpeTokenizer tokenizer, bool skipSpecialTokens = true)
{
    private readonly Decoder decoder = Encoding.UTF8.GetDecoder();

    /// <summary>What the id makes certain; empty while a character is incomplete.</summary>
    public string Append(int id) => Decode(tokenizer.Bytes(id, skipSpecialTokens), flush: false);

    /// <summary>What was held back at the end, as U+FFFD; the decoder then begins anew.</summary>
    public string Finish() => Decode(default, flush: true);

    private string Decode(ReadOnlySpan<byte> bytes, bool flush)
    {
        var chars = new char[decoder.GetCharCount(bytes, flush)];
        int count = decoder.GetChars(bytes, chars, flush);
        return new string(chars, 0, count);
    }
}
