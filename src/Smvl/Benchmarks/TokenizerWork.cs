using System.Text;
using Smvl.Formats.Gguf;
using Smvl.Text;

namespace Smvl.Benchmarks;

/// <summary>
/// <c>tokenizer</c>: Chinese and English text into ids, on one thread, by a tokenizer that has seen none before. Without a folder it is
/// the stand-in, which merges nothing: no figure to compare with.
/// </summary>
internal static class TokenizerWork
{
    private const string TextName = "Smvl.samples.text.txt";
    private const double Mega = 1e6;

    private static readonly Runs Often = new(WarmUps: 1, AtLeast: 5, AtMost: 5);

    public static BenchmarkRow Encode(string name, WorkBench bench)
    {
        string text = Text();
        Measurement best = bench.Meter.Best(MachineLimit.None, Often, () =>
        {
            BpeTokenizer tokenizer = Load(bench.Source);
            return Meter.Time(() => tokenizer.Encode(text));
        });
        return new BenchmarkRow(name, Encoding.UTF8.GetByteCount(text) / best.Seconds / Mega, "MB/s");
    }

    /// <summary>The model's, or the stand-in.</summary>
    public static BpeTokenizer Load(BenchmarkSource? model)
    {
        if (model is { IsGguf: true })
        {
            using GgufFile file = GgufFile.Open(model.Path);
            return GgufTokenizer.Read(file.Metadata);
        }

        if (model is not null)
        {
            return TokenizerFiles.Load(model.Path);
        }

        string standIn = BenchmarkModel.TemporaryFolder();
        try
        {
            StandInTokenizer.Write(standIn, QwenTokens.From(QwenTokens.PublishedFirstId), QwenTokens.MessageEnd, QwenTokens.EndOfText);
            return TokenizerFiles.Load(standIn);
        }
        finally
        {
            Directory.Delete(standIn, recursive: true);
        }
    }

    /// <summary>Questions, answers and documentation, about half of it Chinese.</summary>
    public static string Text()
    {
        using StreamReader reader = new(typeof(TokenizerWork).Assembly.GetManifestResourceStream(TextName)!, Encoding.UTF8);
        return reader.ReadToEnd();
    }
}
