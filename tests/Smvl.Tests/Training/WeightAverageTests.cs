using Smvl.Formats;
using Smvl.Tensors.Cpu;
using Smvl.Training;

namespace Smvl.Tests.Training;

/// <summary>The moving average of the trained weights: its formula, and that it is what is evaluated and saved.</summary>
public sealed class WeightAverageTests : IDisposable
{
    private const string Connector = "model.connector.modality_projection.proj.weight";

    private readonly TemporaryFolder temporary = new();

    public void Dispose() => temporary.Dispose();

    [Fact]
    public void TheSavedModelIsTheAverageOfTheTrainedOnes()
    {
        RecordingObserver plain = new(), averaged = new();
        RunFixture.Run(Keys("plain"), plain);
        RunFixture.Run([.. Keys("averaged"), "--use_ema", "--ema_decay", "0.6"], averaged);

        // training itself does not notice
        Assert.Equal(plain.Steps.Select(step => step.Loss), averaged.Steps.Select(step => step.Loss));
        Assert.NotEqual(plain.Evaluations[^1].Loss, averaged.Evaluations[^1].Loss);

        using CheckpointFolder start = CheckpointFolder.Open(Golden.Path("spliced"));
        double[] average = [.. start.Tensors[Connector].Span<float>().ToArray().Select(value => (double)value)];
        for (int step = 1; step <= 6; step++)
        {
            using CheckpointFolder trained = CheckpointFolder.Open(temporary["plain", $"checkpoint-{step}"]);
            using SafetensorsFile kept = SafetensorsFile.Open(temporary["averaged", $"checkpoint-{step}", WeightAverage.FileName]);
            Assert.Equal(trained.Tensors[Connector].Span<float>(), kept.Tensors["connector.weight"].Span<float>());
            double decay = Math.Min(0.6, (1.0 + step) / (10.0 + step));
            ReadOnlySpan<float> weights = trained.Tensors[Connector].Span<float>();
            for (int i = 0; i < average.Length; i++)
            {
                average[i] = (decay * average[i]) + ((1 - decay) * weights[i]);
            }

            using CheckpointFolder saved = CheckpointFolder.Open(temporary["averaged", $"checkpoint-{step}"]);
            Approx.Equal([.. average.Select(value => (float)value)], saved.Tensors[Connector].Span<float>(), $"average after {step}", 1e-6, 0);
        }

        Dictionary<string, byte[]> last = RunFixture.Weights(temporary["averaged", "checkpoint-6"]), model = RunFixture.Weights(temporary["averaged"]);
        Assert.All(last, tensor => Assert.Equal(tensor.Value, model[tensor.Key]));
    }

    [Fact]
    public void ARunContinuesAsItBegan()
    {
        RunFixture.Run(Keys("plain"));
        RunFixture.Run([.. Keys("averaged"), "--use_ema"]);
        Assert.Contains("without use_ema", Assert.Throws<SmvlException>(() => RunFixture.Run([.. Keys("plain"), "--use_ema"])).Message);
        Assert.Contains("with use_ema", Assert.Throws<SmvlException>(() => RunFixture.Run(Keys("averaged"))).Message);
    }

    private List<string> Keys(string output) => RunFixture.Keys(
        temporary[output], "--eval_rows", "2", "--eval_strategy", "steps", "--eval_steps", "3", "--save_steps", "1", "--max_steps", "6",
        "--per_device_train_batch_size", "2", "--learning_rate", "1e-2", "--visual_gain", "false");
}
