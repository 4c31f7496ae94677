namespace Smvl.Tensors.Gpu.Checks;

/// <summary>Norms and the rotary embedding.</summary>
internal static partial class OperationChecks
{
    private static IEnumerable<OperationCheck> Norms()
    {
        (int, int)[] sizes = [(3, 7), (5, 128), (150, 33), (7, 1000)];
        foreach ((int rows, int width) in ((int, int)[])[(1, 1), .. sizes])
        {
            yield return RmsNorm(rows, width);
        }

        // a row of one element has no variance, and 1000 as its rstd: differences in the last place of x show in everything
        foreach ((int rows, int width) in sizes)
        {
            yield return LayerNorm(rows, width);
        }

        foreach ((int heads, int headDim) in ((int, int)[])[(2, 8), (3, 64), (1, 6)])
        {
            yield return Rope(heads, headDim);
        }
    }

    private static string RmsName(int rows, int width) => $"RMS, {rows} x {width}";

    private static OperationCheck RmsNorm(int rows, int width) =>
        new("norms", RmsName(rows, width), 3e-6, 1e-6, run =>
        {
            Tensor x = run.Random(1, rows, width), w = run.Random(2, width), dy = run.Random(3, rows, width);
            Tensor y = run.Unwritten(rows, width), rstd = run.Unwritten(rows), again = run.Unwritten(rows, width);
            Tensor dx = run.Unwritten(rows, width), sum = run.Random(4, rows, width), dw = run.Random(5, width);
            run.Backend.RmsNorm(y, rstd, x, w, 1e-6f);
            run.Backend.RmsNorm(again, null, x, w, 1e-6f);
            run.Backend.RmsNormBackward(dx, dw, dy, x, w, rstd, accumulate: false);
            run.Backend.RmsNormBackward(sum, null, dy, x, w, rstd, accumulate: true);
            return [y, rstd, again, dx, sum, dw];
        });

    private static OperationCheck LayerNorm(int rows, int width) =>
        new("norms", $"layer, {rows} x {width}", 3e-6, 2e-6, run =>
        {
            Tensor x = run.Random(1, rows, width), w = run.Random(2, width), b = run.Random(6, width), dy = run.Random(3, rows, width);
            Tensor y = run.Unwritten(rows, width), mean = run.Unwritten(rows), rstd = run.Unwritten(rows), again = run.Unwritten(rows, width);
            Tensor dx = run.Unwritten(rows, width), sum = run.Random(4, rows, width), dw = run.Random(5, width), db = run.Random(7, width);
            run.Backend.LayerNorm(y, mean, rstd, x, w, b, 1e-6f);
            run.Backend.LayerNorm(again, null, null, x, w, b, 1e-6f);
            run.Backend.LayerNormBackward(dx, dw, db, dy, x, w, mean, rstd, accumulate: false);
            run.Backend.LayerNormBackward(sum, null, null, dy, x, w, mean, rstd, accumulate: true);
            return [y, mean, rstd, again, dx, sum, dw, db];
        });

    private static OperationCheck Rope(int heads, int headDim)
    {
        int[] positions = [0, 1, 2, 7, 100, 8000];
        return new("norms", $"rotary embedding, {heads} heads of {headDim}", 0, 1e-6, run =>
        {
            Tensor x = run.Random(1, positions.Length, heads * headDim), back = run.Random(2, positions.Length, heads * headDim);
            run.Backend.Rope(x, positions, headDim, 1e6f, inverse: false);
            run.Backend.Rope(back, positions, headDim, 1e6f, inverse: true);
            return [x, back];
        });
    }
}
