using System.Diagnostics;
using System.Text;

namespace Smvl.Formats.Gguf;

/// <summary>
/// Writes a GGUF file, version 3: keys and values in the order in which they are added, then the tensors, streamed, each aligned to
/// <see cref="GgufFile.DefaultAlignment"/> bytes. The file appears whole or not at all.
/// Source: https://github.com/ggml-org/ggml, docs/gguf.md.
/// </summary>
public sealed class GgufWriter
{
    private readonly MemoryStream content = new();
    private readonly BinaryWriter values;
    private readonly HashSet<string> keys = [];

    public GgufWriter() => values = new BinaryWriter(content);   // little-endian on every machine

    /// <summary>An unsigned integer (u32).</summary>
    public void Add(string key, int value)
    {
        Begin(key, GgufValueType.U32);
        values.Write(checked((uint)value));
    }

    public void Add(string key, float value)
    {
        Begin(key, GgufValueType.F32);
        values.Write(value);
    }

    public void Add(string key, bool value)
    {
        Begin(key, GgufValueType.Bool);
        values.Write(value);
    }

    public void Add(string key, string value)
    {
        Begin(key, GgufValueType.String);
        WriteText(values, value);
    }

    public void Add(string key, IReadOnlyCollection<float> elements)
    {
        BeginArray(key, GgufValueType.F32, elements.Count);
        foreach (float element in elements)
        {
            values.Write(element);
        }
    }

    /// <summary>Signed integers (i32).</summary>
    public void Add(string key, IReadOnlyCollection<int> elements)
    {
        BeginArray(key, GgufValueType.I32, elements.Count);
        foreach (int element in elements)
        {
            values.Write(element);
        }
    }

    public void Add(string key, IReadOnlyCollection<string> elements)
    {
        BeginArray(key, GgufValueType.String, elements.Count);
        foreach (string element in elements)
        {
            WriteText(values, element);
        }
    }

    /// <param name="path">created or replaced</param>
    /// <param name="tensors">in file order, under their names in GGUF, shapes row-major</param>
    /// <param name="progress">gets the bytes of each tensor when it is written</param>
    public void Write(string path, IReadOnlyList<TensorSource> tensors, Action<long>? progress = null)
    {
        byte[] header = Header(tensors);
        byte[] zeros = new byte[GgufFile.DefaultAlignment];
        AtomicFile.Write(path, stream =>
        {
            stream.Write(header);
            foreach (TensorSource tensor in tensors)
            {
                long start = stream.Position;
                tensor.Write(stream);
                Debug.Assert(stream.Position - start == tensor.ByteLength, $"{tensor.Name} wrote {stream.Position - start} bytes, not {tensor.ByteLength}");
                stream.Write(zeros.AsSpan(0, Padding(stream.Position)));
                progress?.Invoke(tensor.ByteLength);
            }
        });
    }

    private static int Padding(long position) => (int)(GgufFile.Aligned(position, GgufFile.DefaultAlignment) - position);

    private static void WriteText(BinaryWriter writer, string text)
    {
        byte[] utf8 = Encoding.UTF8.GetBytes(text);
        writer.Write((ulong)utf8.Length);
        writer.Write(utf8);
    }

    /// <summary>Everything before the data, padded.</summary>
    private byte[] Header(IReadOnlyList<TensorSource> tensors)
    {
        using var buffer = new MemoryStream();
        using var writer = new BinaryWriter(buffer);
        writer.Write(GgufFile.Magic);
        writer.Write(GgufFile.Version);
        writer.Write((ulong)tensors.Count);
        writer.Write((ulong)keys.Count);
        content.WriteTo(buffer);
        long offset = 0;
        foreach (TensorSource tensor in tensors)
        {
            Debug.Assert(Encoding.UTF8.GetByteCount(tensor.Name) <= GgufFile.LongestName && tensor.Shape.Rank <= GgufFile.MostDimensions, tensor.Name);
            WriteText(writer, tensor.Name);
            writer.Write((uint)tensor.Shape.Rank);
            for (int axis = tensor.Shape.Rank - 1; axis >= 0; axis--)
            {
                writer.Write((ulong)tensor.Shape.Dims[axis]);
            }

            writer.Write(GgmlType.NumberOf(tensor.DType));
            writer.Write((ulong)offset);
            offset = GgufFile.Aligned(offset + tensor.ByteLength, GgufFile.DefaultAlignment);
        }

        writer.Write(new byte[Padding(buffer.Position)]);
        return buffer.ToArray();
    }

    private void Begin(string key, GgufValueType type)
    {
        bool isNew = keys.Add(key);
        Debug.Assert(isNew, $"{key} is added twice");
        WriteText(values, key);
        values.Write((uint)type);
    }

    private void BeginArray(string key, GgufValueType type, int count)
    {
        Begin(key, GgufValueType.Array);
        values.Write((uint)type);
        values.Write((ulong)count);
    }
}
