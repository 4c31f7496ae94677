namespace Smvl.Tests;

public sealed class SplitMix64Tests
{
    /// <summary>The generator's published first outputs for the seed 1234567 (Vigna's splitmix64.c).</summary>
    [Fact]
    public void TheGeneratorGivesTheReferencesNumbers()
    {
        SplitMix64 random = new(1234567);
        Assert.Equal(
            [6457827717110365317UL, 3203168211198807973UL, 9817491932198370423UL, 4593380528125082431UL, 16408922859458223821UL],
            Enumerable.Range(0, 5).Select(_ => random.Next()).ToArray());
    }

    [Fact]
    public void ItsStateIsAllOfIt()
    {
        SplitMix64 random = new(5);
        random.Next();
        SplitMix64 continued = new(random.State);
        Assert.Equal(random.Next(), continued.Next());
        Assert.InRange(continued.NextUnit(), 0, 1);
    }
}
