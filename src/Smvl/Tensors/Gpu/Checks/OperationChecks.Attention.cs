namespace Smvl.Tensors.Gpu.Checks;

/// <summary>Attention and its gradients.</summary>
internal static partial class OperationChecks
{
    private static IEnumerable<OperationCheck> Attentions()
    {
        foreach (bool causal in (bool[])[true, false])
        {
            // rows before, between and behind segments; more keys than queries
            string kind = causal ? "causal" : "full";
            yield return Attention(
                $"{kind}, segments apart",
                new AttentionLayout([new(0, 1, 0, 1), new(1, 17, 2, 23), new(19, 40, 25, 40), new(59, 3, 65, 30)], 4, 2, 8, causal));
            yield return Attention($"{kind}, 100 tokens", new AttentionLayout([new(0, 100, 0, 100)], 3, 1, 8, causal));
            yield return Attention($"{kind}, equal blocks", new AttentionLayout(AttentionLayout.Blocks(2, 33), 2, 2, 8, causal));
        }

        foreach (int headDim in (int[])[1, 6, 64, 128, 256])
        {
            yield return Attention(HeadsName(headDim), new AttentionLayout([new(0, 20, 0, 33)], 2, 1, headDim, true));
        }

        // scores in the hundreds: the online maximum must carry them
        yield return Attention("large scores", new AttentionLayout([new(0, 50, 0, 200)], 2, 1, 8, true), factor: 30f, tolerance: 1e-4);
        yield return SharedKeys();
        foreach ((DType dtype, int queries) in ((DType, int)[])[(DType.F32, 1), (DType.F32, 3), (DType.F16, 1), (DType.Q8_0, 1), (DType.Q8_0, 20)])
        {
            yield return LongCache(dtype, queries);
        }
    }

    private static string HeadsName(int headDim) => $"heads of {headDim}";

    private static OperationCheck Attention(string name, AttentionLayout layout, float factor = 1f, double tolerance = 2e-6) =>
        new("attention", name, tolerance, tolerance, run =>
        {
            int queries = layout.Segments.Max(s => s.QueryStart + s.QueryLength), keys = layout.Segments.Max(s => s.KeyStart + s.KeyLength) + 2;
            int width = layout.Heads * layout.HeadDim, kvWidth = layout.KeyValueHeads * layout.HeadDim;
            Tensor q = run.Random(1, queries, width), k = run.Random(2, keys, kvWidth), v = run.Random(3, keys, kvWidth), dO = run.Random(4, queries, width);
            run.Backend.Scale(q, factor);

            // rows of no segment keep what they had
            Tensor o = run.Random(5, queries, width), lse = run.Random(6, queries, layout.Heads), dq = run.Random(7, queries, width);
            Tensor dk = run.Unwritten(keys, kvWidth), dv = run.Unwritten(keys, kvWidth);
            run.Backend.Attention(o, lse, q, k, v, layout);
            run.Backend.AttentionBackward(dq, dk, dv, dO, o, lse, q, k, v, layout);
            return [o, lse, dq, dk, dv];
        });

    /// <summary>A question shared by several answers: keys of more than one segment, which a forward may have and a backward may not.</summary>
    private static OperationCheck SharedKeys() => new("attention", "shared keys", 2e-6, 2e-6, run =>
    {
        AttentionLayout layout = new([new(0, 9, 0, 20), new(9, 5, 0, 12)], 2, 1, 8, false);
        Tensor q = run.Random(1, 14, 16), k = run.Random(2, 20, 8), v = run.Random(3, 20, 8), o = run.Unwritten(14, 16), lse = run.Unwritten(14, 2);
        run.Backend.Attention(o, lse, q, k, v, layout);
        return [o, lse];
    });

    /// <summary>Few queries over a long cache share out its keys; a narrower cache is read as the numbers it holds.</summary>
    private static OperationCheck LongCache(DType dtype, int queries) =>
        new("attention", $"{queries} queries, 401 keys in {dtype}", 0, 5e-6, run =>
        {
            const int keys = 401, heads = 4, kvHeads = 2, hd = 64;
            AttentionLayout layout = new([new(0, queries, 3, keys), new(queries, 1, 500, 20)], heads, kvHeads, hd, true);
            Tensor q = run.Random(1, queries + 1, heads * hd), k = run.Random(2, 520, kvHeads * hd), v = run.Random(3, 520, kvHeads * hd);
            Tensor o = run.Unwritten(queries + 1, heads * hd), lse = run.Unwritten(queries + 1, heads);
            run.Backend.Attention(o, lse, q, run.As(dtype, k), run.As(dtype, v), layout);
            return [o, lse];
        });
}
