using System.Collections.Concurrent;
using Smvl.Tensors.Cpu;

namespace Smvl.Bench;

/// <summary>The machine's limits as they were around a case's runs: the best burst.</summary>
internal static class LimitRecord
{
    private const int Bursts = 3;

    private static readonly ConcurrentDictionary<(Type Benchmarks, ICase Case), (double MultiplyAdds, double Read)> Best = new();

    /// <summary>0 where nothing was measured.</summary>
    public static (double MultiplyAdds, double Read) Of(Type benchmarks, ICase operands) => Best.GetValueOrDefault((benchmarks, operands));

    public static void Measure(Type benchmarks, ICase operands, MachineLimits limits)
    {
        for (int i = 0; i < Bursts; i++)
        {
            (double multiplyAdds, double read) = (limits.MultiplyAdds(), limits.Read());
            Best.AddOrUpdate(
                (benchmarks, operands), (multiplyAdds, read),
                (_, best) => (Math.Max(best.MultiplyAdds, multiplyAdds), Math.Max(best.Read, read)));
        }
    }
}
