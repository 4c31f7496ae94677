using System.Text;
using BenchmarkDotNet.Attributes;
using Smvl.Benchmarks;
using Smvl.Text;

namespace Smvl.Bench;

/// <summary>A text; the amount is its bytes in UTF-8.</summary>
public sealed record TextCase(string Name, string Text) : ICase
{
    public double Amount => Encoding.UTF8.GetByteCount(Text);

    public override string ToString() => Name;
}

/// <summary>
/// Chinese and English text into ids on one thread, words already in the cache; smvl bench measures it cold. SMVL_QWEN_TOKENIZER names
/// a folder with Qwen's vocabulary; without it the stand-in tokenizer runs, which merges nothing.
/// </summary>
public class TokenizerBenchmarks : OperationBenchmarks<TextCase>
{
    private BpeTokenizer tokenizer = null!;

    public static IEnumerable<TextCase> Cases => [new("samples/text.txt", TokenizerWork.Text())];

    [Benchmark, Work(WorkKind.Input)]
    public int[] Encode() => tokenizer.Encode(Case.Text);

    protected override void Allocate() => tokenizer = TokenizerWork.Load(Environment.GetEnvironmentVariable("SMVL_QWEN_TOKENIZER") is { } folder ? new(folder) : null);
}
