using System.Globalization;
using Smvl.Training;
using Spectre.Console;

namespace Smvl.Cli;

/// <summary>
/// Shows a run: on a terminal a bar that is redrawn, elsewhere plain lines, a few seconds apart and always for the last step.
/// </summary>
internal abstract class TrainingDisplay(TextWriter output) : ITrainingObserver
{
    private static readonly TimeSpan Gap = TimeSpan.FromSeconds(2);

    private DateTime last = DateTime.MinValue;
    private Action<string>? copy;

    protected TrainingMeter Meter { get; } = new();

    /// <summary>Loss of every step seen.</summary>
    public IReadOnlyList<double> Losses => Meter.Losses;

    /// <summary>Runs something under the display that fits the writer.</summary>
    public static T Watch<T>(TextWriter output, Func<TrainingDisplay, T> run) =>
        TerminalText.IsTerminal(output) ? Live.Run(output, run) : run(new Plain(output));

    public void OnStart(IReadOnlyList<string> trainable, long trainableCount, long allCount, int firstStep, int maxSteps)
    {
        const double Mebi = 1 << 20;
        Line(string.Create(
            CultureInfo.InvariantCulture,
            $"trainable params: {trainableCount / Mebi:F2}M || all params: {allCount / Mebi:F2}M || trainable%: {100.0 * trainableCount / allCount:F2}"));
        foreach (string name in trainable)
        {
            Line($"  trains {name}");
        }

        Begin(firstStep, maxSteps);
    }

    public void OnStep(StepReport report)
    {
        Meter.Add(report);
        bool isDue = report.Step == report.MaxSteps || DateTime.UtcNow - last >= Gap;
        if (isDue)
        {
            last = DateTime.UtcNow;
            copy?.Invoke(Meter.Describe(report));
        }

        Show(report, isDue);
    }

    public void OnEvaluated(int step, double loss, double seconds) =>
        Line(string.Create(CultureInfo.InvariantCulture, $"step {step}: eval_loss {loss:F4} ({seconds:F1} s)"));

    public void OnSaved(string folder) => Line($"saved {folder}");

    public void OnNote(string line) => Line(TerminalText.Printable(line));

    public void CopyTo(Action<string> line) => copy = line;

    protected abstract void Begin(int firstStep, int maxSteps);

    /// <param name="report">of the step</param>
    /// <param name="isDue">whether it is worth a line of its own</param>
    protected abstract void Show(StepReport report, bool isDue);

    /// <summary>Shows a line that stays.</summary>
    protected virtual void Write(string text) => output.WriteLine(text);

    private void Line(string text)
    {
        Write(text);
        copy?.Invoke(text);
    }

    private sealed class Plain(TextWriter output) : TrainingDisplay(output)
    {
        protected override void Begin(int firstStep, int maxSteps)
        {
        }

        protected override void Show(StepReport report, bool isDue)
        {
            if (isDue)
            {
                Write(Meter.Describe(report));
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

        protected override void Show(StepReport report, bool isDue)
        {
            bar!.Value = report.Step;
            bar.Description = Markup.Escape(Meter.Describe(report));
        }

        protected override void Write(string text) => AnsiConsole.WriteLine(text);
    }
}
