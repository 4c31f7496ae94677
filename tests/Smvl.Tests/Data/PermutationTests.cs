using Smvl.Data;

namespace Smvl.Tests.Data;

public class PermutationTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(1000)]
    public void EveryNumberOccursOnce(int count) => Assert.Equal(Enumerable.Range(0, count), Permutation.Create(count, 42).Order());

    /// <summary>A checkpoint's data position relies on this order: it may never change. Computed apart, in Python.</summary>
    [Fact]
    public void OrderIsFixed() => Assert.Equal("9 7 11 5 4 10 6 0 3 2 1 8", string.Join(' ', Permutation.Create(12, 42)));

    [Fact]
    public void SeedsDiffer() => Assert.NotEqual(Permutation.Create(100, 1), Permutation.Create(100, 2));

    /// <summary>Each of 5 numbers should be first in a fifth of 10,000 shuffles: 2000, deviation 40.</summary>
    [Fact]
    public void FirstPlaceIsUniform()
    {
        var counts = new int[5];
        for (ulong seed = 0; seed < 10_000; seed++)
        {
            counts[Permutation.Create(5, seed)[0]]++;
        }

        Assert.All(counts, c => Assert.InRange(c, 1800, 2200));
    }

    [Theory, InlineData(0), InlineData(1), InlineData(2), InlineData(3), InlineData(50)]
    public void ACycleGoesThroughAllPlaces(int count)
    {
        int[] cycle = Permutation.CreateCycle(count, 42);
        int at = 0;
        var seen = new HashSet<int>();
        while (count > 0 && seen.Add(at))
        {
            at = cycle[at];
        }

        Assert.Equal(count, seen.Count);
        Assert.Equal(0, at);
    }
}
