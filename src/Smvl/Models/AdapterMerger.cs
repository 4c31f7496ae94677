using Smvl.Formats;
using Smvl.Tensors;

namespace Smvl.Models;

/// <summary>
/// Adds an adapter's updates to the weights they stand beside: a folder like any other, which needs no adapter any more. Merged weights are
/// float32, the others as they were stored. The output appears whole or not at all.
/// </summary>
public static class AdapterMerger
{
    /// <param name="basePath">the model that the adapter was made for</param>
    /// <param name="adapter">a folder in PEFT's layout</param>
    /// <param name="output">a new or empty folder</param>
    /// <param name="backend">computes</param>
    /// <param name="notice">gets a line where the files leave something open</param>
    /// <param name="cancellation">stops between two pieces and leaves nothing behind</param>
    /// <returns>layers that were merged</returns>
    /// <exception cref="SmvlException">folders that are not of one model, or an output that is not empty</exception>
    public static int Merge(
        string basePath, string adapter, string output, Backend backend, Action<string>? notice = null, CancellationToken cancellation = default)
    {
        if (!AdapterFolder.Is(adapter))
        {
            throw new SmvlException("this folder holds no adapter", adapter, $"{AdapterFolder.ConfigName} and {AdapterFolder.WeightsName}");
        }

        using ModelFolder model = ModelFolder.OpenAdapter(basePath, adapter, backend, notice);
        int merged = model.Model.Adapters!.List.Count;
        model.Model.MergeAdapters();
        using StagedFolder staged = StagedFolder.Create(output);
        model.Write(staged.Path, cancellation);
        staged.Commit();
        return merged;
    }
}
