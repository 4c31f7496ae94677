using Smvl.Cli;

namespace Smvl.Tests.Cli;

/// <summary>The program, run in this process.</summary>
internal static class CommandLine
{
    public static async Task<(int Code, string Output, string Error)> Run(params string[] args)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        int code = await CommandLineProgram.Run(args, output, error);
        return (code, output.ToString(), error.ToString());
    }

    public static async Task<(int Code, string Error)> Quiet(params string[] args)
    {
        (int code, _, string error) = await Run(args);
        return (code, error);
    }

    /// <summary>Exit code 1 and one line on stderr, which is returned.</summary>
    public static async Task<string> Fails(params string[] args)
    {
        (int code, string output, string error) = await Run(args);
        Assert.True(code == 1, $"exit code {code}, expected 1; {output}{error}");
        Assert.StartsWith("smvl: error: ", error);
        return Assert.Single(error.TrimEnd('\n').Split('\n'));
    }
}
