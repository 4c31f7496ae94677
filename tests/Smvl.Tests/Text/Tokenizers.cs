using System.Text;
using Smvl.Text;

namespace Smvl.Tests.Text;

/// <summary>The tokenizers that several tests read, each loaded once.</summary>
internal static class Tokenizers
{
    private static readonly Lazy<BpeTokenizer> LazyTiny = new(() => TokenizerFiles.Load(TinyFolder));
    private static readonly Lazy<BpeTokenizer> LazyQwen = new(() => TokenizerFiles.Load(QwenFolder));

    public static string TinyFolder => Golden.Path("sources", "qwen3-tiny");

    public static BpeTokenizer Tiny => LazyTiny.Value;

    /// <summary>A tokenizer of parts given in the files' spelling.</summary>
    public static BpeTokenizer Make(
        IReadOnlyDictionary<string, int> vocabulary, IEnumerable<(string Left, string Right)>? merges = null, IReadOnlyList<AddedToken>? added = null,
        bool ignoreMerges = false)
    {
        var builder = new BpeTokenizerBuilder("test", vocabulary.Count, bytes: 0);
        foreach ((string token, int id) in vocabulary)
        {
            Assert.True(builder.TryAddToken(Encoding.UTF8.GetBytes(token), id));
        }

        foreach ((string left, string right) in merges ?? [])
        {
            builder.AddMerge(Encoding.UTF8.GetBytes(left), Encoding.UTF8.GetBytes(right));
        }

        return builder.Build(added ?? [], ignoreMerges);
    }

    public static string QwenFolder =>
        Environment.GetEnvironmentVariable("SMVL_QWEN_TOKENIZER") ?? Path.GetFullPath(Path.Combine(Golden.Root, "..", "shared", "qwen-tokenizer"));

    /// <summary>The real vocabulary, which is not part of the project; the test is skipped where it is absent.</summary>
    public static BpeTokenizer Qwen()
    {
        NeedQwen();
        return LazyQwen.Value;
    }

    /// <summary>Skips the test where there is no <see cref="QwenFolder"/>.</summary>
    public static void NeedQwen() => Assert.SkipUnless(
        File.Exists(Path.Combine(QwenFolder, "vocab.json")), $"no Qwen tokenizer in {QwenFolder}: set SMVL_QWEN_TOKENIZER to its folder");
}
