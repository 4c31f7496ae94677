using Smvl.Formats.Gguf;
using Smvl.Models;
using Smvl.Tensors;

namespace Smvl.Inference;

/// <summary>What this process has resident, and will have.</summary>
internal static class ProcessMemory
{
    /// <summary>
    /// By how much the runtime grows from an opened model to the end of a long conversation, beyond what is computed: compiled code,
    /// garbage between two collections, stacks; bytes. Measured (docs/library.md) and rounded up.
    /// </summary>
    public const long Growth = 48L << 20;

    /// <summary>Refuses files whose weights in memory of our own would not fit, before any is made: quantized ones are packed when opened.</summary>
    /// <exception cref="SmvlException">they do not fit, or the files cannot be read</exception>
    public static void CheckBeforeOpening(string path, string? mmproj, long limit)
    {
        long packed = 0;
        foreach (string file in ((string?[])[path, mmproj]).OfType<string>().Where(file => file.EndsWith(GgufFile.Extension, StringComparison.OrdinalIgnoreCase)))
        {
            using GgufFile opened = GgufFile.Open(file);
            packed += opened.Tensors.Values.Where(tensor => tensor.DType.IsQuantized()).Sum(tensor => tensor.ByteLength);
        }

        long least = Environment.WorkingSet + packed + Growth;
        if (least > limit)
        {
            throw new SmvlException(
                "the model does not fit the memory limit", "memory", $"more than {MemoryPlan.Text(least)} for runtime and weights",
                MemoryPlan.Text(limit), "take a smaller type of weights, or raise the limit");
        }
    }

    /// <summary>Bytes that a process on this machine may have: the container's limit, or the memory.</summary>
    public static long Available => GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;

    /// <summary>Resident bytes without the model's mapped weights, and without what the backend holds for tensors.</summary>
    public static long Beside(VisionLanguageModel model, Backend backend)
    {
        model.SetAside();
        return Math.Max(0, Environment.WorkingSet - backend.HeldBytes);
    }

    /// <summary>Resident bytes without mapped weights, which are loaded again when read.</summary>
    public static long Held(VisionLanguageModel model)
    {
        model.SetAside();
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        return Environment.WorkingSet;
    }
}
