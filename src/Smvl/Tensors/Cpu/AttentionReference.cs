namespace Smvl.Tensors.Cpu;

/// <summary>The meaning of <see cref="Attention"/> in scalar loops, one query at a time; tests compare the blocked path with it.</summary>
internal static class AttentionReference
{
    public static void Forward(CpuThreads threads, Tensor o, Tensor? logSumExp, Tensor q, Tensor k, Tensor v, AttentionLayout layout)
    {
        int group = layout.Heads / layout.KeyValueHeads, hd = layout.HeadDim;
        threads.For(layout.Heads, head =>
        {
            foreach (AttentionSegment segment in layout.Segments)
            {
                float[] p = new float[segment.KeyLength];
                for (int i = 0; i < segment.QueryLength; i++)
                {
                    int row = segment.QueryStart + i, keys = VisibleKeys(segment, i, layout.Causal);
                    ReadOnlySpan<float> query = Part(q, row, head, hd);
                    float max = float.NegativeInfinity;
                    for (int j = 0; j < keys; j++)
                    {
                        p[j] = Dot(query, Part(k, segment.KeyStart + j, head / group, hd)) * layout.Scale;
                        max = MathF.Max(max, p[j]);
                    }

                    float sum = 0f;
                    for (int j = 0; j < keys; j++)
                    {
                        p[j] = MathF.Exp(p[j] - max);
                        sum += p[j];
                    }

                    Span<float> output = Part(o, row, head, hd);
                    output.Clear();
                    for (int j = 0; j < keys; j++)
                    {
                        AddScaled(output, Part(v, segment.KeyStart + j, head / group, hd), p[j] / sum);
                    }

                    if (logSumExp is not null)
                    {
                        logSumExp.Row<float>(row)[head] = max + MathF.Log(sum);
                    }
                }
            }
        });
    }

    public static void Backward(
        CpuThreads threads, Tensor dq, Tensor dk, Tensor dv, Tensor dO, Tensor o, Tensor logSumExp, Tensor q, Tensor k, Tensor v, AttentionLayout layout)
    {
        int group = layout.Heads / layout.KeyValueHeads, hd = layout.HeadDim;
        dk.Span<float>().Clear();
        dv.Span<float>().Clear();
        threads.For(layout.KeyValueHeads, kvHead =>
        {
            foreach (AttentionSegment segment in layout.Segments)
            {
                for (int head = kvHead * group; head < (kvHead + 1) * group; head++)
                {
                    for (int i = 0; i < segment.QueryLength; i++)
                    {
                        int row = segment.QueryStart + i;
                        ReadOnlySpan<float> query = Part(q, row, head, hd);
                        ReadOnlySpan<float> dOutput = Part(dO, row, head, hd);
                        Span<float> dQuery = Part(dq, row, head, hd);
                        dQuery.Clear();
                        // o = sum_j p_j v_j and p = softmax(s): ds_j = p_j (dO·v_j - dO·o)
                        float delta = Dot(dOutput, Part(o, row, head, hd));
                        for (int j = 0; j < VisibleKeys(segment, i, layout.Causal); j++)
                        {
                            int keyRow = segment.KeyStart + j;
                            ReadOnlySpan<float> key = Part(k, keyRow, kvHead, hd);
                            float p = MathF.Exp((Dot(query, key) * layout.Scale) - logSumExp.Row<float>(row)[head]);
                            float ds = p * (Dot(dOutput, Part(v, keyRow, kvHead, hd)) - delta) * layout.Scale;
                            AddScaled(Part(dv, keyRow, kvHead, hd), dOutput, p);
                            AddScaled(Part(dk, keyRow, kvHead, hd), query, ds);
                            AddScaled(dQuery, key, ds);
                        }
                    }
                }
            }
        });
    }

    /// <summary>Keys that query <paramref name="i"/> of a segment sees.</summary>
    private static int VisibleKeys(AttentionSegment segment, int i, bool causal) =>
        causal ? segment.KeyLength - segment.QueryLength + i + 1 : segment.KeyLength;

    private static Span<float> Part(Tensor tensor, int row, int head, int hd) => tensor.Row<float>(row).Slice(head * hd, hd);

    private static float Dot(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
    {
        float sum = 0f;
        for (int i = 0; i < a.Length; i++)
        {
            sum += a[i] * b[i];
        }

        return sum;
    }

    private static void AddScaled(Span<float> sum, ReadOnlySpan<float> row, float factor)
    {
        for (int i = 0; i < sum.Length; i++)
        {
            sum[i] += factor * row[i];
        }
    }
}
