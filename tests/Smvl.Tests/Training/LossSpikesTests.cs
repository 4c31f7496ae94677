using System.Text.Json;
using Smvl.Data;
using Smvl.Training;

namespace Smvl.Tests.Training;

/// <summary>Steps that stand out, and the rows that are named for them.</summary>
public sealed class LossSpikesTests : IDisposable
{
    private readonly TemporaryFolder temporary = new();

    public void Dispose() => temporary.Dispose();

    [Fact]
    public void ASpikeIsReportedWithItsRows()
    {
        LossSpikes spikes = new(temporary.Path, threshold: 6);
        for (int step = 1; step <= 25; step++)
        {
            Assert.Null(spikes.Observe(step, 2 + (0.1 * (step % 3)), Rows(2)));
        }

        string line = spikes.Observe(26, 4, Rows(4, 1))!;
        Assert.Contains("step 26", line);
        Assert.Contains("cocoqa, a.parquet, row 100", line);
        JsonElement entry = JsonDocument.Parse(Assert.Single(File.ReadAllLines(temporary[LossSpikes.FileName]))).RootElement;
        Assert.Equal((26, 4.0), (entry.GetProperty("step").GetInt32(), entry.GetProperty("loss").GetDouble()));
        Assert.Equal([(100L, 4.0), (101L, 1.0)], entry.GetProperty("rows").EnumerateArray().Select(row => (row.GetProperty("row").GetInt64(), row.GetProperty("loss").GetDouble())));
        Assert.Equal("a.parquet", entry.GetProperty("rows")[0].GetProperty("file").GetString());
    }

    [Theory]
    [InlineData(6, 19, 9.0, false)]   // too early to judge
    [InlineData(6, 20, 9.0, true)]
    [InlineData(6, 20, 2.4, false)]   // many deviations, and no quarter of the mean
    [InlineData(0, 40, 9.0, false)]
    [InlineData(6, 40, double.NegativeInfinity, false)]
    public void ALossStandsOutFromThoseBefore(double threshold, int before, double loss, bool expected)
    {
        LossSpikes spikes = new(temporary.Path, threshold);
        for (int step = 1; step <= before; step++)
        {
            spikes.Observe(step, 2, Rows(2));
        }

        Assert.Equal(expected, spikes.Observe(before + 1, loss, Rows(loss)) is not null);
        Assert.Equal(expected, File.Exists(temporary[LossSpikes.FileName]));
    }

    [Fact]
    public void WhatLiesBehindACheckpointIsForgotten()
    {
        File.WriteAllText(temporary[LossSpikes.FileName], "{\"step\":3}\n{\"step\":8}\n{\"st");
        new LossSpikes(temporary.Path, 6).ForgetBehind(5);
        Assert.Equal(["{\"step\":3}"], File.ReadAllLines(temporary[LossSpikes.FileName]));
    }

    private static (RowLocation, double)[] Rows(params double[] losses) =>
        [.. losses.Select((loss, i) => (new RowLocation("cocoqa", "a.parquet", 0, 100 + i), loss))];
}
