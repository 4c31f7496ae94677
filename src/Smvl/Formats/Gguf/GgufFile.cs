using System.Numerics;
using Smvl.Tensors;

namespace Smvl.Formats.Gguf;

/// <summary>
/// One .gguf file, mapped: a header, keys and values, the tensors' names, shapes and places, then their data, each aligned. All of it
/// is checked on opening, so that a damaged or hostile file is refused before anything is read from it: counts and lengths against
/// the bytes that are there, names and keys for repetition, rows for whole blocks, and places, which follow each other without overlap
/// or hole.
/// Source: https://github.com/ggml-org/ggml, docs/gguf.md; llama.cpp ggml/src/gguf.cpp.
/// </summary>
public sealed class GgufFile : IDisposable
{
    /// <summary>How the files' names end.</summary>
    internal const string Extension = ".gguf";

    internal const uint Magic = 0x46554747;   // "GGUF"
    internal const uint Version = 3;
    internal const int DefaultAlignment = 32;

    /// <summary>ggml's own limits.</summary>
    internal const int LongestName = 63, MostDimensions = 4;

    private const string CutShort = "the file is cut short; fetch it again";

    private const int HeaderBytes = 24, LeastKeyBytes = 13, LeastTensorBytes = 24;

    private readonly MappedStorage storage;
    private readonly Dictionary<string, Tensor> tensors;

    private GgufFile(string path, MappedStorage storage, GgufMetadata metadata, Dictionary<string, Tensor> tensors)
    {
        Path = path;
        this.storage = storage;
        Metadata = metadata;
        this.tensors = tensors;
    }

    public string Path { get; }

    public GgufMetadata Metadata { get; }

    /// <summary>
    /// Names in the file's order, with views of the mapped file whose shapes have the fastest-varying extent last; valid until this is
    /// disposed.
    /// </summary>
    public IReadOnlyDictionary<string, Tensor> Tensors => tensors;

    /// <exception cref="SmvlException">no such file, not GGUF version 3, damaged, or with element types that are not read here</exception>
    public static GgufFile Open(string path)
    {
        if (!File.Exists(path))
        {
            throw new SmvlException("no such file", path, expected: "a GGUF file");
        }

        long length = FileLength.Of(path);
        if (length < HeaderBytes)
        {
            throw new SmvlException("too short for a GGUF header", path, $"at least {HeaderBytes} bytes", $"{length} bytes", "fetch the file again");
        }

        MappedStorage storage = MappedStorage.Open(path);
        try
        {
            var cursor = new GgufCursor(path, storage);
            CheckHeader(path, cursor);
            long tensorCount = cursor.Count("the number of tensors", LeastTensorBytes);
            long keyCount = cursor.Count("the number of keys", LeastKeyBytes);
            GgufMetadata metadata = GgufMetadata.Read(path, storage, cursor, keyCount);
            return new GgufFile(path, storage, metadata, ReadTensors(path, storage, cursor, tensorCount, Alignment(metadata)));
        }
        catch
        {
            storage.Release();
            throw;
        }
    }

    public void Dispose() => storage.Release();

    private static void CheckHeader(string path, GgufCursor cursor)
    {
        uint magic = cursor.U32("the header");
        if (magic != Magic)
        {
            throw new SmvlException("not a GGUF file", path, $"0x{Magic:X8} at byte 0", $"0x{magic:X8}");
        }

        uint version = cursor.U32("the header");
        if (version != Version)
        {
            throw new SmvlException("a GGUF version that is not read", path, $"{Version}", $"{version}", "convert it with a current llama.cpp");
        }
    }

    private static long Alignment(GgufMetadata metadata)
    {
        int alignment = metadata.Int(GgufKeys.Alignment, DefaultAlignment);
        return BitOperations.IsPow2(alignment) && alignment >= 8
            ? alignment
            : throw metadata.Wrong(GgufKeys.Alignment, "a power of two from 8", $"{alignment}");
    }

