using System.Diagnostics;

namespace Smvl.Tests;

/// <summary>Tests of this project run once more in a process of their own: under other settings of the runtime, or undisturbed by the rest.</summary>
internal static class ChildProcess
{
    private const string Mark = "SMVL_TEST_CHILD";

    /// <summary>True in such a process.</summary>
    public static bool IsThis => Environment.GetEnvironmentVariable(Mark) is not null;

    /// <summary>Fails unless at least one test ran and all that ran passed.</summary>
    /// <param name="methods">patterns of test names, as the runner's <c>-method</c> takes them</param>
    /// <param name="settings">environment variables of the child</param>
    public static async Task Passes(IEnumerable<string> methods, params (string Name, string Value)[] settings)
    {
        ProcessStartInfo start = new(Environment.ProcessPath!) { RedirectStandardOutput = true, RedirectStandardError = true };
        if (!Path.GetFileName(Environment.ProcessPath!).StartsWith("Smvl.Tests", StringComparison.Ordinal))
        {
            start.ArgumentList.Add(typeof(ChildProcess).Assembly.Location);
        }

        foreach (string method in methods)
        {
            start.ArgumentList.Add("-method");
            start.ArgumentList.Add(method);
        }

        foreach ((string name, string value) in settings)
        {
            start.Environment[name] = value;
        }

        start.Environment[Mark] = "1";
        using Process process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, output + await errors);
        Assert.DoesNotContain("Total: 0", output);
    }
}
