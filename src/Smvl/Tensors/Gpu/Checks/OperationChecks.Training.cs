namespace Smvl.Tensors.Gpu.Checks;

/// <summary>Loss, gradient norm and updates.</summary>
internal static partial class OperationChecks
{
    private static IEnumerable<OperationCheck> TrainingSteps()
    {
        foreach ((int rows, int width, float smoothing, float zLoss) in ((int, int, float, float)[])
            [(1, 1, 0f, 0f), (3, 7, 0f, 0f), (5, 300, 0.1f, 1e-3f), (2, 5001, 0f, 1e-2f)])
        {
            yield return CrossEntropy(rows, width, smoothing, zLoss);
        }

        foreach (int count in (int[])[1, 1000, 40000])
        {
            yield return SumOfSquares(count);
        }

        yield return AdamWAndLion(1);
        yield return AdamWAndLion(1003);
        foreach (int count in (int[])[1, 256, 1003])
        {
            yield return AdamW8Bit(count);
        }
    }

    private static OperationCheck CrossEntropy(int rows, int width, float smoothing, float zLoss) =>
        new("training", $"loss of {rows} x {width}", 2e-6, 1e-7, run =>
        {
            int[] targets = [.. Enumerable.Range(0, rows).Select(row => (row * 37) % width)];
            float[] values = [.. CheckTensors.Normal(1, rows * width).Select(value => (value * 10) + 50)];
            Tensor logits = run.Put(values, rows, width), losses = run.Unwritten(rows);
            run.Backend.CrossEntropy(losses, logits, targets, 0.5f, new LossTerms(smoothing, zLoss));
            return [losses, logits];
        });

    private static OperationCheck SumOfSquares(int count) =>
        new("training", $"sum of {count} squares", 1e-7, 0, run =>
            [run.Put([(float)run.Backend.SumOfSquares(run.Random(1, count)), (float)run.Backend.SumOfSquares([run.Random(2, count), run.Random(3, 7)])], 2)]);

    private static OperationCheck AdamWAndLion(int count) =>
        new("training", $"AdamW and Lion of {count}", 2e-7, 0, run =>
        {
            Tensor p = run.Random(1, count), m = run.Random(2, count), v = run.Put([.. CheckTensors.Normal(3, count).Select(MathF.Abs)], count);
            Tensor q = run.Random(4, count), n = run.Random(5, count);
            for (int step = 1; step <= 3; step++)
            {
                Tensor g = run.Random(5 + step, count);
                run.Backend.AdamW(p, g, m, v, new AdamWStep(1e-2, 0.9, 0.999, 1e-8, 0.01, step, 0.7f));
                run.Backend.Lion(q, g, n, new LionStep(1e-2, 0.9, 0.99, 0.01, 0.7f));
            }

            return [p, m, v, q, n];
        });

    /// <summary>A moment at the border of two codes may round to either: they are a part in a few dozen apart.</summary>
    private static OperationCheck AdamW8Bit(int count) =>
        new("training", $"AdamW with 8-bit moments of {count}", 1e-4, 0, run =>
        {
            int blocks = (count + BlockMoment.BlockSize - 1) / BlockMoment.BlockSize;
            Tensor p = run.Random(1, count), scales1 = run.Keep(run.Backend.Zeros(blocks)), scales2 = run.Keep(run.Backend.Zeros(blocks));
            Tensor codes1 = run.Keep(run.Backend.Allocate(DType.U8, new Shape(count))), codes2 = run.Keep(run.Backend.Allocate(DType.U8, new Shape(count)));
            run.Backend.Upload<byte>(new byte[count], codes1);
            run.Backend.Upload<byte>(new byte[count], codes2);
            BlockMoment first = new(codes1, scales1, Signed: true), second = new(codes2, scales2, Signed: false);
            for (int step = 1; step <= 2; step++)
            {
                run.Backend.AdamW8Bit(p, run.Random(5 + step, count), first, second, new AdamWStep(1e-2, 0.9, 0.999, 1e-8, 0.01, step, 0.7f));
            }

            return [p, scales1, scales2];
        });
}
