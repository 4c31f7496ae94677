using System.Globalization;
using Smvl.Training;

namespace Smvl.Cli;

/// <summary>Turns the reports of a run's steps into what people ask: how fast, how long still, is the loss falling.</summary>
internal sealed class TrainingMeter
{
    /// <summary>Weight of the newest step in the running means.</summary>
    private const double Newest = 0.1;

    private readonly List<double> losses = [];
    private double secondsPerStep;
    private double tokensPerSecond;

    /// <summary>Loss of every step seen.</summary>
    public IReadOnlyList<double> Losses => losses;

    public void Add(StepReport report)
    {
        double weight = losses.Count == 0 ? 1 : Newest;
        losses.Add(report.Loss);
        secondsPerStep += weight * (report.Seconds - secondsPerStep);
        tokensPerSecond += weight * ((report.Tokens / report.Seconds) - tokensPerSecond);
    }

    /// <summary>One line: stage, step, loss, learning rate, gradient norm, speed, time left.</summary>
    public string Describe(StepReport report)
    {
        TimeSpan left = TimeSpan.FromSeconds((report.MaxSteps - report.Step) * secondsPerStep);
        string time = left.TotalHours >= 1 ? left.ToString(@"d\.hh\:mm\:ss", CultureInfo.InvariantCulture).TrimStart('0', '.') : left.ToString(@"m\:ss", CultureInfo.InvariantCulture);
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{(report.Stage is { } stage ? $"stage {stage}  " : "")}step {report.Step}/{report.MaxSteps}  loss {report.Loss:F4}  lr {report.LearningRate:0.00e+00}  grad_norm {report.GradientNorm:F3}  {tokensPerSecond:N0} token/s  {time} left");
    }
}
