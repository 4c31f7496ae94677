using Smvl.Data;

namespace Smvl.Tests.Data;

/// <summary>Limits, repeats, weights; what an epoch takes, and when a row comes again.</summary>
public sealed class MixtureTests
{
    [Theory]
    [InlineData("cocoqa", "cocoqa", null, null, null)]
    [InlineData("cocoqa:20000", "cocoqa", 20000, null, null)]
    [InlineData("own/talk.jsonl*2", "own/talk.jsonl", null, 2.0, null)]
    [InlineData("C:\\data\\x.json:7*0.5", "C:\\data\\x.json", 7, 0.5, null)]
    [InlineData("docvqa:100@0.25", "docvqa", 100, null, 0.25)]
    [InlineData("a@b", "a@b", null, null, null)]
    [InlineData("vqav2:9#3*2", "vqav2", 9, 2.0, null, 3)]
    [InlineData("a#b#1", "a#b", null, null, null, 1)]
    public void ADatasetIsWritten(string text, string name, int? limit, double? repeat, double? weight, int? turns = null) =>
        Assert.Equal(new DatasetRequest(name, limit, turns, repeat, weight), DatasetRequest.Parse(text, "here"));

    [Theory]
    [InlineData("a:0", "must be above 0"), InlineData("a#0", "must be above 0"), InlineData("a*0", "must be above 0"), InlineData("a@0", "must be above 0"), InlineData("a:99999999999", "must be above 0")]
    [InlineData("a@1,b", "b without"), InlineData("a*2@1", "one of the two")]
    public void WhatDoesNotGoTogetherIsRefused(string texts, string says)
    {
        string message = Assert.Throws<SmvlException>(() => DatasetRequest.ParseAll(texts.Split(','), "here")).Message;
        Assert.Contains(says, message);
        Assert.StartsWith("here: ", message);
    }

    [Fact]
    public void WithoutMoreAnEpochIsEveryRowOnce()
    {
        Mixture mixture = Make("a,b", 5, 7);
        Assert.Equal(12, mixture.RowsPerEpoch);
        Assert.All(Enumerable.Range(0, 3), epoch => Assert.Equal(Enumerable.Range(0, 12), mixture.Epoch(epoch, inFileOrder: false)));
    }

    [Theory, InlineData(true), InlineData(false)]
    public void RepeatsGoThroughAllRowsBeforeOneComesAgain(bool inFileOrder)
    {
        Mixture mixture = Make("a*2,b*0.4,c", 3, 10, 2);
        Assert.Equal("a 6 of 3, b 4 of 10, c 2", mixture.Description);
        int[][] epochs = [.. Enumerable.Range(0, 5).Select(epoch => mixture.Epoch(epoch, inFileOrder))];
        Assert.All(epochs, rows => Assert.Equal([2, 2, 2, 4, 2], (int[])[.. Enumerable.Range(0, 3).Select(row => rows.Count(r => r == row)), rows.Count(r => r is >= 3 and < 13), rows.Count(r => r >= 13)]));

        // 4 of 10 an epoch: five epochs are two passes
        int[] second = [.. epochs.SelectMany(rows => rows.Where(row => row is >= 3 and < 13))];
        Assert.Equal(Enumerable.Range(3, 10), second[..10].Order());
        Assert.Equal(Enumerable.Range(3, 10), second[10..].Order());
        Assert.Equal(inFileOrder, second[..10].SequenceEqual(Enumerable.Range(3, 10)));
        Assert.Equal(inFileOrder, second[..10].SequenceEqual(second[10..]));
    }

    /// <summary>An epoch has as many rows as there are, shared out by the weights, so that 30 of 100 rows with weight 1 beside 3 are 25.</summary>
    [Fact]
    public void WeightsShareAnEpochOut()
    {
        Mixture mixture = Make("a@1,b@3", 30, 70);
        Assert.Equal("a 25 of 30, b 75 of 70", mixture.Description);
        int[] rows = mixture.Epoch(3, inFileOrder: false);
        Assert.Equal((25, 75), (rows.Count(row => row < 30), rows.Count(row => row >= 30)));
        Assert.Equal(rows, Make("a@1,b@3", 30, 70).Epoch(3, inFileOrder: false));
        Assert.NotEqual(rows, mixture.Epoch(4, inFileOrder: false));
    }

    [Fact]
    public void LimitsChooseBySeed()
    {
        IReadOnlyList<DatasetRequest> requests = DatasetRequest.ParseAll(["a:100", "b:9", "c"], "here");
        DatasetPart[] parts = [new("a", 0, 1000), new("b", 1000, 5), new("c", 1005, 4)];
        int[] rows = Split.Limit(requests, parts, 42);
        Assert.Equal(rows.Order(), rows);
        Assert.Equal((100, 9), (rows.Count(row => row < 1000), rows.Count(row => row >= 1000)));
        Assert.True(rows[99] > 900);   // not the first rows only
        Assert.Equal(rows, Split.Limit(requests, parts, 42));
        Assert.NotEqual(rows, Split.Limit(requests, parts, 43));
    }

    [Fact]
    public void AWeightWithoutRowsIsRefused() => Assert.Contains("a has a weight and no row", Assert.Throws<SmvlException>(
        () => Mixture.Create(DatasetRequest.ParseAll(["a@1", "b@1"], "here"), [new("a", 0, 1), new("b", 1, 9)], [.. Enumerable.Range(1, 9)], 42)).Message);

    [Theory]
    [InlineData(10, false, "3 3 3 1"), InlineData(10, true, "3 3 3"), InlineData(9, true, "3 3 3")]
    public void BatchesOfSamples(int rows, bool dropLast, string sizes) =>
        Assert.Equal(sizes, string.Join(' ', new BatchCutter(3, dropLast).Cut([.. Enumerable.Range(0, rows)]).Select(batch => batch.Length)));

    [Theory]
    [InlineData(10, "0 1 2|3 4|5 6 7|8 9"), InlineData(8, "0 1|2|3|4 5 6|7 8|9"), InlineData(100, "0 1 2 3 4 5 6 7 8 9")]
    public void BatchesOfTokensAreFilledInOrder(int tokens, string expected)
    {
        int[] lengths = [3, 4, 3, 8, 1, 5, 2, 2, 4, 6];
        int[][] batches = [.. new BatchCutter(1, dropLast: false, tokens, lengths).Cut([.. Enumerable.Range(0, 10)])];
        Assert.Equal(expected, string.Join('|', batches.Select(batch => string.Join(' ', batch))));
        Assert.Equal(batches.Length - 1, new BatchCutter(1, dropLast: true, tokens, lengths).Cut([.. Enumerable.Range(0, 10)]).Count());
    }

    private static Mixture Make(string texts, params int[] counts)
    {
        IReadOnlyList<DatasetRequest> requests = DatasetRequest.ParseAll(texts.Split(','), "here");
        int first = 0;
        var parts = new List<DatasetPart>();
        foreach ((DatasetRequest request, int count) in requests.Zip(counts))
        {
            parts.Add(new DatasetPart(request.Name, first, count));
            first += count;
        }

        return Mixture.Create(requests, parts, [.. Enumerable.Range(0, first)], 42);
    }
}
