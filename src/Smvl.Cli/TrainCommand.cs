using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using Smvl.Tensors;
using Smvl.Training;

namespace Smvl.Cli;

/// <summary>
/// <c>smvl train</c>: one run from a YAML file, from keys on the command line, or from a file with keys over it. The keys are
/// TrainingArguments' own table, so they are not declared here one by one; what is no part of the configuration is an option here.
/// </summary>
internal static class TrainCommand
{
    public static Command Create()
    {
        var command = new Command("train", "Fine-tune a spliced model: smvl train CONFIG.yaml [--key value ...], or smvl train --key value ...")
        {
            TreatUnmatchedTokensAsErrors = false,
        };
        var threads = new ThreadsOption();
        var profile = new Option<bool>("--profile") { Description = $"show seconds and rates per kind of operation, and write {ProfileReport.FileName}" };
        command.Options.Add(threads);
        command.Options.Add(profile);
        command.Options.Add(new HelpOption { Action = new PrintKeys() });

        // on a thread of its own, so that Ctrl-C is heard
        command.SetAction((parsed, cancellation) => Task.Run(
            () => Run(parsed, threads.Read(parsed), parsed.GetValue(profile), cancellation), cancellation));
        return command;
    }

    private static int Run(ParseResult parsed, int threads, bool profile, CancellationToken cancellation)
    {
        TrainingArguments arguments = ReadArguments(parsed);
        TextWriter output = parsed.InvocationConfiguration.Output;
        using Backend opened = Backends.Open(arguments.Device, new BackendOptions
        {
            Threads = threads,
            OnlyOnCpu = profile ? "--profile measures the CPU's operations only" : null,
            Notice = parsed.InvocationConfiguration.Error.WriteLine,
        });
        Backend backend = profile ? new ProfilingBackend(opened) : opened;
        TrainingResult result = TrainingDisplay.Watch(output, observer => TrainingRun.Run(arguments, backend, observer, cancellation));
        if (result.Interrupted)
        {
            output.WriteLine($"interrupted behind step {result.Step}; the same command continues from there");
            return CommandLineProgram.Interrupted;
        }

        output.WriteLine(FormattableString.Invariant(
            $"done: {result.Step} steps, mean loss {result.TrainLoss:F4}{(result.EvalLoss is { } loss ? $", eval_loss {loss:F4}" : "")}; the model is in {arguments.OutputDir}"));
        return 0;
    }

    /// <summary>The configuration among what is no option: a file, keys, or both.</summary>
    /// <exception cref="UsageException">a key on the command line is wrong</exception>
    public static TrainingArguments ReadArguments(ParseResult parsed)
    {
        try
        {
            return TrainingArguments.FromCommandLine(parsed.UnmatchedTokens);
        }
        catch (SmvlException e) when (e.Where is { } where && where.StartsWith(TrainingArguments.CommandLine, StringComparison.Ordinal))
        {
            throw new UsageException(e.Message);
        }
    }

    private sealed class PrintKeys : SynchronousCommandLineAction
    {
        public override int Invoke(ParseResult parseResult)
        {
            TextWriter output = parseResult.InvocationConfiguration.Output;
            output.WriteLine(TrainingHelp.Text());
            output.WriteLine("On the command line only:");
            foreach (Option option in parseResult.CommandResult.Command.Options.Where(option => option is not HelpOption))
            {
                output.WriteLine($"  {option.Name}\n      {option.Description}");
            }

            return 0;
        }
    }
}
