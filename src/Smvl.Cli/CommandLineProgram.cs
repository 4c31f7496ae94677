using System.CommandLine;
using System.CommandLine.Help;
using Smvl.Tensors.Gpu;

namespace Smvl.Cli;

/// <summary>
/// The program without its process: parses, runs a command, and turns every failure into one line on the error writer.
/// Exit codes: 0 done, 1 bad input, 2 usage, 3 the GPU was lost, 130 interrupted.
/// </summary>
internal static class CommandLineProgram
{
    private const string Program = "smvl";
    public const int BadInput = 1;
    private const int Usage = 2;
    private const int DeviceLost = 3;
    public const int Interrupted = 130;

    /// <summary>After Ctrl-C or SIGTERM: a checkpoint of a large model takes its time.</summary>
    private static readonly TimeSpan TimeToFinish = TimeSpan.FromMinutes(10);

    public static async Task<int> Run(IReadOnlyList<string> args, TextWriter output, TextWriter error)
    {
        // not a RootCommand: that is called after the file, Smvl.Cli, and not as users call it
        var root = new Command(Program, "SmVL: splice a vision tower onto a language model, train the connector, chat.")
        {
            new HelpOption(),
            new VersionOption(),
            InitCommand.Create(),
            SpliceCommand.Create(),
            InfoCommand.Create(),
            TrainCommand.Create(),
            PlanCommand.Create(),
            DataCommand.Create(),
            MergeCommand.Create(),
            ChatCommand.Create(),
            TokenizeCommand.Create(),
            ExportCommand.Create(),
            QuantizeCommand.Create(),
            DoctorCommand.Create(),
            DevicesCommand.Create(),
            EvalCommand.Create(),
            CompareCommand.Create(),
            DemoCommand.Create(),
            BenchCommand.Create(),
            TinyBasesCommand.Create(),
            DownloadCommand.Create(),
            SyncCommand.Create(),
        };
        ParseResult parsed = root.Parse(args);
        if (parsed.Errors.Count > 0)
        {
            foreach (string message in parsed.Errors.Select(problem => problem.Message))
            {
                error.WriteLine($"smvl: usage: {OneLine(message)}");
            }

            string path = string.Join(' ', CommandPath(parsed));
            error.WriteLine($"smvl: usage: see {path} --help");
            return Usage;
        }

        try
        {
            return await parsed.InvokeAsync(new InvocationConfiguration
            {
                Output = output,
                Error = error,
                EnableDefaultExceptionHandler = false,
                ProcessTerminationTimeout = ChatCommand.HearsInterrupts(parsed) ? null : TimeToFinish,
            });
        }
        catch (UsageException e)
        {
            error.WriteLine($"smvl: usage: {OneLine(e.Message)}");
            return Usage;
        }
        catch (SmvlException e)
        {
            return Fail(e.Message);
        }
        catch (GpuLostException e)
        {
            Fail(e.Message);
            return DeviceLost;
        }
        catch (OperationCanceledException)
        {
            error.WriteLine("smvl: interrupted; nothing was left half written");
            return Interrupted;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return Fail(e.Message);   // the system's own words: a full disk, a folder without permission
        }
        catch (Exception e)
        {
            return Fail($"a fault of the program: {e.GetType().Name}: {e.Message}");
        }

        int Fail(string message)
        {
            error.WriteLine($"smvl: error: {OneLine(message)}");
            return BadInput;
        }
    }

    // a message may quote what a file or a server says
    private static string OneLine(string message) => TerminalText.Printable(message.ReplaceLineEndings(" "));

    private static IEnumerable<string> CommandPath(ParseResult parsed)
    {
        yield return Program;
        if (parsed.CommandResult.Command.Name != Program)
        {
            yield return parsed.CommandResult.Command.Name;
        }
    }
}
