using System.Text.Json;

namespace Smvl.Formats;

/// <summary>
/// Writes a folder's weights as transformers does: <c>model.safetensors</c>, or, above a size,
/// <c>model-0000x-of-0000y.safetensors</c> with <c>model.safetensors.index.json</c>. The index comes last.
/// </summary>
public static class CheckpointWriter
{
    /// <summary>Bytes of tensors in one file, if nothing else is asked for.</summary>
    public const long DefaultShardBytes = 5_000_000_000;

    /// <param name="folder">an existing folder without weights</param>
    /// <param name="tensors">in checkpoint order; each begins a new shard if it does not fit into the last</param>
    /// <param name="shardBytes">most bytes of tensors in a file; a larger tensor has a file to itself</param>
    /// <param name="progress">gets the share of bytes written, 0 to 1, after each tensor</param>
    public static void Write(
        string folder, IReadOnlyList<TensorSource> tensors, long shardBytes = DefaultShardBytes, Action<double>? progress = null)
    {
        if (progress is not null)
        {
            tensors = Reporting(tensors, progress);
        }

        List<List<TensorSource>> shards = Split(tensors, shardBytes);
        if (shards.Count == 1)
        {
            SafetensorsWriter.Write(Path.Combine(folder, CheckpointFolder.SingleFile), shards[0]);
            return;
        }

        var shardOf = new SortedDictionary<string, string>(StringComparer.Ordinal);
        for (int i = 0; i < shards.Count; i++)
        {
            string name = $"model-{i + 1:00000}-of-{shards.Count:00000}.safetensors";
            SafetensorsWriter.Write(Path.Combine(folder, name), shards[i]);
            foreach (TensorSource tensor in shards[i])
            {
                shardOf.Add(tensor.Name, name);
            }
        }

        AtomicFile.Write(Path.Combine(folder, CheckpointFolder.IndexFile), stream => WriteIndex(stream, tensors, shardOf));
    }

    private static TensorSource[] Reporting(IReadOnlyList<TensorSource> tensors, Action<double> progress)
    {
        long total = tensors.Sum(tensor => tensor.ByteLength);
        long written = 0;
        return [.. tensors.Select(tensor => tensor with
        {
            Write = stream =>
            {
                tensor.Write(stream);
                written += tensor.ByteLength;
                progress(written / (double)total);
            },
        })];
    }

    private static List<List<TensorSource>> Split(IReadOnlyList<TensorSource> tensors, long shardBytes)
    {
        List<List<TensorSource>> shards = [[]];
        long used = 0;
        foreach (TensorSource tensor in tensors)
        {
            if (used > 0 && used + tensor.ByteLength > shardBytes)
            {
                shards.Add([]);
                used = 0;
            }

            shards[^1].Add(tensor);
            used += tensor.ByteLength;
        }

        return shards;
    }

    private static void WriteIndex(Stream stream, IReadOnlyList<TensorSource> tensors, SortedDictionary<string, string> shardOf)
    {
        using var json = new Utf8JsonWriter(stream, HuggingFaceJson.WriterOptions);
        json.WriteStartObject();
        json.WriteStartObject("metadata");
        json.WriteNumber("total_parameters", tensors.Sum(tensor => tensor.Shape.Count));
        json.WriteNumber("total_size", tensors.Sum(tensor => tensor.ByteLength));
        json.WriteEndObject();
        json.WriteStartObject("weight_map");
        foreach ((string name, string shard) in shardOf)
        {
            json.WriteString(name, shard);
        }

        json.WriteEndObject();
        json.WriteEndObject();
    }
}
