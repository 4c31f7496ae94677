using System.CommandLine;
using Smvl.Formats;
using Smvl.Tensors.Cpu;
using Smvl.Training;
using Smvl.Training.Planning;

namespace Smvl.Cli;

/// <summary><c>smvl plan</c>: what <c>smvl train</c> with the same arguments would take, before it does.</summary>
internal static class PlanCommand
{
    public static Command Create()
    {
        var memory = new MemoryOption(
            "find settings with which the run stays within so much resident memory, as 8GB or 7.5GiB: smaller micro-batches, gradient_checkpointing, then fewer tiles");
        var rows = new Option<int>("--rows") { Description = "most rows of the data that are looked at", DefaultValueFactory = _ => TrainingPlan.DefaultRows };
        rows.Validators.Add(result =>
        {
            if (result.Errors.Any() || result.GetValueOrDefault<int>() < 1)
            {
                result.AddError("--rows must be a whole number, 1 or more.");
            }
        });
        var noTime = new Option<bool>("--no-time") { Description = "measure no seconds" };
        var output = new Option<string?>("--output") { Description = "write the configuration, with the settings that were found, to this YAML file" };
        var json = new Option<bool>("--json") { Description = "one JSON object" };
        var threads = new ThreadsOption();
        var command = new Command(
            "plan", "Predict a run's parameters, memory, time and disk before it begins: smvl plan CONFIG.yaml [--key value ...], with smvl train's keys")
        {
            memory, rows, noTime, output, json, threads,
        };
        command.TreatUnmatchedTokensAsErrors = false;

        // on a thread of its own, so that Ctrl-C is heard
        command.SetAction((parsed, cancellation) => Task.Run(
            () =>
            {
                TrainingArguments arguments = TrainCommand.ReadArguments(parsed);
                PlanOptions options = new(parsed.GetValue(rows), threads.Read(parsed), parsed.GetValue(memory), !parsed.GetValue(noTime));
                using CpuBackend backend = new(options.Threads);
                TrainingPlan plan = TrainingPlan.Make(arguments, backend, options, parsed.InvocationConfiguration.Error.WriteLine, cancellation);
                TextWriter text = parsed.InvocationConfiguration.Output;
                if (parsed.GetValue(json))
                {
                    text.Write(PlanJson.Of(plan));
                }
                else
                {
                    foreach (string line in PlanLines.Of(plan))
                    {
                        text.WriteLine(TerminalText.Printable(line));
                    }
                }

                if (parsed.GetValue(output) is { } file)
                {
                    AtomicFile.Write(file, stream => stream.Write(System.Text.Encoding.UTF8.GetBytes(plan.Arguments.ToYaml())));
                    if (!parsed.GetValue(json))
                    {
                        text.WriteLine($"written: {file}; smvl train {file} runs it");
                    }
                }
            },
            cancellation));
        return command;
    }
}