    private static Dictionary<string, Tensor> ReadTensors(string path, MappedStorage storage, GgufCursor cursor, long count, long alignment)
    {
        var places = new List<(string Name, DType DType, Shape Shape, long Offset)>();
        long end = 0;   // of the last tensor, from where the data begins
        long next = 0;  // the place of the next
        for (long i = 0; i < count; i++)
        {
            long at = cursor.Position;
            string name = cursor.Text("a tensor's name", LongestName);
            (DType dtype, Shape shape) = ReadExtents(path, storage, cursor, name);
            ulong offset = cursor.U64($"tensor {name}");
            if (offset != (ulong)next)
            {
                throw new SmvlException($"tensor {name}, described at byte {at}, lies at a wrong place", path, $"offset {next}", $"{offset}", "the file is damaged");
            }

            places.Add((name, dtype, shape, next));
            end = next + dtype.Bytes(shape.Count);
            next = Aligned(end, alignment);
            if (end > storage.ByteLength)
            {
                throw new SmvlException($"tensor {name} ends outside the file", path, $"at most {storage.ByteLength} bytes", $"{end}", CutShort);
            }
        }

        long start = Aligned(cursor.Position, alignment);
        if (count > 0)
        {
            CheckLength(path, storage.ByteLength, start + end, Aligned(start + end, alignment));
        }

        var tensors = new Dictionary<string, Tensor>();
        foreach ((string name, DType dtype, Shape shape, long offset) in places)
        {
            if (!tensors.TryAdd(name, new Tensor(storage, start + offset, dtype, shape, owner: false)))
            {
                throw new SmvlException($"tensor {name} is there twice", path);
            }
        }

        return tensors;
    }

    /// <summary>The last tensor may or may not be padded; nothing else stands behind it.</summary>
    private static void CheckLength(string path, long length, long least, long most)
    {
        if (length < least || length > most)
        {
            throw new SmvlException(
                length < least ? "the tensors end outside the file" : "bytes behind the last tensor", path, $"{least} bytes", $"{length}",
                length < least ? CutShort : null);
        }
    }

    /// <summary>Extents in row-major order, no more elements together than the file could hold, and the type they are stored in.</summary>
    private static (DType DType, Shape Shape) ReadExtents(string path, MappedStorage storage, GgufCursor cursor, string name)
    {
        uint rank = cursor.U32($"tensor {name}");
        if (rank > MostDimensions)
        {
            throw new SmvlException($"tensor {name} has too many dimensions", path, $"at most {MostDimensions}", $"{rank}");
        }

        long most = 2 * storage.ByteLength;   // no type has less than half a byte for a value
        var extents = new long[rank];
        long elements = 1;
        for (int i = 0; i < rank; i++)
        {
            ulong extent = cursor.U64($"tensor {name}");
            if (extent is 0 or > int.MaxValue || (long)extent > most / elements)
            {
                throw new SmvlException(
                    $"extent {i} of tensor {name} is impossible", path, $"1 to {Math.Min(int.MaxValue, most / elements)}", $"{extent}", "the file is cut short or damaged");
            }

            elements *= (long)extent;
            extents[rank - 1 - i] = (long)extent;
        }

        uint type = cursor.U32($"tensor {name}");
        DType dtype = GgmlType.FromNumber(type)
            ?? throw new SmvlException($"tensor {name} has an element type that is not read", path, GgmlType.Known, $"{type}");
        long row = rank == 0 ? 1 : extents[^1];
        return row % dtype.BlockSize() == 0
            ? (dtype, new Shape(extents))
            : throw new SmvlException($"rows of tensor {name} are not whole blocks", path, $"a multiple of {dtype.BlockSize()} for {dtype}", $"{row}");
    }

    internal static long Aligned(long position, long alignment) => (position + alignment - 1) / alignment * alignment;
}
