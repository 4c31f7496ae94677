namespace Smvl.Tensors.Cpu;

/// <summary>Consecutive panels of one product's weight, which one thread reads as one stream.</summary>
/// <param name="Product">which one</param>
/// <param name="Start">its first panel</param>
/// <param name="End">behind its last</param>
internal readonly record struct PanelRun(int Product, int Start, int End)
{
    // a stream's beginning waits for memory, and at the end threads wait for the last one: hence large runs, then small ones
    private const long LeastBytes = 16 << 10, MostBytes = 1 << 20;

    // many rows of x meet a run's panels again and again: they stay in the second cache, with the rows
    private const long MostBytesOfMany = 192 << 10;

    // of what is left, a thread takes one part of this many times the threads
    private const int Shares = 3;

    /// <summary>All panels of all products; each run a share of what is left behind the one before. No result depends on where it begins or ends.</summary>
    public static PanelRun[] Cut(MatMulQuantized.Work[] products, int threads)
    {
        long left = 0;
        foreach (MatMulQuantized.Work product in products)
        {
            left += product.PanelCount * product.PanelBytes;
        }

        var runs = new List<PanelRun>();
        for (int i = 0; i < products.Length; i++)
        {
            int panels = products[i].PanelCount;
            long most = products[i].Rows > MatMulQuantized.BlockRows ? MostBytesOfMany : MostBytes;
            for (int start = 0, end; start < panels; start = end)
            {
                long bytes = Math.Clamp(left / (Shares * threads), LeastBytes, most);
                end = (int)Math.Min(panels, start + Math.Max(1, bytes / products[i].PanelBytes));
                runs.Add(new PanelRun(i, start, end));
                left -= (end - start) * products[i].PanelBytes;
            }
        }

        return [.. runs];
    }
}
