using Smvl.Tensors;

namespace Smvl.Tests.Tensors.Cpu;

/// <summary>Attention and its gradients in double precision, one score at a time: obviously right and slow.</summary>
internal sealed class AttentionInDouble(AttentionLayout layout, double[] q, double[] k, double[] v)
{
    private readonly int hd = layout.HeadDim, group = layout.Heads / layout.KeyValueHeads;

    /// <summary>o like q.</summary>
    public double[] Forward()
    {
        double[] o = new double[q.Length];
        Each((query, head, keys) =>
        {
            double[] p = Probabilities(query, head, keys);
            for (int j = 0; j < keys.Length; j++)
            {
                for (int d = 0; d < hd; d++)
                {
                    o[At(query, head, layout.Heads) + d] += p[j] * v[At(keys[j], head / group, layout.KeyValueHeads) + d];
                }
            }
        });
        return o;
    }

    /// <summary>(T, H).</summary>
    public double[] LogSumExp()
    {
        double[] result = new double[q.Length / hd];
        Each((query, head, keys) =>
        {
            double max = keys.Max(key => Score(query, head, key));
            result[(query * layout.Heads) + head] = max + Math.Log(keys.Sum(key => Math.Exp(Score(query, head, key) - max)));
        });
        return result;
    }

    public (double[] Dq, double[] Dk, double[] Dv) Backward(double[] dO)
    {
        double[] dq = new double[q.Length], dk = new double[k.Length], dv = new double[v.Length];
        Each((query, head, keys) =>
        {
            int qa = At(query, head, layout.Heads);
            double[] p = Probabilities(query, head, keys), dp = new double[keys.Length];
            for (int j = 0; j < keys.Length; j++)
            {
                int ka = At(keys[j], head / group, layout.KeyValueHeads);
                for (int d = 0; d < hd; d++)
                {
                    dp[j] += dO[qa + d] * v[ka + d];
                    dv[ka + d] += p[j] * dO[qa + d];
                }
            }

            double mean = p.Zip(dp, (a, b) => a * b).Sum();
            for (int j = 0; j < keys.Length; j++)
            {
                int ka = At(keys[j], head / group, layout.KeyValueHeads);
                double ds = p[j] * (dp[j] - mean) / Math.Sqrt(hd);
                for (int d = 0; d < hd; d++)
                {
                    dq[qa + d] += ds * k[ka + d];
                    dk[ka + d] += ds * q[qa + d];
                }
            }
        });
        return (dq, dk, dv);
    }

    private void Each(Action<int, int, int[]> visit)
    {
        foreach (AttentionSegment s in layout.Segments)
        {
            for (int i = 0; i < s.QueryLength; i++)
            {
                int seen = layout.Causal ? s.KeyLength - s.QueryLength + i + 1 : s.KeyLength;
                for (int head = 0; head < layout.Heads; head++)
                {
                    visit(s.QueryStart + i, head, [.. Enumerable.Range(s.KeyStart, seen)]);
                }
            }
        }
    }

    private double[] Probabilities(int query, int head, int[] keys)
    {
        double[] scores = [.. keys.Select(key => Score(query, head, key))];
        double max = scores.Max();
        double sum = scores.Sum(s => Math.Exp(s - max));
        return [.. scores.Select(s => Math.Exp(s - max) / sum)];
    }

    private double Score(int query, int head, int key)
    {
        double sum = 0;
        for (int d = 0; d < hd; d++)
        {
            sum += q[At(query, head, layout.Heads) + d] * k[At(key, head / group, layout.KeyValueHeads) + d];
        }

        return sum / Math.Sqrt(hd);
    }

    private int At(int row, int head, int heads) => ((row * heads) + head) * hd;
}
