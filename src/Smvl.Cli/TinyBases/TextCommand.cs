using System.CommandLine;

namespace Smvl.Cli.TinyBases;

/// <summary><c>smvl tiny-bases text</c>: the Chinese dialogues that the text base is trained on.</summary>
internal static class TextCommand
{
    public static Command Create()
    {
        var output = new Option<string>("--output") { Description = $"a folder for {TextDialogues.Subset}", Required = true };
        var rows = new Option<int>("--rows") { Description = $"dialogues to train on; for {ChineseData.TestEvery} of them one more to test", DefaultValueFactory = _ => ChineseData.DefaultRows };
        var byShape = new Option<double>("--by_shape")
        {
            Description = "share of the dialogues that ask for things by their shape",
            DefaultValueFactory = _ => TextDialogues.DefaultByShape,
        };
        var seed = new Option<long>("--seed") { Description = "the same seed, the same bytes", DefaultValueFactory = _ => 1 };
        var samples = new Option<string>("--samples") { Description = "the folder of the sample data, with emoji_zh", DefaultValueFactory = _ => "samples/data" };
        rows.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() < ChineseData.TestEvery)
            {
                result.AddError($"--rows must be at least {ChineseData.TestEvery}.");
            }
        });
        byShape.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<double>() is not (>= 0 and <= 1))
            {
                result.AddError("--by_shape must be from 0 to 1.");
            }
        });
        var threads = new ThreadsOption();
        var command = new Command("text", "Write the Chinese dialogues that the text base is trained on.") { output, rows, byShape, seed, samples, threads };
        command.SetAction((parsed, cancellation) => Task.Run(
            () => ChineseData.Write(
                parsed.GetRequiredValue(samples), parsed.GetRequiredValue(output), parsed.GetValue(rows), parsed.GetValue(byShape), (ulong)parsed.GetValue(seed),
                new ParallelRows(threads.Read(parsed), cancellation), parsed.InvocationConfiguration.Output),
            cancellation));
        return command;
    }
}
