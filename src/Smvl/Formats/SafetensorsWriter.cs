using System.Buffers.Binary;
using System.Diagnostics;
using System.Text.Json;
using Smvl.Tensors;

namespace Smvl.Formats;

/// <summary>
/// A tensor on its way into a file; <paramref name="Write"/> appends exactly its bytes (little-endian, row-major) when its turn
/// comes, so that no more than one piece of one tensor need be in memory.
/// </summary>
public sealed record TensorSource(string Name, DType DType, Shape Shape, Action<Stream> Write)
{
    public long ByteLength => DType.Bytes(Shape.Count);

    /// <summary>A tensor in host memory or of a mapped file, as it is stored.</summary>
    public static TensorSource From(string name, Tensor tensor, CancellationToken cancellation = default) =>
        new(name, tensor.DType, tensor.Shape, stream => HostBytes.CopyTo(tensor, stream, cancellation));
}

/// <summary>
/// Writes .safetensors files as the safetensors library does: metadata <c>{"format": "pt"}</c>, the header padded with spaces to a
/// multiple of 8 bytes, wide element types first so that every tensor is aligned. The file appears whole or not at all.
/// Source: https://github.com/huggingface/safetensors, "Format".
/// </summary>
public static class SafetensorsWriter
{
    public static void Write(string path, IEnumerable<TensorSource> tensors)
    {
        // OrderBy keeps the given order among equals
        TensorSource[] ordered = [.. tensors.OrderByDescending(tensor => tensor.DType.Size())];
        byte[] header = Header(ordered);
        AtomicFile.Write(path, stream =>
        {
            Span<byte> length = stackalloc byte[8];
            BinaryPrimitives.WriteInt64LittleEndian(length, header.Length);
            stream.Write(length);
            stream.Write(header);
            foreach (TensorSource tensor in ordered)
            {
                long start = stream.Position;
                tensor.Write(stream);
                Debug.Assert(stream.Position - start == tensor.ByteLength, $"{tensor.Name} wrote {stream.Position - start} bytes, not {tensor.ByteLength}");
            }
        });
    }

    private static byte[] Header(TensorSource[] tensors)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteStartObject("__metadata__");
            json.WriteString("format", "pt");
            json.WriteEndObject();
            long at = 0;
            foreach (TensorSource tensor in tensors)
            {
                json.WriteStartObject(tensor.Name);
                json.WriteString("dtype", tensor.DType == DType.Bool ? "BOOL" : tensor.DType.ToString());
                json.WriteStartArray("shape");
                foreach (long dim in tensor.Shape.Dims)
                {
                    json.WriteNumberValue(dim);
                }

                json.WriteEndArray();
                json.WriteStartArray("data_offsets");
                json.WriteNumberValue(at);
                json.WriteNumberValue(at += tensor.ByteLength);
                json.WriteEndArray();
                json.WriteEndObject();
            }

            json.WriteEndObject();
        }

        while (buffer.Length % 8 != 0)
        {
            buffer.WriteByte((byte)' ');
        }

        return buffer.ToArray();
    }
}
