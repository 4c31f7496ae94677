using Smvl.Data;
using Smvl.Training;

namespace Smvl.Tests.Data;

public sealed class BatchTests
{
    private const int Image = 9;

    [Fact]
    public void RowsPredictTheLabelBehindThemInTheirOwnSample()
    {
        Sample first = new([5, Image, 6, 7], [5, Batch.Ignored, 6, 7], new NativeBytes(3), 1);
        Sample second = new([8, 4], [8, 4], new NativeBytes(0), 0);
        using Batch batch = new([first, second], Image);
        Assert.Equal([5, Image, 6, 7, 8, 4], batch.Ids);
        Assert.Equal([4, 2], batch.Lengths);
        Assert.Equal([1], batch.ImageRows);
        Assert.Equal([1, 2, 4], batch.TargetRows);
        Assert.Equal([6, 7, 4], batch.Targets);
        Assert.Equal(1, batch.TileCount);
        Assert.Equal(batch.Targets.Count, first.TargetCount + second.TargetCount);
    }

    [Fact]
    public void AnEpochHoldsEveryRowOnceAndShufflesAnew()
    {
        int[] rows = [.. Enumerable.Range(100, 10)];
        Mixture mixture = Mixture.Create([new("rows")], [new("rows", 100, 10)], rows, dataSeed: 42);
        BatchCutter cutter = new(samples: 3, dropLast: false);
        SampleOrder random = new(mixture, cutter, SamplingStrategy.Random, dataSeed: 42);
        int[][] batches = [.. random.From(0, 0).Take(8)];
        Assert.Equal([3, 3, 3, 1, 3, 3, 3, 1], batches.Select(b => b.Length));
        int[] first = [.. batches[..4].SelectMany(b => b)];
        int[] second = [.. batches[4..].SelectMany(b => b)];
        Assert.Equal(rows, first.Order());
        Assert.Equal(rows, second.Order());
        Assert.NotEqual(first, second);

        // continuing in an epoch gives what is left of it
        Assert.Equal(batches[5..], random.From(1, 1).Take(3));
        Assert.Equal(4, random.BatchesOf(1));
        Assert.Equal(rows, new SampleOrder(mixture, cutter, SamplingStrategy.Sequential, dataSeed: 42).Epoch(3));
        Assert.NotEqual(random.Epoch(0), new SampleOrder(mixture, cutter, SamplingStrategy.Random, dataSeed: 43).Epoch(0));
    }
}
