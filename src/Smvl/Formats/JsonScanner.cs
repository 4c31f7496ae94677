using System.Runtime.CompilerServices;
using System.Text.Json;

namespace Smvl.Formats;

/// <summary>
/// Walks over JSON whose many entries are all alike and known: each call takes what it is named after, or takes nothing and returns
/// false; the caller then lets a real reader say what is wrong. Takes nothing that is not JSON, but not everything that is.
/// Utf8JsonReader needs several times as long for the 150,000 entries of a vocabulary in a process that has just started, while its own
/// code is not optimised yet; these methods are, from the first call on.
/// </summary>
/// <param name="json">valid UTF-8</param>
internal ref struct JsonScanner(ReadOnlySpan<byte> json)
{
    private readonly ReadOnlySpan<byte> json = json;

    /// <summary>Bytes taken so far.</summary>
    public int Position { get; private set; }

    /// <summary>True where nothing but white space is left.</summary>
    public bool AtEnd
    {
        get
        {
            SkipWhiteSpace();
            return Position == json.Length;
        }
    }

    /// <summary>A bracket, a comma or a colon.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool Take(char symbol)
    {
        SkipWhiteSpace();
        if (Position == json.Length || json[Position] != symbol)
        {
            return false;
        }

        Position++;
        return true;
    }

    /// <summary>A string, without its quotes and escapes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public bool TakeString(out ReadOnlySpan<byte> text)
    {
        SkipWhiteSpace();
        text = default;
        int start = Position;
        bool escaped = false;
        for (int at = start + 1; at < json.Length && json[start] == '"' && json[at] >= ' '; at++)
        {
            if (json[at] == '"')
            {
                text = json[(start + 1)..at];
                Position = at + 1;
                return !escaped || Unescape(json[start..Position], ref text);
            }

            if (json[at] == '\\')
            {
                escaped = true;
                at++;
            }
        }

        return false;
    }

    /// <summary>A whole number from 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public bool TakeNumber(out int number)
    {
        SkipWhiteSpace();
        int at = Position;
        long value = 0;
        while (at < json.Length && char.IsAsciiDigit((char)json[at]) && value <= int.MaxValue)
        {
            value = (10 * value) + json[at++] - '0';
        }

        number = (int)value;
        if (at == Position || value > int.MaxValue || (at > Position + 1 && json[Position] == '0'))
        {
            return false;
        }

        Position = at;
        return true;
    }

    private static bool Unescape(ReadOnlySpan<byte> quoted, ref ReadOnlySpan<byte> text)
    {
        try
        {
            var reader = new Utf8JsonReader(quoted);
            reader.Read();
            byte[] unescaped = new byte[quoted.Length];
            text = unescaped.AsSpan(0, reader.CopyString(unescaped));
            return true;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return false;   // no such escape, or half a surrogate pair
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void SkipWhiteSpace()
    {
        while (Position < json.Length && json[Position] is (byte)' ' or (byte)'\n' or (byte)'\r' or (byte)'\t')
        {
            Position++;
        }
    }
}
