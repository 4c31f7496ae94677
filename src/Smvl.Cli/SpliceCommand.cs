using System.CommandLine;
using Smvl.Models;
using Smvl.Text;

namespace Smvl.Cli;

/// <summary><c>smvl splice</c>: the vision tower of one folder onto the text model of another.</summary>
internal static class SpliceCommand
{
    public static Command Create()
    {
        var vision = new Option<string>("--vision") { Description = $"a SmolVLM or Idefics3 folder, {ModelArgument.OrName}", Required = true };
        var text = new Option<string>("--text") { Description = $"a Qwen3 folder with its tokenizer, {ModelArgument.OrName}", Required = true };
        var output = new Option<string>("--output") { Description = "a new or empty folder", Required = true };
        var initialization = new Option<ConnectorInitialization>("--connector_init") { Description = "uniform within 1/sqrt(fan-in), or normal" };
        var deviation = new Option<double>("--connector_std")
        {
            Description = "the deviation of --connector_init normal",
            DefaultValueFactory = _ => SpliceOptions.DefaultConnectorDeviation,
        };
        var layout = new Option<string>("--image_layout")
        {
            Description = "what stands around image rows: markers that are tokens, the original scripts' strings, or Qwen's tokens and text",
            DefaultValueFactory = _ => ImageLayout.Tokens.Name,
        };
        layout.AcceptOnlyFromAmong([.. ImageLayout.Named.Select(known => known.Name)]);
        var seed = new Option<long>("--seed") { Description = "the same seed, the same new weights", DefaultValueFactory = _ => SpliceOptions.DefaultSeed };
        var threads = new ThreadsOption();
        deviation.Validators.Add(result =>
        {
            if (!(result.GetValueOrDefault<double>() > 0))
            {
                result.AddError("--connector_std must be above 0.");
            }
        });
        var command = new Command("splice", "Join a vision tower and a text model through a new connector.")
        {
            vision, text, output, layout, initialization, deviation, seed, threads,
        };
        // on a thread of its own, so that Ctrl-C is heard
        command.SetAction((parsed, cancellation) => Task.Run(
            () =>
            {
                var options = new SpliceOptions(
                    ModelArgument.Find(parsed, parsed.GetRequiredValue(vision)), ModelArgument.Find(parsed, parsed.GetRequiredValue(text)), parsed.GetRequiredValue(output))
                {
                    Connector = parsed.GetValue(initialization),
                    ConnectorDeviation = parsed.GetValue(deviation),
                    Seed = parsed.GetValue(seed),
                    Layout = ImageLayout.OfName(parsed.GetRequiredValue(layout))!,
                    Threads = threads.Read(parsed),
                };
                ModelConfig config = WriteProgress.Watch(parsed.InvocationConfiguration.Output, progress =>
                    Splicer.Splice(options, parsed.InvocationConfiguration.Error.WriteLine, progress, cancellation));
                parsed.InvocationConfiguration.Output.WriteLine(
                    $"spliced into {options.Output}: tiles of {config.Vision.ImageSize} pixels become {config.ImageSequenceLength} rows; see smvl info");
            },
            cancellation));
        return command;
    }
}
