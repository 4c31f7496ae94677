using System.Text.Json;
using Smvl.Tensors;
using Smvl.Tensors.Gpu;
using Smvl.Tests.Tensors.Gpu;

namespace Smvl.Tests.Cli;

/// <summary><c>smvl devices</c> and <c>--device</c>.</summary>
public sealed class DeviceTests
{
    private static readonly string Model = Golden.Path("spliced");

    [Theory]
    [InlineData("auto", DeviceKind.Auto, null)]
    [InlineData("cpu", DeviceKind.Cpu, null)]
    [InlineData("gpu", DeviceKind.Gpu, null)]
    [InlineData("gpu:12", DeviceKind.Gpu, 12)]
    public void AChoiceIsReadAndWritten(string text, DeviceKind kind, int? index)
    {
        Assert.True(DeviceChoice.TryParse(text, out DeviceChoice choice));
        Assert.Equal(new DeviceChoice(kind, index), choice);
        Assert.Equal(text, choice.ToString());
    }

    [Theory]
    [InlineData("")]
    [InlineData("GPU")]
    [InlineData("gpu:")]
    [InlineData("gpu:-1")]
    [InlineData("gpu: 1")]
    [InlineData("cuda:0")]
    public void WhatNamesNoDeviceIsRefused(string text) => Assert.False(DeviceChoice.TryParse(text, out _));

    [Fact]
    public async Task DevicesAreListedWithWhatTheyCan()
    {
        GpuDeviceInfo info = Gpu.Info;
        (int code, string output, _) = await CommandLine.Run("devices");
        Assert.Equal(0, code);
        Assert.StartsWith("cpu ", output, StringComparison.Ordinal);
        Assert.Contains($"gpu:{info.Index}  {info.Name}, ", output, StringComparison.Ordinal);
        Assert.Contains($"driver   {info.Driver}, Vulkan {info.Api}", output, StringComparison.Ordinal);

        (code, output, _) = await CommandLine.Run("devices", "--json");
        Assert.Equal(0, code);
        using JsonDocument json = JsonDocument.Parse(output);
        Assert.Equal("cpu", json.RootElement[0].GetProperty("device").GetString());
        JsonElement gpu = json.RootElement[1 + info.Index];
        Assert.Equal(info.Name, gpu.GetProperty("name").GetString());
        Assert.Equal(info.Memory, gpu.GetProperty("memory").GetInt64());
        Assert.Equal(info.Capabilities.IsSoftware, gpu.GetProperty("software").GetBoolean());
        Assert.Equal(JsonValueKind.Null, gpu.GetProperty("not_used").ValueKind);
        Gpu.CheckMessages();
    }

    [Theory]
    [InlineData("--device", "gpu")]
    [InlineData("--check", "--json")]
    [InlineData("--check", "--device=cpu")]
    public async Task WhatIsCheckedIsAGpu(params string[] options)
    {
        (int code, string error) = await CommandLine.Quiet(["devices", .. options]);
        Assert.Equal(2, code);
        Assert.StartsWith("smvl: usage: --", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AGpuThatIsNotThereIsOneLine()
    {
        (int code, string error) = await CommandLine.Quiet("chat", Model, "hello", "--device", "gpu:99");
        Assert.Equal(1, code);
        Assert.StartsWith("smvl: error: there is no GPU 99", error, StringComparison.Ordinal);
        Assert.Single(error.TrimEnd().Split('\n'));
    }

    [Theory]
    [InlineData("chat", "MODEL", "hello", "--device", "cuda")]
    [InlineData("train", "--device", "cuda")]
    public async Task AMisspeltDeviceIsAUsageError(params string[] args)
    {
        (int code, string error) = await CommandLine.Quiet([.. args.Select(arg => arg == "MODEL" ? Model : arg)]);
        Assert.Equal(2, code);
        Assert.Contains(DeviceChoice.Expected, error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task WhatTheCpuAloneDoesIsRefusedOnAGpu()
    {
        (int code, string error) = await CommandLine.Quiet("chat", Model, "hello", "--memory", "4GB", "--device", "gpu");
        Assert.Equal(1, code);
        Assert.Contains("a memory limit is kept on the CPU only (actual --device gpu); use --device cpu", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AutoSaysWhyItTakesTheCpu()
    {
        Assert.SkipUnless(Gpu.Info.Capabilities.IsSoftware, "there is a real GPU");
        (int code, string error) = await CommandLine.Quiet("chat", Model, "hello", "--max_new_tokens", "1", "--device", "auto");
        Assert.Equal(0, code);
        Assert.StartsWith($"computing on the CPU: {Gpu.Info.Name} is a driver that computes on the CPU", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AnAnswerOnTheGpuIsTheCpus()
    {
        string picture = Directory.GetFiles(Golden.Path("generate"), "*.png").Order().First();
        string[] args = ["chat", Model, "--image", picture, "图中有什么动物？", "--max_new_tokens", "5", "--temperature", "0"];
        (int code, string onGpu, string error) = await CommandLine.Run([.. args, "--device", $"gpu:{Gpu.Info.Index}"]);
        Assert.Equal($"computing on GPU {Gpu.Info.Index}: {Gpu.Info.Name}, {Gpu.Info.Driver}, as asked for", error.TrimEnd());
        Assert.Equal(0, code);
        (_, string onCpu, error) = await CommandLine.Run([.. args, "--device", "cpu"]);
        Assert.Equal("", error);
        Assert.Equal(onCpu, onGpu);
        Gpu.CheckMessages();
    }
}
