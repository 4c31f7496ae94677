using Smvl.Data;

namespace Smvl.Tests.Data;

public class SplitTests
{
    [Theory]
    [InlineData(0, 64, 0)]
    [InlineData(9, 64, 0)]
    [InlineData(10, 64, 1)]
    [InlineData(639, 64, 63)]
    [InlineData(640, 64, 64)]
    [InlineData(10_000, 64, 64)]
    [InlineData(10_000, 0, 0)]
    public void HeldOutRowsAreAtMostATenth(int count, int evalRows, int held)
    {
        Split split = Split.Create([.. Enumerable.Range(0, count)], evalRows, dataSeed: 42);
        Assert.Equal(held, split.Eval.Length);
        Assert.Equal(Enumerable.Range(0, count), split.Train.Concat(split.Eval).Order());
        Assert.Equal(split.Train.Order(), split.Train);
        Assert.Equal(split.Eval.Order(), split.Eval);
    }

    [Fact]
    public void SeedChoosesTheRows()
    {
        int[] rows = [.. Enumerable.Range(5, 1000)];
        Assert.Equal(Split.Create(rows, 64, 42).Eval, Split.Create(rows, 64, 42).Eval);
        Assert.NotEqual(Split.Create(rows, 64, 42).Eval, Split.Create(rows, 64, 43).Eval);
    }

    [Fact]
    public void AllIsCutAfterShuffling()
    {
        int[] kept = Split.Limit([new("all")], [new("all", 0, 100_000)], 42);
        Split split = Split.Create(kept, Split.DefaultEvalRows, 42);
        Assert.Equal(61_440 - 64, split.Train.Length);
        Assert.Equal(64, split.Eval.Length);
        Assert.Equal(61_440, split.Train.Concat(split.Eval).Distinct().Count());
        Assert.True(split.Train[^1] > 99_000); // not the first rows only
    }

    [Fact]
    public void NegativeEvalRowsAreRefused() =>
        Assert.Contains("eval_rows", Assert.Throws<SmvlException>(() => Split.Create([1, 2, 3], -1, 0)).Message);
}
