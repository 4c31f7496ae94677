using System.Text;

namespace Smvl.Text;

/// <summary>
/// GPT-2's spelling of bytes in vocabulary files: printable Latin-1 characters stand for themselves, the other 68 bytes for the
/// characters from U+0100 on, so that a space is written Ġ. Source: tokenizers, pre_tokenizers/byte_level.rs.
/// </summary>
internal static class ByteLevel
{
    private static readonly char[] CharOfByte = MakeAlphabet();
    private static readonly short[] ByteOfChar = MakeInverse();

    public static string Spelling(ReadOnlySpan<byte> bytes)
    {
        var spelling = new StringBuilder(bytes.Length);
        foreach (byte value in bytes)
        {
            spelling.Append(CharOfByte[value]);
        }

        return spelling.ToString();
    }

    /// <summary>
    /// The bytes a token stands for. One with a character outside the alphabet is no spelling of bytes but plain text
    /// (an added token, say), as the reference decoder takes it.
    /// </summary>
    /// <param name="spelling">UTF-8</param>
    public static byte[] Bytes(ReadOnlySpan<byte> spelling)
    {
        var bytes = new byte[spelling.Length];
        int count = 0;
        for (int at = 0; at < spelling.Length;)
        {
            Rune.DecodeFromUtf8(spelling[at..], out Rune character, out int length);
            if (character.Value >= ByteOfChar.Length || ByteOfChar[character.Value] < 0)
            {
                return spelling.ToArray();
            }

            bytes[count++] = (byte)ByteOfChar[character.Value];
            at += length;
        }

        return bytes[..count];
    }

    private static char[] MakeAlphabet()
    {
        var alphabet = new char[256];
        int next = 0x100;
        for (int value = 0; value < alphabet.Length; value++)
        {
            bool printable = value is (>= '!' and <= '~') or (>= 0xA1 and <= 0xAC) or (>= 0xAE and <= 0xFF);
            alphabet[value] = (char)(printable ? value : next++);
        }

        return alphabet;
    }

    private static short[] MakeInverse()
    {
        var inverse = new short[CharOfByte.Max() + 1];
        Array.Fill(inverse, (short)-1);
        for (short value = 0; value < CharOfByte.Length; value++)
        {
            inverse[CharOfByte[value]] = value;
        }

        return inverse;
    }
}
