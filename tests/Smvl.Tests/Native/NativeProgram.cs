using System.Diagnostics;
using System.Text;

namespace Smvl.Tests.Native;

/// <summary>The binary that <c>./smvl publish</c> made, in a process of its own. <c>SMVL_NATIVE</c> names it; without it, its tests are skipped.</summary>
internal static class NativeProgram
{
    private const string Variable = "SMVL_NATIVE";

    /// <summary>The binary's path; skips the test where none is named.</summary>
    public static string Path
    {
        get
        {
            string? path = Environment.GetEnvironmentVariable(Variable);
            Assert.SkipUnless(path is { Length: > 0 }, $"no native binary: ./smvl publish makes one, {Variable} names it");
            Assert.True(File.Exists(path), $"{Variable} names {path}, which does not exist");
            return path!;
        }
    }

    /// <summary>Runs it in a folder without anything of the checkout.</summary>
    /// <param name="input">what it reads on standard input</param>
    /// <param name="args">the command line</param>
    public static async Task<(int Code, string Output, string Error)> Run(string input, params string[] args)
    {
        using TemporaryFolder elsewhere = new();
        ProcessStartInfo start = new(Path, args)
        {
            WorkingDirectory = elsewhere.Path,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardInputEncoding = new UTF8Encoding(false),
            StandardOutputEncoding = Encoding.UTF8,
            StandardErrorEncoding = Encoding.UTF8,
        };
        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync(), error = process.StandardError.ReadToEndAsync();
        await process.StandardInput.WriteAsync(input);
        process.StandardInput.Close();
        await process.WaitForExitAsync();
        return (process.ExitCode, await output, await error);
    }
}
