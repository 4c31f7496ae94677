using System.CommandLine;
using Smvl.Models;

namespace Smvl.Cli;

/// <summary><c>smvl init</c>: a checkpoint folder of random weights.</summary>
internal static class InitCommand
{
    public static Command Create()
    {
        var preset = new Option<string>("--preset") { Description = string.Join(" | ", Presets.Names), Required = true };
        preset.AcceptOnlyFromAmong([.. Presets.Names]);
        var output = new Option<string>("--output") { Description = "a new or empty folder", Required = true };
        var seed = new Option<long>("--seed") { Description = "the same seed, the same weights", DefaultValueFactory = _ => InitializeOptions.DefaultSeed };
        var tokenizer = new Option<string?>("--tokenizer") { Description = "a folder whose tokenizer files are copied" };
        var threads = new ThreadsOption();
        var command = new Command("init", "Make a checkpoint folder of random weights, in Hugging Face's layout.") { preset, output, seed, tokenizer, threads };
        // on a thread of its own, so that Ctrl-C is heard
        command.SetAction((parsed, cancellation) => Task.Run(
            () =>
            {
                var options = new InitializeOptions(
                    parsed.GetRequiredValue(preset), parsed.GetRequiredValue(output), parsed.GetValue(seed), parsed.GetValue(tokenizer))
                {
                    Threads = threads.Read(parsed),
                };
                long parameters = WriteProgress.Watch(parsed.InvocationConfiguration.Output, progress =>
                    CheckpointInitializer.Initialize(options, parsed.InvocationConfiguration.Error.WriteLine, progress, cancellation));
                parsed.InvocationConfiguration.Output.WriteLine(FormattableString.Invariant(
                    $"{options.Preset} with {parameters:N0} random weights (seed {options.Seed}) in {options.Output}"));
            },
            cancellation));
        return command;
    }
}
