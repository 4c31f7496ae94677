using Smvl.Text;

namespace Smvl.Tests.Text;

public sealed class BytePairMergesTests
{
    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 7)]
    [InlineData(3, 40)]
    [InlineData(4, 300)]
    public void HeapEqualsRepeatedSearch(int seed, int mergeCount)
    {
        var random = new Random(seed);
        List<(int Left, int Right, int Result)> list = RandomMerges(random, mergeCount);
        var merges = Make(list, expected: mergeCount / 2);
        foreach (int length in (int[])[1, 2, 3, 4, 5, 8, 9, 16, 33, 100, 500])
        {
            byte[] word = [.. Enumerable.Range(0, length).Select(_ => (byte)random.Next(3))];
            var tokens = new int[length + 5];
            int count = merges.Merge(word, tokens);
            Assert.Equal(ReferenceMerge(word, list), tokens[..count]);
        }
    }

    [Fact]
    public void OverlappingPairsMergeFromTheLeft()
    {
        var merges = Make([(1, 1, 256), (256, 256, 257)], expected: 2);
        var tokens = new int[7];
        Assert.Equal(3, merges.Merge([1, 1, 1, 1, 1, 1, 1], tokens));
        Assert.Equal([257, 256, 1], tokens[..3]);
    }

    [Fact]
    public void APairMergesOnce()
    {
        BytePairMerges merges = Make([(0, 0, 256)], expected: 0);
        Assert.False(merges.TryAdd(0, 0, 257));
        Assert.True(merges.TryAdd(0, 1, 257));
        var tokens = new int[4];
        Assert.Equal(2, merges.Merge([0, 0, 0, 1], tokens));
        Assert.Equal([256, 257], tokens[..2]);
    }

    private static BytePairMerges Make(List<(int Left, int Right, int Result)> list, int expected)
    {
        var merges = new BytePairMerges([.. Enumerable.Range(0, 256)], expected);
        Assert.All(list, merge => Assert.True(merges.TryAdd(merge.Left, merge.Right, merge.Result)));
        return merges;
    }

    private static List<(int Left, int Right, int Result)> RandomMerges(Random random, int count)
    {
        var list = new List<(int Left, int Right, int Result)>();
        List<int> tokens = [0, 1, 2];
        while (list.Count < count)
        {
            (int left, int right) = (tokens[random.Next(tokens.Count)], tokens[random.Next(tokens.Count)]);
            if (!list.Exists(merge => merge.Left == left && merge.Right == right))
            {
                tokens.Add(256 + list.Count);
                list.Add((left, right, tokens[^1]));
            }
        }

        return list;
    }

    private static List<int> ReferenceMerge(byte[] word, List<(int Left, int Right, int Result)> list)
    {
        List<int> tokens = [.. word.Select(value => (int)value)];
        while (true)
        {
            (int Rank, int At) best = (int.MaxValue, 0);
            for (int at = 0; at + 1 < tokens.Count; at++)
            {
                int rank = list.FindIndex(merge => merge.Left == tokens[at] && merge.Right == tokens[at + 1]);
                best = rank >= 0 && rank < best.Rank ? (rank, at) : best;
            }

            if (best.Rank == int.MaxValue)
            {
                return tokens;
            }

            tokens[best.At] = list[best.Rank].Result;
            tokens.RemoveAt(best.At + 1);
        }
    }
}
