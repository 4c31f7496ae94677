namespace Smvl.Tensors.Gpu.Checks;

/// <summary>Elementwise operations.</summary>
internal static partial class OperationChecks
{
    private static IEnumerable<OperationCheck> Elements()
    {
        foreach (int count in (int[])[1, 31, 2100])
        {
            yield return SumsAndScalings(count);
            yield return Activations(count);
        }

        foreach ((int rows, int width) in ((int, int)[])[(1, 1), (3, 7), (150, 33), (7, 1000)])
        {
            yield return Factors(rows, width);
            yield return FactorGradients(rows, width);
        }

        yield return Dropout(0.1f, 7);
        yield return Dropout(0.5f, 0xFEDCBA9876543210);
    }

    private static OperationCheck SumsAndScalings(int count) =>
        new("elements", $"sums and scalings of {count}", 0, 0, run =>
        {
            Tensor x = run.Random(1, count), sum = run.Random(2, count), scaled = run.Random(3, count), moved = run.Random(4, count), filled = run.Unwritten(count);
            run.Backend.Add(sum, x);
            run.Backend.Scale(scaled, 0.37f);
            run.Backend.Lerp(moved, x, 0.01f);
            run.Backend.Fill(filled, 2.5f);
            return [sum, scaled, moved, filled];
        });

    private static OperationCheck Activations(int count) =>
        new("elements", $"activations of {count}", 1e-6, 1e-7, run =>
        {
            // far out too, where exponentials overflow and vanish
            float[] far = [.. CheckTensors.Normal(1, count).Select(value => value * 60)];
            Tensor gate = run.Random(1, count), up = run.Random(2, count), dy = run.Random(3, count), wide = run.Put(far, count);
            Tensor y = run.Unwritten(count), gelu = run.Unwritten(count), dGate = run.Unwritten(count), dUp = run.Unwritten(count), dx = run.Unwritten(count);
            Tensor wideY = run.Unwritten(count), wideGelu = run.Unwritten(count);
            run.Backend.SwiGlu(y, gate, up);
            run.Backend.SwiGlu(wideY, wide, up);
            run.Backend.GeluTanh(gelu, gate);
            run.Backend.GeluTanh(wideGelu, wide);
            run.Backend.SwiGluBackward(dGate, dUp, dy, gate, up);
            run.Backend.GeluTanhBackward(dx, dy, gate);

            // in place
            run.Backend.GeluTanhBackward(dy, dy, wide);
            run.Backend.SwiGluBackward(gate, up, dx, gate, up);
            return [y, wideY, gelu, wideGelu, dGate, dUp, dx, dy, gate, up];
        });

    private static OperationCheck Factors(int rows, int width) =>
        new("elements", $"factors of rows and columns, {rows} x {width}", 0, 0, run =>
        {
            Tensor x = run.Random(1, rows, width), y = run.Unwritten(rows, width), columns = run.Random(2, width), each = run.Random(3, rows, 1);
            run.Backend.Multiply(y, x, columns);
            run.Backend.Multiply(x, x, each);
            return [y, x];
        });

    private static OperationCheck FactorGradients(int rows, int width) =>
        new("elements", $"gradients of columns' factors, {rows} x {width}", 3e-6, 1e-6, run =>
        {
            Tensor x = run.Random(1, rows, width), dy = run.Random(2, rows, width), sum = run.Random(3, width);
            run.Backend.MultiplyBackwardFactors(sum, dy, x);
            return [sum];
        });

    /// <summary>Bit for bit: a checkpoint's run continues on either.</summary>
    private static OperationCheck Dropout(float probability, ulong key) =>
        new("elements", FormattableString.Invariant($"dropout of {probability}"), 0, 0, run =>
        {
            Tensor x = run.Random(1, 101, 333), y = run.Unwritten(101, 333);
            run.Backend.Dropout(y, x, probability, key);
            run.Backend.Dropout(x, x, probability, key + 1);
            return [y, x];
        });
}
