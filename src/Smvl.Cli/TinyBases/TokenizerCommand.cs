using System.CommandLine;

namespace Smvl.Cli.TinyBases;

/// <summary><c>smvl tiny-bases tokenizer</c>: a base's tokenizer, learnt from the texts of its data.</summary>
internal static class TokenizerCommand
{
    private const string Chinese = "zh", English = "en";

    public static Command Create()
    {
        var language = new Option<string>("--language") { Description = $"{Chinese}: {TokenizerLearning.ChineseSize} tokens, {English}: {TokenizerLearning.EnglishSize} tokens, and Qwen3's added tokens", Required = true };
        language.AcceptOnlyFromAmong(Chinese, English);
        var texts = new Option<string[]>("--texts") { Description = "folders with train-*.parquet files, all of whose turns are read", Required = true, AllowMultipleArgumentsPerToken = true };
        var output = new Option<string>("--output") { Description = "a folder for the tokenizer's files", Required = true };
        var command = new Command("tokenizer", "Learn the tokenizer of a base from the texts of its data.") { language, texts, output };
        command.SetAction((parsed, cancellation) => Task.Run(
            () => TokenizerLearning.Learn(
                parsed.GetRequiredValue(language) == Chinese, parsed.GetRequiredValue(texts), parsed.GetRequiredValue(output), parsed.InvocationConfiguration.Output, cancellation),
            cancellation));
        return command;
    }
}
