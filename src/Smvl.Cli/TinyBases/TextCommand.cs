using System.CommandLine;
using Smvl.Data;

namespace Smvl.Cli.TinyBases;

/// <summary><c>smvl tiny-bases text</c>: the Chinese dialogues that the text base is trained on.</summary>
internal static class TextCommand
{
    private const int TestEvery = 50;

    public static Command Create()
    {
        var output = new Option<string>("--output") { Description = $"a folder for {TextDialogues.Subset}", Required = true };
        var rows = new Option<int>("--rows") { Description = $"dialogues to train on; for {TestEvery} of them one more to test", DefaultValueFactory = _ => 80_000 };
        var seed = new Option<long>("--seed") { Description = "the same seed, the same bytes", DefaultValueFactory = _ => 1 };
        var samples = new Option<string>("--samples") { Description = "the folder of the sample data, with emoji_zh", DefaultValueFactory = _ => "samples/data" };
        rows.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() < TestEvery)
            {
                result.AddError($"--rows must be at least {TestEvery}.");
            }
        });
        var command = new Command("text", "Write the Chinese dialogues that the text base is trained on.") { output, rows, seed, samples };
        command.SetAction((parsed, cancellation) => Task.Run(
            () => Write(
                parsed.GetRequiredValue(samples), parsed.GetRequiredValue(output), parsed.GetValue(rows), (ulong)parsed.GetValue(seed),
                parsed.InvocationConfiguration.Output, cancellation),
            cancellation));
        return command;
    }

    private static void Write(string samples, string output, int rows, ulong seed, TextWriter log, CancellationToken cancellation)
    {
        using CauldronDataset emoji = SamplePacker.OpenSplit(samples, SamplePacker.EmojiSubset, EmojiTable.Train);
        var dialogues = new TextDialogues(Enumerable.Range(0, emoji.Count).Select(emoji.ReadRow));
        SamplePacker.WriteSplit(output, TextDialogues.Subset, EmojiTable.Train, ParallelRows.Make(rows, row => dialogues.Train(seed, row), cancellation), log);
        SamplePacker.WriteSplit(
            output, TextDialogues.Subset, EmojiTable.Test, ParallelRows.Make(rows / TestEvery, row => TextDialogues.Test(seed, row), cancellation), log);
    }
}
