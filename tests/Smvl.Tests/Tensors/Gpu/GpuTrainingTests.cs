using Smvl.Tensors.Gpu;
using Smvl.Tests.Training;

namespace Smvl.Tests.Tensors.Gpu;

/// <summary>Whole runs on the GPU: repeatable to the bit, and with the last checkpoint standing when something goes wrong.</summary>
public sealed class GpuTrainingTests
{
    [Fact]
    public void ARunRepeatedIsTheSameToTheBit()
    {
        using TemporaryFolder folder = new();
        RecordingObserver first = new(), second = new();
        Run(folder["first"], first);
        Run(folder["second"], second);
        Assert.Equal(first.Steps.Select(step => step.Loss), second.Steps.Select(step => step.Loss));
        CheckWeights(folder["first"], folder["second"]);
        Gpu.CheckMessages();
    }

    [Fact]
    public void ALostDeviceLeavesTheLastCheckpointToContinueFrom()
    {
        using TemporaryFolder folder = new();
        RecordingObserver whole = new();
        Run(folder["whole"], whole);

        using (GpuBackend lost = Gpu.Backend())
        {
            void LoseAt(int step)
            {
                if (step == 3)
                {
                    lost.Device.Lose();
                }
            }

            Assert.Throws<GpuLostException>(() => Run(folder["parts"], new RecordingObserver { AtStep = LoseAt }, lost));
        }

        Assert.Equal(["checkpoint-1", "checkpoint-2"], Directory.GetDirectories(folder["parts"]).Select(path => Path.GetFileName(path)).Order());
        RecordingObserver rest = new();
        Run(folder["parts"], rest);
        Assert.Equal([3, 4], rest.Steps.Select(step => step.Step));
        CheckWeights(folder["whole"], folder["parts"]);
    }

    [Fact]
    public void TooLittleMemoryEndsARunWithOneLine()
    {
        using TemporaryFolder folder = new();
        using GpuBackend backend = Gpu.Backend(new GpuOptions { MemoryBytes = 3 << 20, BlockBytes = 1 << 18 });
        string message = Assert.Throws<SmvlException>(() => Run(folder["run"], new RecordingObserver(), backend)).Message;
        Assert.Contains("the device's memory does not suffice; needed: ", message, StringComparison.Ordinal);
        Assert.Contains("weights", message, StringComparison.Ordinal);
    }

    private static void CheckWeights(string expected, string actual)
    {
        Dictionary<string, byte[]> weights = RunFixture.Weights(actual);
        Assert.All(RunFixture.Weights(expected), tensor => Assert.Equal(tensor.Value, weights[tensor.Key]));
    }

    private static void Run(string output, RecordingObserver observer)
    {
        using GpuBackend backend = Gpu.Shared();
        Run(output, observer, backend);
    }

    private static void Run(string output, RecordingObserver observer, GpuBackend backend) => RunFixture.Run(
        RunFixture.Keys(output, "--max_steps", "4", "--save_steps", "1", "--save_total_limit", "2", "--per_device_train_batch_size", "1"), backend, observer);
}
