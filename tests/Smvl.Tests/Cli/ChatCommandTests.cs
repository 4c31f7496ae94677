using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Smvl.Cli;
using static Smvl.Tests.Cli.CommandLine;

namespace Smvl.Tests.Cli;

/// <summary><c>smvl chat</c> as a user runs it, on the fixtures' model and pictures.</summary>
public sealed class ChatCommandTests
{
    private static readonly string Model = Golden.Path("spliced");
    private static readonly string Picture = Directory.GetFiles(Golden.Path("generate"), "*.png").Order().First();

    [Fact]
    public async Task JsonHoldsWhatTheTextSays()
    {
        string[] args = ["chat", Model, "--image", Picture, "图中有什么动物？", "--max_new_tokens", "5", "--temperature", "0"];
        (int code, string text, string error) = await Run(args);
        Assert.Equal((0, ""), (code, error));
        (_, string json, _) = await Run([.. args, "--json", "--logprobs", "2"]);
        JsonElement root = JsonDocument.Parse(json).RootElement;
        Assert.Equal(["prompt_ids", "new_ids", "text", "logprobs", "timings"], root.EnumerateObject().Select(p => p.Name));
        Assert.Equal(text, TerminalText.Printable(root.GetProperty("text").GetString()!) + "\n");
        int count = root.GetProperty("new_ids").GetArrayLength();
        Assert.InRange(count, 1, 5);
        Assert.Equal(count, root.GetProperty("logprobs").GetArrayLength());
        foreach (JsonElement token in root.GetProperty("logprobs").EnumerateArray())
        {
            JsonElement[] top = [.. token.GetProperty("top").EnumerateArray()];
            Assert.Equal(2, top.Length);
            Assert.Equal(token.GetProperty("id").GetInt32(), top[0].GetProperty("id").GetInt32()); // greedy
            Assert.True(top[0].GetProperty("logprob").GetDouble() >= top[1].GetProperty("logprob").GetDouble());
        }
    }

    [Fact]
    public async Task ThinkingOnLeavesTheEmptyThinkBlockOut()
    {
        int[] off = await PromptIds();
        int[] on = await PromptIds("--thinking", "on");
        int[] system = await PromptIds("--system", "使用中文回答所有问题。");
        Assert.Equal(on, off[..on.Length]);
        Assert.True(off.Length > on.Length);
        Assert.True(system.Length > off.Length);

        static async Task<int[]> PromptIds(params string[] more)
        {
            (int code, string json, string error) = await Run(["chat", Model, "你好", "--max_new_tokens", "1", "--json", .. more]);
            Assert.Equal((0, ""), (code, error));
            return [.. JsonDocument.Parse(json).RootElement.GetProperty("prompt_ids").EnumerateArray().Select(id => id.GetInt32())];
        }
    }

    [Fact]
    public async Task ASeedReplaysASampledAnswer()
    {
        string[] args = ["chat", Model, "你好", "--max_new_tokens", "12", "--temperature", "1.5", "--top_k", "0", "--top_p", "1"];
        (_, string first, _) = await Run([.. args, "--seed", "3"]);
        (_, string again, _) = await Run([.. args, "--seed", "3"]);
        (_, string other, _) = await Run([.. args, "--seed", "4"]);
        Assert.Equal(first, again);
        Assert.NotEqual(first, other);
    }

    [Fact]
    public async Task WhatCannotBeReadIsNamed()
    {
        Assert.Contains("none.png", await Fails("chat", Model, "--image", "none.png", "？"));
        Assert.Contains("nowhere", await Fails("chat", "nowhere", "？"));
        Assert.Contains("config.json", await Fails("chat", Golden.Path("generate"), "？"));
        Assert.Contains("<|im_end|>", await Fails("chat", Model, "a<|im_end|>b"));
        Assert.Contains("max_new_tokens", await Fails("chat", Model, "？", "--max_new_tokens", "100000"));
        Assert.Contains("top_p", await Fails("chat", Model, "？", "--top_p", "2", "--max_new_tokens", "1"));
    }

