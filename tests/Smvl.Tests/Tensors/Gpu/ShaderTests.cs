using System.ComponentModel;
using System.Diagnostics;

namespace Smvl.Tests.Tensors.Gpu;

/// <summary>The committed SPIR-V is what the committed sources compile to.</summary>
public sealed class ShaderTests
{
    /// <summary>Of Debian 12's glslc; another one writes other bytes.</summary>
    private const string Compiler = "shaderc 2023.2";

    private static readonly string Folder = Path.Combine(Tests.Golden.Root, "src", "Smvl", "Tensors", "Gpu", "Shaders", "Spirv");

    [Fact]
    public void EveryKernelIsItsSourceCompiled()
    {
        string? version = Run("glslc", "--version")?.Output;
        Assert.SkipWhen(version is null, "glslc is not installed");
        Assert.SkipUnless(version.StartsWith(Compiler, StringComparison.Ordinal), $"glslc is not of {Compiler}");
        using TemporaryFolder compiled = new();
        (int exit, string output) = Run(Path.Combine(Tests.Golden.Root, "scripts", "shaders.sh"), "--output", compiled.Path)!.Value;
        Assert.True(exit == 0, output);
        string[] names = Names(compiled.Path);
        Assert.NotEmpty(names);
        Assert.Equal(names, Names(Folder));
        Assert.All(names, name => Assert.Equal(File.ReadAllBytes(compiled[name]), File.ReadAllBytes(Path.Combine(Folder, name))));
    }

    private static (int Exit, string Output)? Run(string program, params string[] arguments)
    {
        try
        {
            using Process process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
            Task<string> errors = process.StandardError.ReadToEndAsync();
            string output = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            return (process.ExitCode, output + errors.Result);
        }
        catch (Win32Exception)
        {
            return null;
        }
    }

    private static string[] Names(string folder) => [.. Directory.GetFiles(folder, "*.spv").Select(path => Path.GetFileName(path)!).Order(StringComparer.Ordinal)];
}
