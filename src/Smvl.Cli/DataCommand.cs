using System.CommandLine;
using Smvl.Models;
using Smvl.Tensors.Cpu;
using Smvl.Training;

namespace Smvl.Cli;

/// <summary><c>smvl data</c>: what training would make of its data.</summary>
internal static class DataCommand
{
    public static Command Create() => new("data", "Look at training data as a run would see it.") { CreateReport() };

    private static Command CreateReport()
    {
        var rows = new Option<int>("--rows") { Description = "most rows of a dataset that are looked at, evenly spread over it", DefaultValueFactory = _ => 1000 };
        var samples = new Option<int>("--samples") { Description = "first samples of each dataset that are shown whole, labels marked", DefaultValueFactory = _ => 2 };
        var command = new Command(
            "report", "Turns, pictures, tiles, tokens and labels of each dataset of a run: smvl data report CONFIG.yaml [--key value ...], with smvl train's keys")
        {
            rows, samples,
        };
        command.TreatUnmatchedTokensAsErrors = false;
        foreach ((Option<int> option, int least) in ((Option<int>, int)[])[(rows, 1), (samples, 0)])
        {
            option.Validators.Add(result =>
            {
                if (result.Errors.Any() || result.GetValueOrDefault<int>() < least)
                {
                    result.AddError($"{option.Name} must be a whole number, {least} or more.");
                }
            });
        }

        // on a thread of its own, so that Ctrl-C is heard
        command.SetAction((parsed, cancellation) => Task.Run(
            () => Report(parsed, parsed.GetValue(rows), parsed.GetValue(samples), cancellation), cancellation));
        return command;
    }

    private static void Report(ParseResult parsed, int rows, int samples, CancellationToken cancellation)
    {
        TrainingArguments arguments = TrainCommand.ReadArguments(parsed);
        TextWriter output = parsed.InvocationConfiguration.Output;
        Action<string> notice = parsed.InvocationConfiguration.Error.WriteLine;
        string folder = TrainingRun.FindModel(arguments, notice) ?? throw new SmvlException(
            "no model is named, and its tokenizer and picture settings decide about tokens", "model", "a spliced folder", "none", "make one with: smvl splice");
        using CpuBackend backend = new(1);
        using ModelFolder model = ModelFolder.OpenAny(folder, backend, notice, arguments.DoImageSplitting);
        TrainingRun.CheckLayout(arguments, model);
        DataReportText text = new(model, TerminalText.HasColors(output));
        foreach (DatasetFigures figures in DataReport.Make(arguments, model, rows, samples, cancellation))
        {
            foreach (string line in text.Lines(figures))
            {
                output.WriteLine(line);
            }
        }
    }
}
