using Smvl.Tensors.Cpu;
using Smvl.Training;

namespace Smvl.Tests.Training;

/// <summary><c>gradient_checkpointing: true</c> in a run's keys keeps less memory, where activations are most of it.</summary>
public sealed class CheckpointingMemoryTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void FewerBytesAreUsedAtOnce()
    {
        List<string> keys = LargePictures.Keys(folder);
        keys.AddRange(["--freeze", "full", "--max_steps", "1"]);
        long plain = MostUsed(keys, "off"), checkpointed = MostUsed(keys, "on");
        Assert.InRange(checkpointed, 1, plain / 2);
    }

    private long MostUsed(List<string> keys, string checkpointing)
    {
        using CpuBackend backend = new(2);
        TrainingRun.Run(TrainingArguments.FromCommandLine([.. keys, "--output_dir", folder[checkpointing], "--report_to", "none", "--gradient_checkpointing", checkpointing]), backend, new RecordingObserver());
        return backend.MostUsedBytes;
    }
}
