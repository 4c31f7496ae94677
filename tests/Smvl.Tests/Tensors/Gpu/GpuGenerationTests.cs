using Smvl.Inference;
using Smvl.Tensors;
using Smvl.Tensors.Gpu;
using Smvl.Tests.Models;

namespace Smvl.Tests.Tensors.Gpu;

/// <summary>What generation hands to the device, by the device's own counters.</summary>
public sealed class GpuGenerationTests
{
    /// <summary>Batches have places for data on its way in turns, and a recording is of one of them.</summary>
    private const int Turns = StagingRing.Slots;

    [Theory]
    [InlineData(DType.F32, true)]
    [InlineData(DType.F32, false)]
    [InlineData(DType.F16, true)]
    [InlineData(DType.Q8_0, true)]
    public void TokensRepeatWhatTheFirstFewRecorded(DType cacheType, bool unified)
    {
        long[] recorded = Recorded(cacheType, unified, promptTokens: 5, newTokens: 60, out ulong[] submitted);
        Assert.Equal(submitted[^1] - submitted[^2], submitted[10] - submitted[9]);
        Assert.Equal(recorded[Turns + 1], recorded[^1]);
        Gpu.CheckMessages();
    }

    /// <summary>Attention shares a long cache out, in twice as many parts from twice the length on.</summary>
    [Fact]
    public void ALongerCacheIsRecordedAnewOnceEachTimeItDoubles()
    {
        long[] recorded = Recorded(DType.F32, unified: true, promptTokens: 245, newTokens: 40, out ulong[] submitted);
        ulong batches = (submitted[^1] - submitted[0]) / (ulong)(submitted.Length - 1);
        Assert.Equal(1UL, batches);
        Assert.Equal(recorded[Turns] + Turns, recorded[^1]);
    }

    /// <summary>Batches recorded, and handed over, up to each token.</summary>
    private static long[] Recorded(DType cacheType, bool unified, int promptTokens, int newTokens, out ulong[] submitted)
    {
        GpuBackend backend = Gpu.Backend(new GpuOptions { CacheFolder = null, Unified = unified ? null : false });
        using FixtureModel model = new(backend);
        List<(ulong Submitted, long Repeated)> batches = [];
        Prompt prompt = new([.. Enumerable.Range(0, promptTokens).Select(i => (i * 7) % 900)], [], 0);
        foreach (GeneratedToken unused in new Generator(model.Model, [], cacheType).Generate(prompt, new SamplingOptions(), newTokens))
        {
            batches.Add(backend.Device.Batches);
        }

        submitted = [.. batches.Select(batch => batch.Submitted)];
        return [.. batches.Select(batch => (long)batch.Submitted - batch.Repeated)];
    }
}
