using System.Globalization;
using Spectre.Console;

namespace Smvl.Cli;

/// <summary>Shows how much of a checkpoint is written: a bar on a terminal, elsewhere a plain line every few seconds.</summary>
internal static class WriteProgress
{
    private const string What = "writing weights";
    private static readonly TimeSpan Gap = TimeSpan.FromSeconds(3);

    /// <param name="output">where the command writes</param>
    /// <param name="work">gets a way to report the share done, 0 to 1</param>
    public static T Watch<T>(TextWriter output, Func<Action<double>, T> work)
    {
        if (TerminalText.IsTerminal(output))
        {
            return AnsiConsole.Progress()
                .AutoClear(true)
                .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new RemainingTimeColumn())
                .Start(context =>
                {
                    ProgressTask bar = context.AddTask(What, maxValue: 1);
                    return work(share => bar.Value = share);
                });
        }

        DateTime last = DateTime.UtcNow;
        return work(share =>
        {
            if (DateTime.UtcNow - last >= Gap)
            {
                last = DateTime.UtcNow;
                output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{What}: {100 * share:F0} %"));
            }
        });
    }
}
