using System.Buffers;
using System.Buffers.Binary;
using System.Numerics;

namespace Smvl.Formats.Parquet;

/// <summary>
/// A row group's worth of one byte-array column below a list of structs, every node optional: the levels and values of one data page of
/// version 1. Definition levels: 0 no list, 1 an empty list, 2 an element that is null, 3 a field that is null, 4 a value.
/// </summary>
internal sealed class CauldronColumn(string list, string field, bool isText)
{
    private const int MaxDefinition = 4;

    private readonly ArrayBufferWriter<byte> values = new();
    private readonly List<byte> repetitions = [];
    private readonly List<byte> definitions = [];

    public string[] Path { get; } = [list, "list", "element", field];

    public string Field => Path[^1];

    public bool IsText { get; } = isText;

    /// <summary>Pictures are compressed already.</summary>
    public Codec Codec => IsText ? Codec.Snappy : Codec.Uncompressed;

    public int Entries => definitions.Count;

    /// <summary>A row without elements.</summary>
    public void AddEmpty(bool isNull) => AddLevels(0, isNull ? 0 : 1);

    /// <param name="isFirst">whether this is the first element of its row</param>
    public void AddNullElement(bool isFirst) => AddLevels(isFirst ? 0 : 1, 2);

    /// <param name="isFirst">whether this is the first element of its row</param>
    /// <param name="value">null for a field that is null</param>
    public void Add(bool isFirst, byte[]? value)
    {
        AddLevels(isFirst ? 0 : 1, value is null ? MaxDefinition - 1 : MaxDefinition);
        if (value is not null)
        {
            BinaryPrimitives.WriteInt32LittleEndian(values.GetSpan(4), value.Length);
            values.Advance(4);
            values.Write(value);
        }
    }

    /// <summary>The page's body, compressed, and its size before that; the column is then empty again.</summary>
    public (byte[] Body, int UncompressedSize) TakePage()
    {
        var page = new ArrayBufferWriter<byte>(values.WrittenCount + 64);
        WriteLevels(page, repetitions);
        WriteLevels(page, definitions);
        page.Write(values.WrittenSpan);
        values.ResetWrittenCount();
        repetitions.Clear();
        definitions.Clear();
        return (Codec == Codec.Snappy ? Snappy.Compress(page.WrittenSpan) : page.WrittenSpan.ToArray(), page.WrittenCount);
    }

    private void AddLevels(int repetition, int definition)
    {
        repetitions.Add((byte)repetition);
        definitions.Add((byte)definition);
    }

    // the hybrid's run lengths alone: a level repeats so often that packed bits would win nothing
    private static void WriteLevels(ArrayBufferWriter<byte> page, List<byte> levels)
    {
        var runs = new ArrayBufferWriter<byte>();
        for (int start = 0, end; start < levels.Count; start = end)
        {
            end = start + 1;
            while (end < levels.Count && levels[end] == levels[start])
            {
                end++;
            }

            uint head = (uint)(end - start) << 1;
            int headBytes = Math.Max(1, (BitOperations.Log2(head) / 7) + 1);
            Span<byte> run = runs.GetSpan(headBytes + 1);
            for (int i = 0; i < headBytes; i++, head >>= 7)
            {
                run[i] = (byte)((head & 127) | (i + 1 < headBytes ? 128u : 0));
            }

            run[headBytes] = levels[start];
            runs.Advance(headBytes + 1);
        }

        BinaryPrimitives.WriteInt32LittleEndian(page.GetSpan(4), runs.WrittenCount);
        page.Advance(4);
        page.Write(runs.WrittenSpan);
    }
}
