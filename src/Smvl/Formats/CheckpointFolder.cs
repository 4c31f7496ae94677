using Smvl.Models;
using Smvl.Tensors;

namespace Smvl.Formats;

/// <summary>
/// The tensors of a Hugging Face checkpoint folder, mapped: <c>model.safetensors</c>, or the shards that
/// <c>model.safetensors.index.json</c> names. The index must agree with the shards: every shard there, every tensor in the shard
/// that the index names and in no other.
/// </summary>
public sealed class CheckpointFolder : IDisposable
{
    internal const string SingleFile = "model.safetensors";
    internal const string IndexFile = "model.safetensors.index.json";

    private readonly List<SafetensorsFile> files;
    private readonly Dictionary<string, Tensor> tensors = [];
    private readonly Dictionary<string, string> fileOf = [];

    private CheckpointFolder(string folder, List<SafetensorsFile> files)
    {
        Folder = folder;
        this.files = files;
    }

    public string Folder { get; }

    /// <summary>Hugging Face name to a view of the mapped file; valid until this is disposed.</summary>
    public IReadOnlyDictionary<string, Tensor> Tensors => tensors;

    /// <summary>The weight files.</summary>
    public IReadOnlyList<string> Files => [.. files.Select(file => file.Path)];

    /// <exception cref="SmvlException">no weights, a damaged file, or an index that does not agree with its shards</exception>
    public static CheckpointFolder Open(string folder)
    {
        if (!Directory.Exists(folder))
        {
            throw new SmvlException("no such folder", folder, expected: "a Hugging Face checkpoint folder");
        }

        string single = Path.Combine(folder, SingleFile);
        string index = Path.Combine(folder, IndexFile);
        var files = new List<SafetensorsFile>();
        try
        {
            var checkpoint = new CheckpointFolder(folder, files);
            if (File.Exists(single))
            {
                checkpoint.Add(SafetensorsFile.Open(single));
            }
            else if (File.Exists(index))
            {
                checkpoint.AddShards(index);
            }
            else
            {
                bool pickled = Directory.EnumerateFiles(folder, "pytorch_model*.bin").Any();
                bool isAdapter = AdapterFolder.Is(folder);
                throw new SmvlException(
                    "no weights in this folder",
                    folder,
                    $"{SingleFile} or {IndexFile}",
                    pickled ? "pytorch_model*.bin" : isAdapter ? AdapterFolder.WeightsName : null,
                    pickled ? "save the model as safetensors" : isAdapter ? "smvl merge BASE ADAPTER --output DIR makes a model of an adapter" : "fetch the whole checkpoint");
            }

            return checkpoint;
        }
        catch
        {
            Release(files);
            throw;
        }
    }

    /// <summary>The file that a tensor lies in, for messages.</summary>
    public string FileOf(string name) => fileOf[name];

    public void Dispose() => Release(files);

    private static void Release(List<SafetensorsFile> files)
    {
        foreach (SafetensorsFile file in files)
        {
            file.Dispose();
        }

        files.Clear();
    }

    private void AddShards(string index)
    {
        JsonSection root = JsonSection.Load(index);
        JsonSection map = root.Section("weight_map") ?? throw root.Missing("weight_map");
        var shardOf = new Dictionary<string, string>();
        foreach (string name in map.Properties().Select(item => item.Name))
        {
            if (!shardOf.TryAdd(name, map.Text(name) ?? throw map.Missing(name)))
            {
                throw new SmvlException($"tensor {name} is listed twice", index);
            }
        }

        foreach (string shard in shardOf.Values.Distinct().Order(StringComparer.Ordinal))
        {
            if (shard != Path.GetFileName(shard))
            {
                throw new SmvlException("a shard outside the folder", index, "a file name", shard);
            }

            string path = Path.Combine(Folder, shard);
            if (!File.Exists(path))
            {
                throw new SmvlException("a shard is missing", index, path, hint: "fetch the whole checkpoint");
            }

            Add(SafetensorsFile.Open(path));
        }

        foreach ((string name, string shard) in shardOf)
        {
            if (!fileOf.TryGetValue(name, out string? found) || Path.GetFileName(found) != shard)
            {
                throw new SmvlException(
                    $"tensor {name} is not where the index says", index, shard, found is null ? "in no shard" : Path.GetFileName(found));
            }
        }

        string[] unlisted = [.. tensors.Keys.Where(name => !shardOf.ContainsKey(name))];
        if (unlisted.Length > 0)
        {
            throw new SmvlException("the index does not list every tensor", index, actual: "not listed: " + NameList.Of(unlisted));
        }
    }

    private void Add(SafetensorsFile file)
    {
        files.Add(file);
        foreach ((string name, Tensor tensor) in file.Tensors)
        {
            if (!tensors.TryAdd(name, tensor))
            {
                throw new SmvlException($"tensor {name} is stored twice", file.Path, actual: $"also in {fileOf[name]}");
            }

            fileOf.Add(name, file.Path);
        }
    }
}
