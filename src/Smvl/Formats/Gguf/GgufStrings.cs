using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace Smvl.Formats.Gguf;

/// <summary>
/// An array of strings as it stands in the mapped file, one UTF-8 slice after the other: a vocabulary of 150,000 tokens without a
/// string for each. Checked when the file was opened; valid until it is disposed.
/// </summary>
public readonly unsafe struct GgufStrings
{
    private readonly byte* start;
    private readonly long length;

    internal GgufStrings(byte* start, long length, int count)
    {
        this.start = start;
        this.length = length;
        Count = count;
    }

    public int Count { get; }

    /// <summary>Bytes of all strings together.</summary>
    public long Utf8Length => length - ((long)sizeof(ulong) * Count);

    public Enumerator GetEnumerator() => new(start, Count);

    /// <summary>Goes through the strings once.</summary>
    public ref struct Enumerator
    {
        private byte* next;
        private int left;

        internal Enumerator(byte* start, int count)
        {
            next = start;
            left = count;
        }

        /// <summary>UTF-8, without a terminator.</summary>
        public ReadOnlySpan<byte> Current { get; private set; }

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public bool MoveNext()
        {
            if (left == 0)
            {
                return false;
            }

            left--;
            int bytes = (int)BinaryPrimitives.ReadUInt64LittleEndian(new ReadOnlySpan<byte>(next, sizeof(ulong)));
            Current = new ReadOnlySpan<byte>(next + sizeof(ulong), bytes);
            next += sizeof(ulong) + bytes;
            return true;
        }
    }
}
