using System.Buffers.Binary;
using System.Text;
using System.Text.Json;
using Smvl.Tensors;

namespace Smvl.Formats;

/// <summary>
/// One .safetensors file, mapped: 8 bytes of header length, a JSON header, then the tensors.
/// Everything is checked on opening (header length, JSON, dtype, offsets inside the file, contiguous and not overlapping,
/// shape times element size equal to bytes), so that a damaged file is refused before anything is read from it.
/// Source: https://github.com/huggingface/safetensors, "Format".
/// </summary>
public sealed class SafetensorsFile : IDisposable
{
    /// <summary>The format's own limit on the header.</summary>
    private const long MaxHeader = 100_000_000;

    /// <summary>Refuses bytes that are no UTF-8 instead of replacing them.</summary>
    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly MappedStorage storage;
    private readonly Dictionary<string, Tensor> tensors;

    private SafetensorsFile(string path, MappedStorage storage, Dictionary<string, Tensor> tensors, Dictionary<string, string> metadata)
    {
        Path = path;
        this.storage = storage;
        this.tensors = tensors;
        Metadata = metadata;
    }

    public string Path { get; }

    /// <summary>The header's <c>__metadata__</c>; empty when there is none.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>Names in the header's order, with views of the mapped file; valid until this is disposed.</summary>
    public IReadOnlyDictionary<string, Tensor> Tensors => tensors;

    public static SafetensorsFile Open(string path)
    {
        if (!File.Exists(path))
        {
            throw new SmvlException("no such file", path, expected: "a safetensors file");
        }

        long length = FileLength.Of(path);
        if (length < 8)
        {
            throw new SmvlException("too short for a safetensors header", path, "at least 8 bytes", $"{length} bytes", "fetch the file again");
        }

        MappedStorage storage = MappedStorage.Open(path);
        try
        {
            var metadata = new Dictionary<string, string>();
            Dictionary<string, Tensor> tensors = ReadHeader(path, storage, metadata);
            return new SafetensorsFile(path, storage, tensors, metadata);
        }
        catch
        {
            storage.Release();
            throw;
        }
    }

    public void Dispose() => storage.Release();

    private static unsafe Dictionary<string, Tensor> ReadHeader(string path, MappedStorage storage, Dictionary<string, string> metadata)
    {
        long fileLength = storage.ByteLength;
        ulong declared = BinaryPrimitives.ReadUInt64LittleEndian(new ReadOnlySpan<byte>(storage.Pointer, 8));
        if (declared > (ulong)Math.Min(MaxHeader, fileLength - 8))
        {
            throw new SmvlException(
                "header length is impossible", path, $"at most {Math.Min(MaxHeader, fileLength - 8)}", $"{declared}", "not a safetensors file, or cut short");
        }

        int headerLength = (int)declared;
        long dataStart = 8 + headerLength;
        JsonDocument document;
        try
        {
            document = JsonDocument.Parse(StrictUtf8.GetString(storage.Pointer + 8, headerLength));
        }
        catch (Exception e) when (e is JsonException or DecoderFallbackException)
        {
            throw new SmvlException("header is not JSON", path, actual: e.Message, hint: "fetch the file again", inner: e);
        }

        using (document)
        {
            if (document.RootElement.ValueKind != JsonValueKind.Object)
            {
                throw new SmvlException("header is not a JSON object", path, "an object", $"{document.RootElement.ValueKind}");
            }

            var tensors = new Dictionary<string, Tensor>();
            var ranges = new List<(long Begin, long End, string Name)>();
            foreach (JsonProperty entry in document.RootElement.EnumerateObject())
            {
                if (entry.Name == "__metadata__")
                {
                    ReadMetadata(path, entry.Value, metadata);
                    continue;
                }

                (DType dtype, Shape shape, long begin, long end) = ReadEntry(path, entry);
                if (begin < 0 || end < begin || end > fileLength - dataStart)
                {
                    throw new SmvlException(
                        $"tensor {entry.Name} lies outside the file", path, $"offsets within 0 to {fileLength - dataStart}", $"{begin} to {end}", "the file is cut short; fetch it again");
                }

                if (shape.Count * dtype.Size() != end - begin)
                {
                    throw new SmvlException(
                        $"tensor {entry.Name} has a wrong size", path, $"{shape.Count * dtype.Size()} bytes for {dtype}{shape}", $"{end - begin} bytes");
                }

                if (!tensors.TryAdd(entry.Name, new Tensor(storage, dataStart + begin, dtype, shape, owner: false)))
                {
                    throw new SmvlException($"tensor {entry.Name} is named twice", path);
                }

                ranges.Add((begin, end, entry.Name));
            }

            CheckCoverage(path, ranges, fileLength - dataStart);
            return tensors;
        }
    }

