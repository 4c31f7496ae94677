using System.Globalization;
using Smvl.Training;
using Spectre.Console;

namespace Smvl.Cli;

/// <summary>
/// Shows a run: on a terminal a bar that is redrawn, elsewhere plain lines, a few seconds apart and always for the last step.
/// </summary>
internal abstract class TrainingDisplay(TextWriter output) : ITrainingObserver
{
    protected TrainingMeter Meter { get; } = new();

    /// <summary>Loss of every step seen.</summary>
    public IReadOnlyList<double> Losses => Meter.Losses;

    /// <summary>Runs something under the display that fits the writer.</summary>
    public static T Watch<T>(TextWriter output, Func<TrainingDisplay, T> run) =>
        TerminalText.IsTerminal(output) ? Live.Run(output, run) : run(new Plain(output));

    public void OnStart(IReadOnlyList<string> trainable, long trainableCount, long allCount, int firstStep, int maxSteps)
    {
        const double Mebi = 1 << 20;
        const int Shown = 6;
        Line(string.Create(
            CultureInfo.InvariantCulture,
            $"trainable params: {trainableCount / Mebi:F2}M || all params: {allCount / Mebi:F2}M || trainable%: {100.0 * trainableCount / allCount:F2}"));
        foreach (string name in trainable.Take(Shown))
        {
            Line($"  trains {name}");
        }

        if (trainable.Count > Shown)
        {
            Line($"  and {trainable.Count - Shown} more tensors");
        }

        Begin(firstStep, maxSteps);
    }

    public void OnStep(StepReport report)
    {
        Meter.Add(report);
        Show(report);
    }

    public void OnEvaluated(int step, double loss, double seconds) =>
        Line(string.Create(CultureInfo.InvariantCulture, $"step {step}: eval_loss {loss:F4} ({seconds:F1} s)"));

    public void OnSaved(string folder) => Line($"saved {folder}");

    public void OnNote(string line) => Line(TerminalText.Printable(line));

    protected abstract void Begin(int firstStep, int maxSteps);

    protected abstract void Show(StepReport report);

    /// <summary>A line that stays.</summary>
    protected virtual void Line(string text) => output.WriteLine(text);

    private sealed class Plain(TextWriter output) : TrainingDisplay(output)
    {
        private static readonly TimeSpan Gap = TimeSpan.FromSeconds(2);

        private readonly TextWriter lines = output;
        private DateTime last = DateTime.MinValue;

        protected override void Begin(int firstStep, int maxSteps)
        {
        }

        protected override void Show(StepReport report)
        {
            if (report.Step == report.MaxSteps || DateTime.UtcNow - last >= Gap)
            {
                last = DateTime.UtcNow;
                lines.WriteLine(Meter.Describe(report));
            }
        }
    }

    private sealed class Live(TextWriter output, ProgressContext context) : TrainingDisplay(output)
    {
        private ProgressTask? bar;

        public static T Run<T>(TextWriter output, Func<TrainingDisplay, T> run) => AnsiConsole.Progress()
            .Columns(new ProgressBarColumn { Width = 24 }, new PercentageColumn(), new TaskDescriptionColumn { Alignment = Justify.Left })
            .Start(context => run(new Live(output, context)));

        protected override void Begin(int firstStep, int maxSteps)
        {
            bar = context.AddTask("first step", maxValue: maxSteps);
            bar.Value = firstStep;
        }

        protected override void Show(StepReport report)
        {
            bar!.Value = report.Step;
            bar.Description = Markup.Escape(Meter.Describe(report));
        }

        protected override void Line(string text) => AnsiConsole.WriteLine(text);
    }
}
