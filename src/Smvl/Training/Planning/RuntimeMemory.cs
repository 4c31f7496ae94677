using System.Runtime;
using System.Runtime.CompilerServices;
using Smvl.Inference;
using Smvl.Models;
using Smvl.Tensors;

namespace Smvl.Training.Planning;

/// <summary>
/// What a process will have beside tensors when a run ends: what it has now, and what it will grow by: the collector's heap, code that is
/// compiled, stacks, what malloc keeps of small blocks, pages of data files. A process that has computed before has grown already; so the
/// constants, measured in runs of the demo, are of what a process has in the end.
/// </summary>
internal static class RuntimeMemory
{
    private const long Heap = 32L << 20, Rest = 8L << 20;

    /// <summary>Bytes of IL that are compiled by the end, and what so much takes as code and in the compiler's and the types' tables.</summary>
    private const long CompiledIL = 735L << 10, Code = 38L << 20;

    /// <param name="model">of the run, opened</param>
    /// <param name="backend">of the model</param>
    /// <returns>bytes</returns>
    public static long InTheEnd(VisionLanguageModel model, Backend backend) => ProcessMemory.Beside(model, backend) + Growth;

    /// <summary>Bytes from now on.</summary>
    private static long Growth
    {
        get
        {
            long heap = Math.Max(GC.GetGCMemoryInfo().TotalCommittedBytes, GC.GetTotalMemory(forceFullCollection: false));
            long code = RuntimeFeature.IsDynamicCodeCompiled ? Code * Math.Max(0, CompiledIL - JitInfo.GetCompiledILBytes()) / CompiledIL : 0;
            return Math.Max(0, Heap - heap) + code + Rest;
        }
    }
}
