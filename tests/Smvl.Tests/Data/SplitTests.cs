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
        Split split = Split.Create(count, evalRows, dataSeed: 42);
        Assert.Equal(held, split.Eval.Length);
        Assert.Equal(Enumerable.Range(0, count), split.Train.Concat(split.Eval).Order());
        Assert.Equal(split.Train.Order(), split.Train);
        Assert.Equal(split.Eval.Order(), split.Eval);
    }

    [Fact]
    public void SeedChoosesTheRows()
    {
        Assert.Equal(Split.Create(1000, 64, 42).Eval, Split.Create(1000, 64, 42).Eval);
        Assert.NotEqual(Split.Create(1000, 64, 42).Eval, Split.Create(1000, 64, 43).Eval);
    }

    [Fact]
    public void AllIsCutAfterShuffling()
    {
        Split split = Split.Create(100_000, Split.DefaultEvalRows, 42, Split.AllRows);
        Assert.Equal(61_440 - 64, split.Train.Length);
        Assert.Equal(64, split.Eval.Length);
        Assert.Equal(61_440, split.Train.Concat(split.Eval).Distinct().Count());
        Assert.True(split.Train[^1] > 99_000); // not the first rows only
    }

    [Fact]
    public void NegativeEvalRowsAreRefused() =>
        Assert.Contains("eval_rows", Assert.Throws<SmvlException>(() => Split.Create(10, -1, 0)).Message);
}
