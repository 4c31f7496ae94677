namespace Smvl.Tensors.Gpu.Checks;

/// <summary>
/// Every operation of a backend, forward and backward, in awkward sizes: what <c>smvl devices --check</c> and the tests hold a GPU to, with
/// the CPU's results beside it. Each file has some operations.
/// </summary>
internal static partial class OperationChecks
{
    /// <summary>All of them: seconds on a GPU.</summary>
    public static IReadOnlyList<OperationCheck> All { get; } =
        [.. Products(), .. Attentions(), .. Norms(), .. Elements(), .. RowMoves(), .. Conversions(), .. Pictures(), .. TrainingSteps()];

    /// <summary>A product, a norm and attention: whether a driver that was never met computes at all, in a moment.</summary>
    public static IReadOnlyList<OperationCheck> Few { get; } =
    [
        .. Products().Where(check => check.Name == ProductName(DType.BF16, 33, 64, 48)),
        .. Norms().Where(check => check.Name == RmsName(5, 128)),
        .. Attentions().Where(check => check.Name == HeadsName(64)),
    ];

    /// <summary>Runs a check on both: each result's elements agree, and a second run on the second backend gives the same bits.</summary>
    /// <param name="check">what</param>
    /// <param name="right">says what is right</param>
    /// <param name="backend">is checked</param>
    public static CheckResult Run(OperationCheck check, Backend right, Backend backend)
    {
        float[][] expected = Results(check, right), actual = Results(check, backend), again = Results(check, backend);
        double worst = 0;
        for (int i = 0; i < expected.Length; i++)
        {
            (double error, string? failure) = Compare(check, i, expected[i], actual[i]);
            worst = Math.Max(worst, error);
            failure ??= actual[i].AsSpan().SequenceEqual(again[i]) ? null : "a second run gives other bits";
            if (failure is not null)
            {
                return new CheckResult(check, worst, FormattableString.Invariant($"{check}: result {i}: {failure}"));
            }
        }

        return new CheckResult(check, worst, null);
    }

    private static float[][] Results(OperationCheck check, Backend backend)
    {
        using CheckTensors tensors = new(backend);
        return [.. check.Run(tensors).Select(tensors.Floats)];
    }

    private static (double Error, string? Failure) Compare(OperationCheck check, int result, float[] expected, float[] actual)
    {
        if (expected.Length != actual.Length)
        {
            return (double.PositiveInfinity, FormattableString.Invariant($"{actual.Length} elements, expected {expected.Length}"));
        }

        double largest = expected.Where(float.IsFinite).Select(value => Math.Abs((double)value)).DefaultIfEmpty().Max();
        double allowed = (check.Relative * largest) + check.Absolute;
        double worst = 0;
        int at = -1;
        for (int i = 0; i < expected.Length; i++)
        {
            // infinities agree; a NaN that is expected does not occur
            double error = expected[i] == actual[i] ? 0 : Math.Abs((double)actual[i] - expected[i]);
            if (!(error <= worst))
            {
                (worst, at) = (error, i);
            }
        }

        return worst <= allowed
            ? (allowed > 0 ? worst / allowed : 0, null)
            : (allowed > 0 ? worst / allowed : double.PositiveInfinity,
                FormattableString.Invariant($"element {at} is {actual[at]}, expected {expected[at]}, off by {worst:g3}, allowed {allowed:g3}"));
    }
}
