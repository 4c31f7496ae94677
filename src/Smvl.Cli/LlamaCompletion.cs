using System.Diagnostics;
using System.Globalization;
using Smvl.Inference;
using Smvl.Models;
using Smvl.Tensors;
using Smvl.Text;

namespace Smvl.Cli;

/// <summary>llama.cpp's own program, where there is one, run on an exported text model beside ours.</summary>
internal static class LlamaCompletion
{
    public const string Program = "llama-completion", Variable = "SMVL_LLAMA_COMPLETION";

    private const int NewTokens = 16;

    /// <summary>The program's path: what the environment names, else the first on the PATH; null where there is none.</summary>
    /// <exception cref="SmvlException">the environment names a file that is not there</exception>
    public static string? Find()
    {
        if (Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } named)
        {
            return File.Exists(named) ? named : throw new SmvlException("no such program", named, $"the path of {Program} in {Variable}");
        }

        string name = OperatingSystem.IsWindows() ? Program + ".exe" : Program;
        return (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
            .Select(folder => Path.Combine(folder, name))
            .FirstOrDefault(File.Exists);
    }

    /// <summary>Greedy tokens of both behind one question.</summary>
    /// <returns>a line that says what was found</returns>
    /// <exception cref="SmvlException">the program fails, or says another token where ours is sure of its own</exception>
    public static string Compare(string program, Backend backend, string file, GgufExportOptions options, CancellationToken cancellation)
    {
        string prompt = ChatTemplate.Render([ChatMessage.FromText("user", "图中有什么动物？它们在做什么？")], addGenerationPrompt: true, enableThinking: false);
        byte[] theirs = Run(program, file, prompt, options.Threads);
        using GgufModel model = GgufModel.Open(file, null, backend);
        GeneratedToken[] ours = [.. new Generator(model.Model, model.Generation.EosTokenIds).Generate(
            new Prompt(model.Tokenizer.Encode(prompt), [], 0), new SamplingOptions { Temperature = 0 }, NewTokens, alternatives: 2, cancellation)];
        int at = 0;
        for (int i = 0; i < ours.Length; i++)
        {
            // an end token is not printed
            byte[] bytes = model.Generation.EosTokenIds.Contains(ours[i].Id) ? [] : model.Tokenizer.Bytes(ours[i].Id, skipSpecialTokens: false);
            if (!theirs.AsSpan(at).StartsWith(bytes))
            {
                return Differs(program, file, ours, i, GgufVerifier.Bound(options.Type));
            }

            at += bytes.Length;
        }

        return $"{program}: the same {ours.Length} greedy tokens";
    }

    private static string Differs(string program, string file, GeneratedToken[] ours, int at, double bound)
    {
        float lead = ours[at].Alternatives[0].LogProbability - ours[at].Alternatives[1].LogProbability;
        return lead <= bound
            ? string.Create(CultureInfo.InvariantCulture, $"{program}: the same {at} greedy tokens, then two that are {lead:g3} apart in log-probability")
            : throw new SmvlException(
                $"{program} says something else", file, $"token {ours[at].Id} as number {at + 1}", "another one",
                string.Create(CultureInfo.InvariantCulture, $"ours leads by {lead:g3}, more than rounding explains"));
    }

    /// <summary>What it writes behind the prompt, special tokens included.</summary>
    private static byte[] Run(string program, string file, string prompt, int threads)
    {
        var start = new ProcessStartInfo(program) { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true };
        string[] arguments =
        [
            "-m", file, "-p", prompt, "-n", $"{NewTokens}", "-t", $"{threads}", "--temp", "0", "-no-cnv", "-sp", "--no-display-prompt",
            "-ctk", "f32", "-ctv", "f32", "-fa", "off",
        ];
        foreach (string argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        using Process process = Process.Start(start) ?? throw new SmvlException("does not start", program);
        process.StandardInput.Close();
        Task<string> errors = process.StandardError.ReadToEndAsync();
        using var output = new MemoryStream();
        process.StandardOutput.BaseStream.CopyTo(output);
        process.WaitForExit();
        string last = errors.GetAwaiter().GetResult().TrimEnd().Split('\n')[^1];
        return process.ExitCode == 0
            ? output.ToArray()
            : throw new SmvlException("does not run the file", program, "exit code 0", $"{process.ExitCode}", last);
    }
}
