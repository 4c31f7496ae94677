using System.Diagnostics;
using System.Runtime.InteropServices;
using Smvl.Bench;
using Smvl.Tensors;
using Smvl.Tensors.Cpu;

// Hand-run tables of operation x shape beside the machine's limits, which are measured in between, so that a busy machine
// lowers both. Usage: Smvl.Bench [matmul] [few] [attention] [--threads N] [--cpu-time]; nothing named means everything.
// --cpu-time counts the process's processor time instead of wall time: on a machine shared with others, with one thread.
int option = Array.IndexOf(args, "--threads");
CpuThreads threads = new(option >= 0 ? int.Parse(args[option + 1]) : Environment.ProcessorCount);
bool cpuTime = args.Contains("--cpu-time");
string[] tables = ["matmul", "few", "attention"];
bool Wanted(string name) => args.Contains(name) || !args.Intersect(tables).Any();
Console.WriteLine($"{RuntimeInformation.FrameworkDescription}, {threads.Count} threads, 512-bit vectors {(Simd512.IsSupported ? "yes" : "no")}");
double limit256 = 0, limit512 = 0;

if (Wanted("matmul"))
{
    Console.WriteLine($"{"operation",-10}{"M",6}{"K",7}{"N",8}{"GFLOP/s",9}{"of 256",8}{"of 512",8}");
    foreach ((int m, int k, int n) in Shapes.MatMul)
    {
        using Tensor x = Shapes.Random(DType.F32, m, k), w = Shapes.Random(DType.BF16, n, k), y = Shapes.Random(DType.F32, m, n);
        Row("forward", m, k, n, () => MatMul.Linear(threads, y, x, w, null));
        Row("dx", m, k, n, () => MatMul.LinearBackwardInput(threads, x, y, w, accumulate: false));
        using Tensor dw = Shapes.Random(DType.F32, n, k);
        Row("dw", m, k, n, () => MatMul.LinearBackwardWeight(threads, dw, y, x));
    }

    void Row(string name, int m, int k, int n, Action action)
    {
        double best = Rate(2.0 * m * k * n, action);
        Console.WriteLine($"{name,-10}{m,6}{k,7}{n,8}{best / 1e9,9:F1}{best / limit256,8:P0}{Share512(best),8:P0}");
    }
}

if (Wanted("few"))
{
    // 512 MiB: far more than the caches hold
    using Tensor memory = Shapes.Random(DType.F32, 1 << 27);
    Console.WriteLine($"{"weights",-10}{"M",6}{"K",7}{"N",8}{"GB/s",9}{"of read",9}{"GFLOP/s",9}");
    foreach ((int m, DType dtype, int k, int n) in Shapes.Few)
    {
        using Tensor x = Shapes.Random(DType.F32, m, k), w = Shapes.Random(dtype, n, k), y = Shapes.Random(DType.F32, m, n);
        double seconds = double.MaxValue, read = 0;
        for (int run = 0; run < 12; run++)
        {
            read = Math.Max(read, memory.ByteLength / Seconds(() => Limits.Read(threads, memory)));
            seconds = Math.Min(seconds, Seconds(() => MatMul.Linear(threads, y, x, w, null)));
        }

        double rate = w.ByteLength / seconds;
        Console.WriteLine($"{dtype,-10}{m,6}{k,7}{n,8}{rate / 1e9,9:F1}{rate / read,9:P0}{2.0 * m * k * n / seconds / 1e9,9:F1}");
    }
}

if (Wanted("attention"))
{
    Console.WriteLine($"{"attention",-22}{"tokens",7}{"heads",9}{"hd",5}{"GFLOP/s",9}{"of 256",8}{"of 512",8}");
    foreach ((string name, int tokens, int heads, int kvHeads, int hd, bool causal) in Shapes.Attention)
    {
        AttentionLayout layout = new([new(0, tokens, 0, tokens)], heads, kvHeads, hd, causal);
        using Tensor q = Shapes.Random(DType.F32, tokens, heads * hd), k = Shapes.Random(DType.F32, tokens, kvHeads * hd), v = Shapes.Random(DType.F32, tokens, kvHeads * hd);
        using Tensor o = Shapes.Random(DType.F32, tokens, heads * hd), dO = Shapes.Random(DType.F32, tokens, heads * hd), dq = Shapes.Random(DType.F32, tokens, heads * hd);
        using Tensor dk = Shapes.Random(DType.F32, tokens, kvHeads * hd), dv = Shapes.Random(DType.F32, tokens, kvHeads * hd), lse = Shapes.Random(DType.F32, tokens, heads);

        // two products forward, five backward, over the scores that are seen
        double product = 2.0 * heads * hd * (causal ? tokens * (tokens + 1.0) / 2 : (double)tokens * tokens);
        Row(name + " forward", 2 * product, () => Attention.Forward(threads, o, lse, q, k, v, layout));
        Row(name + " backward", 5 * product, () => Attention.Backward(threads, dq, dk, dv, dO, o, lse, q, k, v, layout));

        void Row(string name, double flops, Action action)
        {
            double best = Rate(flops, action);
            Console.WriteLine($"{name,-22}{tokens,7}{heads,6}/{kvHeads,2}{hd,5}{best / 1e9,9:F1}{best / limit256,8:P0}{Share512(best),8:P0}");
        }
    }
}

// best rate of several runs, each next to a run of the limits; flops per second
double Rate(double flops, Action action)
{
    double best = 0;
    limit256 = limit512 = 0;
    action();
    Stopwatch total = Stopwatch.StartNew();
    for (int run = 0; run < 3 || (run < 40 && total.ElapsedMilliseconds < 400); run++)
    {
        best = Math.Max(best, flops / Seconds(action));
        double done = 0;
        double seconds = Seconds(() => done = Limits.MultiplyAdds(threads, wide: false));
        limit256 = Math.Max(limit256, done / seconds);
        if (Simd512.IsSupported)
        {
            seconds = Seconds(() => done = Limits.MultiplyAdds(threads, wide: true));
            limit512 = Math.Max(limit512, done / seconds);
        }
    }

    return best;
}

// nothing where the machine has no such vectors
double? Share512(double rate) => limit512 > 0 ? rate / limit512 : null;

double Seconds(Action action)
{
    long start = Stopwatch.GetTimestamp();
    TimeSpan used = Environment.CpuUsage.TotalTime;
    action();
    return cpuTime ? (Environment.CpuUsage.TotalTime - used).TotalSeconds : Stopwatch.GetElapsedTime(start).TotalSeconds;
}
