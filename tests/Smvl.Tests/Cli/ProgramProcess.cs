using System.Diagnostics;
using Smvl.Cli;

namespace Smvl.Tests.Cli;

/// <summary>The program in a process of its own, in a folder and with an environment of the test's.</summary>
internal sealed class ProgramProcess : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    private readonly Process process;
    private readonly Task<string> output, error;

    /// <param name="folder">the working folder</param>
    /// <param name="variables">over this process's own</param>
    /// <param name="args">the command line</param>
    public ProgramProcess(string folder, IReadOnlyDictionary<string, string> variables, params string[] args)
    {
        ProcessStartInfo start = new("dotnet", [typeof(CommandLineProgram).Assembly.Location, .. args])
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach ((string name, string value) in variables)
        {
            start.Environment[name] = value;
        }

        process = Process.Start(start)!;
        output = process.StandardOutput.ReadToEndAsync();
        error = process.StandardError.ReadToEndAsync();
    }

    /// <summary>Waits until it ends by itself.</summary>
    public static async Task<(int Code, string Output, string Error)> Run(string folder, IReadOnlyDictionary<string, string> variables, params string[] args)
    {
        using ProgramProcess program = new(folder, variables, args);
        return await program.End();
    }

    /// <summary>Sends a signal, such as INT for Ctrl-C.</summary>
    public async Task Signal(string signal)
    {
        using Process kill = Process.Start("kill", [$"-{signal}", $"{process.Id}"]);
        await kill.WaitForExitAsync();
    }

    public async Task<(int Code, string Output, string Error)> End()
    {
        await process.WaitForExitAsync().WaitAsync(Patience);
        return (process.ExitCode, await output, await error);
    }

    public void Dispose()
    {
        process.Kill();
        process.Dispose();
    }
}
