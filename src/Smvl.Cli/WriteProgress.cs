using System.Globalization;
using Spectre.Console;

namespace Smvl.Cli;

/// <summary>Shows how much of a long work is done, of writing a checkpoint unless told otherwise: a bar on a terminal, elsewhere a plain line every few seconds.</summary>
internal static class WriteProgress
{
    public const string Writing = "writing weights", Verifying = "verifying";

    private static readonly TimeSpan Gap = TimeSpan.FromSeconds(3);

    /// <param name="output">where the command writes</param>
    /// <param name="work">gets a way to report the share done, 0 to 1</param>
    /// <param name="what">is done</param>
    public static T Watch<T>(TextWriter output, Func<Action<double>, T> work, string what = Writing) =>
        Watch(output, report => work(share => report(what, share)));

    /// <summary>Works one behind the other, each with a name of its own.</summary>
    /// <param name="output">where the command writes</param>
    /// <param name="work">gets a way to report what is done, and its share, 0 to 1</param>
    public static T Watch<T>(TextWriter output, Func<Action<string, double>, T> work)
    {
        if (TerminalText.IsTerminal(output))
        {
            return AnsiConsole.Progress()
                .AutoClear(true)
                .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new RemainingTimeColumn())
                .Start(context =>
                {
                    var bars = new Dictionary<string, ProgressTask>();
                    return work((what, share) =>
                    {
                        if (!bars.TryGetValue(what, out ProgressTask? bar))
                        {
                            bars[what] = bar = context.AddTask(what, maxValue: 1);
                        }

                        bar.Value = share;
                    });
                });
        }

        DateTime last = DateTime.UtcNow;
        return work((what, share) =>
        {
            if (DateTime.UtcNow - last >= Gap)
            {
                last = DateTime.UtcNow;
                output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{what}: {100 * share:F0} %"));
            }
        });
    }
}
