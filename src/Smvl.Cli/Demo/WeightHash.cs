using System.IO.Hashing;
using Smvl.Formats;
using Smvl.Models;
using Smvl.Tensors;

namespace Smvl.Cli.Demo;

/// <summary>What some tensors of a folder hold, as one number: equal where every byte and element type is.</summary>
/// <param name="Hash">XxHash128 over types and bytes in the name table's order</param>
/// <param name="Tensors">how many</param>
/// <param name="Bytes">of all of them</param>
internal readonly record struct WeightHash(UInt128 Hash, int Tensors, long Bytes)
{
    private const int Piece = 1 << 24;

    /// <summary>A short name of it.</summary>
    public string Short => Hash.ToString("x32", null)[..12];

    /// <param name="folder">a checkpoint folder</param>
    /// <param name="table">its names</param>
    /// <param name="part">which of them count</param>
    public static WeightHash Of(string folder, NameTable table, Func<ModelPart, bool> part)
    {
        using CheckpointFolder weights = CheckpointFolder.Open(folder);
        XxHash128 hash = new();
        int tensors = 0;
        long bytes = 0;
        foreach (TensorName name in table.Where(name => part(NameTable.PartOf(name))))
        {
            Tensor tensor = weights.Tensors[name.HuggingFace];
            hash.Append([(byte)tensor.DType]);
            for (long at = 0; at < tensor.ByteLength; at += Piece)
            {
                hash.Append(HostBytes.Slice(tensor, at, (int)Math.Min(Piece, tensor.ByteLength - at)));
            }

            tensors++;
            bytes += tensor.ByteLength;
        }

        return new WeightHash(hash.GetCurrentHashAsUInt128(), tensors, bytes);
    }

    /// <summary>The text model and its head in a spliced or trained folder.</summary>
    public static WeightHash OfText(string folder, ModelConfig config) =>
        Of(folder, NameTable.For(config), part => part is ModelPart.Text or ModelPart.Head);
}
