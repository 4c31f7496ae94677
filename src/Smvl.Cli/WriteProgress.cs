using System.Globalization;
using Spectre.Console;

namespace Smvl.Cli;

/// <summary>Shows how much of a long work is done, of writing a checkpoint unless told otherwise: a bar on a terminal, elsewhere a plain line every few seconds.</summary>
internal static class WriteProgress
{
    private static readonly TimeSpan Gap = TimeSpan.FromSeconds(3);

    /// <param name="output">where the command writes</param>
    /// <param name="work">gets a way to report the share done, 0 to 1</param>
    /// <param name="what">is done</param>
    public static T Watch<T>(TextWriter output, Func<Action<double>, T> work, string what = "writing weights")
    {
        if (TerminalText.IsTerminal(output))
        {
            return AnsiConsole.Progress()
                .AutoClear(true)
                .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new RemainingTimeColumn())
                .Start(context =>
                {
                    ProgressTask bar = context.AddTask(what, maxValue: 1);
                    return work(share => bar.Value = share);
                });
        }

        DateTime last = DateTime.UtcNow;
        return work(share =>
        {
            if (DateTime.UtcNow - last >= Gap)
            {
                last = DateTime.UtcNow;
                output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{what}: {100 * share:F0} %"));
            }
        });
    }
}
