using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Smvl.Benchmarks;
using Smvl.Tensors;

namespace Smvl.Cli;

/// <summary>One work in a process of its own: this program again, which measures that work and prints its rows as JSON.</summary>
internal static class BenchProcess
{
    public const string WorkOption = "--work";

    private const string Program = "Smvl.Cli";
    private const string Host = "dotnet";

    /// <exception cref="SmvlException">the process failed; with its own words</exception>
    public static IReadOnlyList<BenchmarkRow> Run(
        BenchmarkWork work, BenchmarkPreset preset, DeviceChoice device, int? threads, BenchmarkSource model, CancellationToken cancellation)
    {
        ProcessStartInfo start = ThisProgram();
        foreach (string argument in (string[])["bench", WorkOption, work.Name, "--preset", preset.Name, "--device", device.ToString(), "--model", model.Path])
        {
            start.ArgumentList.Add(argument);
        }

        if (threads is { } count)
        {
            start.ArgumentList.Add("--threads");
            start.ArgumentList.Add(count.ToString(CultureInfo.InvariantCulture));
        }

        if (model.Projector is not null)
        {
            start.ArgumentList.Add("--mmproj");
            start.ArgumentList.Add(model.Projector);
        }

        start.RedirectStandardOutput = true;
        start.RedirectStandardError = true;
        using Process process = Start(start, work);
        using CancellationTokenRegistration registration = cancellation.Register(() => process.Kill(entireProcessTree: true));
        Task<string> errors = process.StandardError.ReadToEndAsync(CancellationToken.None);
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        if (process.ExitCode == CommandLineProgram.Interrupted)
        {
            throw new OperationCanceledException();   // Ctrl-C reaches both, in no certain order
        }

        cancellation.ThrowIfCancellationRequested();
        string problem = errors.GetAwaiter().GetResult().Trim();
        try
        {
            return process.ExitCode == 0 ? BenchJson.Read(output) : throw Failed(work, process.ExitCode, problem);
        }
        catch (JsonException)
        {
            throw Failed(work, process.ExitCode, problem);
        }
    }

    /// <summary>
    /// The program as it was started: itself, or by the dotnet host, or, in a test, by something else beside which it lies.
    /// </summary>
    private static ProcessStartInfo ThisProgram()
    {
        string running = Environment.ProcessPath!;
        string assembly = Path.Combine(AppContext.BaseDirectory, Program + ".dll");
        string name = Path.GetFileNameWithoutExtension(running);
        return name == Program || !File.Exists(assembly)
            ? new ProcessStartInfo(running)
            : new ProcessStartInfo(name == Host ? running : Host) { ArgumentList = { assembly } };
    }

    private static Process Start(ProcessStartInfo start, BenchmarkWork work)
    {
        try
        {
            return Process.Start(start)!;
        }
        catch (Win32Exception e)
        {
            throw new SmvlException("the program could not be started again", work.Name, actual: $"{start.FileName}: {e.Message}", inner: e);
        }
    }

    private static SmvlException Failed(BenchmarkWork work, int code, string problem) => new(
        "the work's process failed", work.Name, actual: problem.Length > 0 ? problem : $"exit code {code} without a word, as when memory runs out");
}
