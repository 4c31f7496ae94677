using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Text;
using Smvl.Tensors;

namespace Smvl.Formats.Gguf;

/// <summary>
/// A GGUF file's keys and values. A value is asked for with its type, and one of another type is refused, as llama.cpp does; every
/// error names the file and the key. Values are read from the mapped file when asked for: valid until it is disposed.
/// </summary>
public sealed unsafe class GgufMetadata
{
    /// <summary>The format's own limit on the length of a key.</summary>
    private const int LongestKey = 65535;

    private readonly MappedStorage storage;
    private readonly Dictionary<string, Value> values = [];

    private GgufMetadata(string file, MappedStorage storage)
    {
        File = file;
        this.storage = storage;
    }

    /// <summary>The file this was read from.</summary>
    public string File { get; }

    /// <summary>In the file's order.</summary>
    public IReadOnlyCollection<string> Keys => values.Keys;

    public bool Has(string key) => values.ContainsKey(key);

    /// <summary>An unsigned integer (GGUF's u32), as all counts, widths and ids are.</summary>
    /// <exception cref="SmvlException">missing, of another type, or above 2³¹ − 1</exception>
    public int Int(string key) => OptionalInt(key) ?? throw Missing(key);

    /// <inheritdoc cref="Int(string)"/>
    public int Int(string key, int otherwise) => OptionalInt(key) ?? otherwise;

    /// <summary>Null when left out.</summary>
    /// <inheritdoc cref="Int(string)"/>
    public int? OptionalInt(string key)
    {
        if (!Has(key))
        {
            return null;
        }

        uint value = BinaryPrimitives.ReadUInt32LittleEndian(Scalar(key, GgufValueType.U32));
        return value <= int.MaxValue ? (int)value : throw Wrong(key, $"at most {int.MaxValue}", $"{value}");
    }

    /// <summary>An integer of at least 1.</summary>
    public int Positive(string key)
    {
        int value = Int(key);
        return value > 0 ? value : throw Wrong(key, "a positive integer", $"{value}");
    }

    /// <summary>A finite number (f32).</summary>
    public float Float(string key)
    {
        float value = BinaryPrimitives.ReadSingleLittleEndian(Scalar(key, GgufValueType.F32));
        return float.IsFinite(value) ? value : throw Wrong(key, "a finite number", $"{value}");
    }

    public bool Bool(string key) => Scalar(key, GgufValueType.Bool)[0] switch
    {
        0 => false,
        1 => true,
        byte other => throw Wrong(key, "0 or 1", $"{other}"),
    };

    public bool Bool(string key, bool otherwise) => Has(key) ? Bool(key) : otherwise;

    public string Text(string key) => OptionalText(key) ?? throw Missing(key);

    /// <summary>Null when left out.</summary>
    public string? OptionalText(string key)
    {
        if (!Has(key))
        {
            return null;
        }

        Value value = Find(key, GgufValueType.String);
        return Encoding.UTF8.GetString(new ReadOnlySpan<byte>(storage.Pointer + value.Start + sizeof(ulong), (int)(value.Length - sizeof(ulong))));
    }

    /// <summary>An array of finite numbers (f32).</summary>
    public IReadOnlyList<float> Floats(string key)
    {
        float[] numbers = Elements<float>(key, GgufValueType.F32);
        return Array.TrueForAll(numbers, float.IsFinite) ? numbers : throw Wrong(key, "finite numbers", string.Join(", ", numbers.Where(n => !float.IsFinite(n)).Take(1)));
    }

    /// <summary>An array of signed integers (i32).</summary>
    public IReadOnlyList<int> Ints(string key) => Elements<int>(key, GgufValueType.I32);

    /// <summary>An array of strings.</summary>
    public GgufStrings Strings(string key)
    {
        Value value = FindArray(key, GgufValueType.String);
        return new GgufStrings(storage.Pointer + value.Start, value.Length, (int)value.Count);
    }

    /// <summary>Refuses any other text.</summary>
    public void Require(string key, string expected)
    {
        if (Text(key) is var actual && actual != expected)
        {
            throw Wrong(key, expected, actual);
        }
    }

    /// <summary>The error for a key whose value is not the expected one.</summary>
    public SmvlException Wrong(string key, string expected, string actual, string? hint = null) =>
        new($"{key} is not supported", File, expected, Shortened(actual), hint);