    /// <summary>The tensors must tile the data section: no overlap, no hole, nothing behind the last.</summary>
    private static void CheckCoverage(string path, List<(long Begin, long End, string Name)> ranges, long dataLength)
    {
        ranges.Sort();
        long at = 0;
        foreach ((long begin, long end, string name) in ranges)
        {
            if (begin != at)
            {
                throw new SmvlException(
                    $"tensor {name} {(begin < at ? "overlaps the one before" : "leaves a hole before it")}", path, $"offset {at}", $"{begin}");
            }

            at = end;
        }

        if (at != dataLength)
        {
            throw new SmvlException("bytes behind the last tensor", path, $"{at} bytes of data", $"{dataLength}");
        }
    }

    private static void ReadMetadata(string path, JsonElement value, Dictionary<string, string> metadata)
    {
        if (value.ValueKind != JsonValueKind.Object)
        {
            throw new SmvlException("__metadata__ is not an object", path, "an object of strings", $"{value.ValueKind}");
        }

        foreach (JsonProperty item in value.EnumerateObject())
        {
            if (item.Value.ValueKind != JsonValueKind.String)
            {
                throw new SmvlException($"__metadata__.{item.Name} is not a string", path, "a string", $"{item.Value.ValueKind}");
            }

            metadata[item.Name] = item.Value.GetString()!;
        }
    }

    private static (DType DType, Shape Shape, long Begin, long End) ReadEntry(string path, JsonProperty entry)
    {
        try
        {
            string dtypeName = entry.Value.GetProperty("dtype").GetString() ?? "null";
            DType dtype = dtypeName switch
            {
                "F32" => DType.F32,
                "F16" => DType.F16,
                "BF16" => DType.BF16,
                "I64" => DType.I64,
                "I32" => DType.I32,
                "U8" => DType.U8,
                "BOOL" => DType.Bool,
                _ => throw new SmvlException(
                    $"tensor {entry.Name} has an unsupported dtype", path, "F32, F16, BF16, I64, I32, U8 or BOOL", dtypeName),
            };
            long[] dims = [.. entry.Value.GetProperty("shape").EnumerateArray().Select(d => d.GetInt64())];
            if (dims.Any(d => d < 0))
            {
                throw new SmvlException($"tensor {entry.Name} has a negative extent", path, actual: new Shape(dims).ToString());
            }

            Shape shape = new(dims);
            _ = checked(shape.Count * dtype.Size());
            JsonElement offsets = entry.Value.GetProperty("data_offsets");
            if (offsets.GetArrayLength() != 2)
            {
                throw new SmvlException($"tensor {entry.Name} has bad data_offsets", path, "2 numbers", $"{offsets.GetArrayLength()}");
            }

            return (dtype, shape, offsets[0].GetInt64(), offsets[1].GetInt64());
        }
        catch (Exception e) when (e is KeyNotFoundException or InvalidOperationException or FormatException or OverflowException)
        {
            throw new SmvlException(
                $"header entry of tensor {entry.Name} is malformed", path, "dtype, shape and data_offsets", entry.Value.GetRawText(), inner: e);
        }
    }
}
