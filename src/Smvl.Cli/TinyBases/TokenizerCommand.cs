using System.CommandLine;
using Smvl.Data;
using Smvl.Text;

namespace Smvl.Cli.TinyBases;

/// <summary><c>smvl tiny-bases tokenizer</c>: a base's tokenizer, learnt from the texts of its data.</summary>
internal static class TokenizerCommand
{
    private const string Chinese = "zh", English = "en", Breaks = "\n\n";

    /// <summary>The sizes that the presets of the bases are made for.</summary>
    private const int ChineseSize = 2000, EnglishSize = 640;

    public static Command Create()
    {
        var language = new Option<string>("--language") { Description = $"{Chinese}: {ChineseSize} tokens, {English}: {EnglishSize} tokens, and Qwen3's added tokens", Required = true };
        language.AcceptOnlyFromAmong(Chinese, English);
        var texts = new Option<string[]>("--texts") { Description = "folders with train-*.parquet files, all of whose turns are read", Required = true, AllowMultipleArgumentsPerToken = true };
        var output = new Option<string>("--output") { Description = "a folder for the tokenizer's files", Required = true };
        var command = new Command("tokenizer", "Learn the tokenizer of a base from the texts of its data.") { language, texts, output };
        command.SetAction((parsed, cancellation) => Task.Run(
            () => Learn(
                parsed.GetRequiredValue(language) == Chinese, parsed.GetRequiredValue(texts), parsed.GetRequiredValue(output), parsed.InvocationConfiguration.Output, cancellation),
            cancellation));
        return command;
    }

    private static void Learn(bool chinese, string[] folders, string output, TextWriter log, CancellationToken cancellation)
    {
        IEnumerable<string> texts = folders.SelectMany(folder => Texts(folder, cancellation));
        LearntTokens learnt = BpeTrainer.Train(chinese ? texts.SelectMany(TokenizerTexts.Pieces) : texts, chinese ? ChineseSize : EnglishSize, [Breaks]);
        Directory.CreateDirectory(output);
        TokenizerWriter.Write(output, learnt);
        log.WriteLine($"{output}: {learnt.Vocabulary.Count} tokens, {learnt.Merges.Count} merges");
    }

    private static IEnumerable<string> Texts(string folder, CancellationToken cancellation)
    {
        using CauldronDataset rows = SamplePacker.OpenSplit(Path.GetDirectoryName(Path.GetFullPath(folder))!, Path.GetFileName(Path.GetFullPath(folder)), EmojiTable.Train);
        for (int row = 0; row < rows.Count; row++)
        {
            cancellation.ThrowIfCancellationRequested();
            foreach (CauldronTurn? turn in rows.ReadRow(row).Texts ?? [])
            {
                yield return turn?.User ?? "";
                yield return turn?.Assistant ?? "";
            }
        }
    }
}