    /// <summary>The error for a key that must be there.</summary>
    public SmvlException Missing(string key) => new($"{key} is missing", File);

    /// <summary>Takes so many keys with their values from the file.</summary>
    internal static GgufMetadata Read(string file, MappedStorage storage, GgufCursor cursor, long count)
    {
        var metadata = new GgufMetadata(file, storage);
        for (long i = 0; i < count; i++)
        {
            long at = cursor.Position;
            string key = cursor.Text("a key", LongestKey);
            Value value = ReadValue(file, cursor, key);
            if (key.Length == 0 || !metadata.values.TryAdd(key, value))
            {
                throw new SmvlException(key.Length == 0 ? "a key is empty" : $"{Shortened(key)} is there twice", file, actual: $"key {i} at byte {at}");
            }
        }

        return metadata;
    }

    private static Value ReadValue(string file, GgufCursor cursor, string key)
    {
        string what = Shortened(key);
        GgufValueType type = ReadType(file, cursor, what);
        if (type != GgufValueType.Array)
        {
            long start = cursor.Position;
            Pass(cursor, type, 1, what);
            return new Value(type, IsArray: false, Count: 1, start, cursor.Position - start);
        }

        GgufValueType element = ReadType(file, cursor, what);
        if (element == GgufValueType.Array)
        {
            throw new SmvlException($"{what} is an array of arrays", file, "an array of numbers or strings", $"at byte {cursor.Position}", "nothing here reads nested arrays");
        }

        long count = cursor.Count($"the number of elements of {what}", element.Size());
        if (count > Array.MaxLength)
        {
            throw new SmvlException($"{what} has too many elements", file, $"at most {Array.MaxLength}", $"{count}");
        }

        long first = cursor.Position;
        Pass(cursor, element, count, what);
        return new Value(element, IsArray: true, count, first, cursor.Position - first);
    }

    private static GgufValueType ReadType(string file, GgufCursor cursor, string what)
    {
        long at = cursor.Position;
        uint type = cursor.U32(what);
        return type <= (uint)GgufValueType.F64
            ? (GgufValueType)type
            : throw new SmvlException($"{what} has an unknown type at byte {at}", file, $"0 to {(uint)GgufValueType.F64}", $"{type}");
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Pass(GgufCursor cursor, GgufValueType type, long count, string what)
    {
        if (type != GgufValueType.String)
        {
            cursor.Skip(count * type.Size(), what);
            return;
        }

        for (long i = 0; i < count; i++)
        {
            _ = cursor.Utf8(what);
        }
    }

    private static string Shortened(string text) => text.Length <= 80 ? text : text[..80] + "…";

    private ReadOnlySpan<byte> Scalar(string key, GgufValueType type) =>
        new(storage.Pointer + Find(key, type).Start, type.Size());

    private T[] Elements<T>(string key, GgufValueType type)
        where T : unmanaged
    {
        Value value = FindArray(key, type);
        var elements = new T[value.Count];

        // the file's order of bytes is this machine's: little-endian
        new ReadOnlySpan<byte>(storage.Pointer + value.Start, checked((int)value.Length)).CopyTo(System.Runtime.InteropServices.MemoryMarshal.AsBytes(elements.AsSpan()));
        return elements;
    }

    private Value Find(string key, GgufValueType type) => Find(key, type, isArray: false);

    private Value FindArray(string key, GgufValueType type) => Find(key, type, isArray: true);

    private Value Find(string key, GgufValueType type, bool isArray)
    {
        Value value = values.TryGetValue(key, out Value found) ? found : throw Missing(key);
        return value.Type == type && value.IsArray == isArray
            ? value
            : throw new SmvlException($"{key} has a wrong type", File, Describe(type, isArray), Describe(value.Type, value.IsArray));
    }

    private static string Describe(GgufValueType type, bool isArray) => isArray ? $"an array of {type}" : $"{type}";

    /// <summary>Where a value stands.</summary>
    /// <param name="Type">its type, or its elements'</param>
    /// <param name="IsArray">whether it is an array of them</param>
    /// <param name="Count">elements</param>
    /// <param name="Start">byte in the file, behind type and count</param>
    /// <param name="Length">bytes</param>
    private readonly record struct Value(GgufValueType Type, bool IsArray, long Count, long Start, long Length);
}