    [Fact]
    public async Task AGgufFileAnswersAboutAPicture()
    {
        string[] args = ["chat", MtmdGolden.Path(MtmdGolden.TextName), "hello", "--max_new_tokens", "2", "--json"];
        string[] picture = ["--image", MtmdGolden.Path("32x32.png")];
        (int code, string json, string error) = await Run([.. args, .. picture, "--mmproj", MtmdGolden.Path(MtmdGolden.UncutName)]);
        Assert.Equal((0, ""), (code, error));
        Assert.Equal(2, JsonDocument.Parse(json).RootElement.GetProperty("new_ids").GetArrayLength());
        Assert.Equal(0, (await Run(args)).Code);
        Assert.Contains("--mmproj", await Fails([.. args, .. picture]));
        Assert.Equal(2, (await Quiet("chat", Model, "？", "--mmproj", "mmproj.gguf")).Code);
    }

    [Fact]
    public async Task AMemoryLimitIsToldOrRefused()
    {
        string[] args = ["chat", Model, "--image", Picture, "？", "--max_new_tokens", "2"];
        (int code, _, string error) = await Run([.. args, "--memory", "8GB"]);
        Assert.Equal(0, code);
        Assert.StartsWith("memory: at most ", Assert.Single(error.TrimEnd('\n').Split('\n')));
        Assert.Contains("memory limit", await Fails([.. args, "--memory", "0.5MiB"]));
    }

    [Theory]
    [InlineData("700MB", 700_000_000)]
    [InlineData("0.5 gib", 1L << 29)]
    [InlineData("2MiB", 2 << 20)]
    [InlineData("700", 0)]
    [InlineData("-1MB", 0)]
    [InlineData("MB", 0)]
    public void AnAmountOfMemoryHasAUnit(string text, long expected)
    {
        Assert.Equal(expected > 0, MemoryOption.TryParse(text, out long bytes));
        Assert.Equal(expected, bytes);
    }

    [Fact]
    public async Task CtrlCEndsAnAnswerAndTheConversationGoesOn()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "sends a signal");
        Assert.SkipWhen(InterruptIsIgnored(), "started where Ctrl-C is ignored, as a shell's background jobs are, and so are their children");
        ProcessStartInfo start = new("dotnet", [typeof(CommandLineProgram).Assembly.Location, "chat", Model, "--max_new_tokens", "3500", "--temperature", "0"])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using Process process = Process.Start(start)!;
        using CancellationTokenSource patience = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        patience.CancelAfter(TimeSpan.FromMinutes(2));
        try
        {
            char[] buffer = new char[8];
            for (int question = 0; question < 2; question++)
            {
                await process.StandardInput.WriteLineAsync("a");
                Assert.True(await process.StandardOutput.ReadBlockAsync(buffer, patience.Token) > 0);
                using Process kill = Process.Start("kill", ["-INT", $"{process.Id}"]);
                await kill.WaitForExitAsync(patience.Token);
                while (await process.StandardOutput.ReadAsync(buffer.AsMemory(0, 1), patience.Token) > 0 && buffer[0] != '…')
                {
                }

                Assert.Equal('…', buffer[0]);
            }

            process.StandardInput.Close();
            await process.WaitForExitAsync(patience.Token);
            Assert.Equal((0, ""), (process.ExitCode, await process.StandardError.ReadToEndAsync(patience.Token)));
        }
        finally
        {
            process.Kill();
        }
    }

    private static bool InterruptIsIgnored()
    {
        string line = File.ReadLines("/proc/self/status").First(each => each.StartsWith("SigIgn:", StringComparison.Ordinal));
        return (ulong.Parse(line.AsSpan("SigIgn:".Length).Trim(), NumberStyles.HexNumber, CultureInfo.InvariantCulture) & 2) != 0;
    }

    [Fact]
    public void ControlCharactersDoNotReachTheTerminal() =>
        Assert.Equal("a\n\tb\uFFFD[2J猫\uFFFD", TerminalText.Printable("a\n\tb\u001b[2J猫\u0085"));

    [Theory]
    [InlineData("--max_new_tokens", "0")]
    [InlineData("--thinking", "maybe")]
    [InlineData("--logprobs", "3")]
    [InlineData("--memory", "lots")]
    [InlineData("--temperature", "warm")]
    public async Task WrongUsageExitsWithTwo(string option, string value)
    {
        (int code, string error) = await Quiet("chat", Model, "？", option, value);
        Assert.Equal(2, code);
        Assert.StartsWith("smvl: usage: ", error);
    }
}
