using System.Buffers.Binary;
using System.Diagnostics;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Text;

namespace Smvl.Text;

/// <summary>
/// Tokens by their id and by their spelling. The spellings lie one behind the other in UTF-8, as the files have them: the 150,000
/// tokens of a real vocabulary are three arrays instead of as many strings, and reading them leaves no garbage.
/// </summary>
/// <param name="where">the file named in errors</param>
/// <param name="tokens">about how many there will be</param>
/// <param name="bytes">about how long their spellings are together</param>
internal sealed class Vocabulary(string where, int tokens, int bytes)
{
    private byte[] spellings = new byte[bytes];
    private int length;
    private Place[] places = new Place[tokens];   // by id

    // Open addressing with linear probing, at most half full: a token's id + 1, or 0.
    private int[] slots = new int[Capacity(tokens)];

    public int Count { get; private set; }

    /// <summary>One more than the highest id.</summary>
    public int Size { get; private set; }

    /// <summary>False where there is a token of this spelling.</summary>
    /// <exception cref="SmvlException">an id far above the number of tokens, or of another token</exception>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public bool TryAdd(ReadOnlySpan<byte> spelling, int id)
    {
        int slot = Slot(spelling);
        if (slots[slot] != 0)
        {
            return false;
        }

        if ((uint)id >= (uint)places.Length || 2 * (Count + 1) > slots.Length || spelling.Length > spellings.Length - length)
        {
            Grow(id, spelling.Length);
            slot = Slot(spelling);
        }

        if (places[id].IsTaken)
        {
            throw new SmvlException(
                "two tokens have one id", where, actual: $"'{Encoding.UTF8.GetString(Spelling(id))}' and '{Encoding.UTF8.GetString(spelling)}' have {id}");
        }

        spelling.CopyTo(spellings.AsSpan(length));
        places[id] = new Place(length, spelling.Length);
        slots[slot] = id + 1;
        length += spelling.Length;
        Count++;
        Size = Math.Max(Size, id + 1);
        return true;
    }

    /// <inheritdoc cref="TryAdd(ReadOnlySpan{byte}, int)"/>
    public bool TryAdd(string spelling, int id) => TryAdd(Encoding.UTF8.GetBytes(spelling), id);

    /// <summary>The id of a spelling; false where there is no such token.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public bool TryFind(ReadOnlySpan<byte> spelling, out int id)
    {
        id = slots[Slot(spelling)] - 1;
        return id >= 0;
    }

    /// <inheritdoc cref="TryFind(ReadOnlySpan{byte}, out int)"/>
    public bool TryFind(string spelling, out int id) => TryFind(Encoding.UTF8.GetBytes(spelling), out id);

    /// <summary>The UTF-8 of a token's spelling; empty where the id has none.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ReadOnlySpan<byte> Spelling(int id) =>
        (uint)id < (uint)Size && places[id].IsTaken ? spellings.AsSpan(places[id].Start, places[id].Length) : default;

    private static int Capacity(int tokens) => (int)BitOperations.RoundUpToPowerOf2((uint)Math.Max(16, tokens * 2));

    /// <summary>Where the token is, or the free place where it would be.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private int Slot(ReadOnlySpan<byte> spelling)
    {
        int slot = (int)Hash(spelling) & (slots.Length - 1);
        while (slots[slot] != 0 && !Spelling(slots[slot] - 1).SequenceEqual(spelling))
        {
            slot = (slot + 1) & (slots.Length - 1);
        }

        return slot;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Hash(ReadOnlySpan<byte> spelling)
    {
        ulong hash = (ulong)spelling.Length;
        for (; spelling.Length >= sizeof(ulong); spelling = spelling[sizeof(ulong)..])
        {
            hash = SplitMix64.Mix(hash ^ BinaryPrimitives.ReadUInt64LittleEndian(spelling));
        }

        ulong rest = 0;
        foreach (byte value in spelling)
        {
            rest = (rest << 8) | value;
        }

        return SplitMix64.Mix(hash ^ rest);
    }

    /// <summary>Makes room for a token.</summary>
    private void Grow(int id, int spelling)
    {
        int most = (2 * Math.Max(tokens, Count + 1)) + 1024;
        if ((uint)id >= (uint)most)
        {
            throw new SmvlException("token ids are impossible", where, $"0 to about {Math.Max(tokens, Count)}", $"{id}", "fetch the file again");
        }

        if (id >= places.Length)
        {
            Array.Resize(ref places, most);
        }

        if (spelling > spellings.Length - length)
        {
            Array.Resize(ref spellings, 2 * (length + spelling));
        }

        if (2 * (Count + 1) > slots.Length)
        {
            slots = new int[2 * slots.Length];
            for (int known = 0; known < Size; known++)
            {
                if (places[known].IsTaken)
                {
                    slots[Slot(Spelling(known))] = known + 1;
                }
            }
        }

        Debug.Assert(id < places.Length && 2 * (Count + 1) <= slots.Length && length + spelling <= spellings.Length);
    }

    /// <summary>Where a spelling stands.</summary>
    private readonly struct Place(int start, int length)
    {
        private readonly int lengthAndOne = length + 1;   // 0 for an id without a token

        public int Start { get; } = start;

        public int Length => lengthAndOne - 1;

        public bool IsTaken => lengthAndOne != 0;
    }
}
