using System.Collections.Concurrent;
using Smvl.Data;

namespace Smvl.Tests.Data;

public sealed class PrefetchTests
{
    private readonly ConcurrentDictionary<int, Result> made = new();

    [Fact]
    public void KeepsTheOrderAndPassesErrorsOnAtTheirPlace()
    {
        List<int> seen = [];
        InvalidOperationException error = Assert.Throws<InvalidOperationException>(() =>
        {
            foreach (Result result in Prefetch.InOrder(Enumerable.Range(0, 20), Load, ahead: 2, most: 4))
            {
                using (result)
                {
                    seen.Add(result.Input);
                }
            }
        });
        Assert.Equal("13", error.Message);
        Assert.Equal(Enumerable.Range(0, 13), seen);
        Assert.All(made.Values, result => Assert.True(result.Disposed));

        Result Load(int input)
        {
            Thread.Sleep(input % 3);
            return input == 13 ? throw new InvalidOperationException("13") : Make(input);
        }
    }

    [Fact]
    public void WhatNobodyCameForIsDisposed()
    {
        using (IEnumerator<Result> results = Prefetch.InOrder(Enumerable.Range(0, 100), Make, ahead: 3, most: 3).GetEnumerator())
        {
            Assert.True(results.MoveNext());
        }

        Assert.Equal([0, 1, 2, 3], made.Keys.Order());
        Assert.Equal([1, 2, 3], made.Values.Where(result => result.Disposed).Select(result => result.Input).Order());
    }

    [Fact]
    public void TheWindowIsNarrowWhileNobodyWaits()
    {
        foreach (Result result in Prefetch.InOrder(Enumerable.Range(0, 10), Make, ahead: 1, most: 8))
        {
            // the one behind it is ready before it is asked for
            SpinWait.SpinUntil(() => made.Count == Math.Min(result.Input + 2, 10), TimeSpan.FromSeconds(10));
            Thread.Sleep(20);
            Assert.Equal(Math.Min(result.Input + 2, 10), made.Count);
        }
    }

    [Fact]
    public async Task TheWindowGrowsToItsMostWhereLoadingIsSlower()
    {
        TaskCompletionSource[] go = [.. Enumerable.Range(0, 13).Select(_ => new TaskCompletionSource())];
        int started = 0;
        using IEnumerator<Result> results = Prefetch.InOrder(Enumerable.Range(0, 100), Load, ahead: 1, most: 3).GetEnumerator();
        for (int taken = 0; taken < 10; taken++)
        {
            // what it waits for is let go only once it waits
            Task<bool> next = Task.Run(results.MoveNext);
            Assert.NotSame(next, await Task.WhenAny(next, Task.Delay(20, TestContext.Current.CancellationToken)));
            go[taken].SetResult();
            Assert.True(await next);
        }

        SpinWait.SpinUntil(() => started >= 13, TimeSpan.FromSeconds(10));
        Assert.Equal(13, started); // ten handed out, three ahead
        Array.ForEach(go[10..], each => each.SetResult());

        Result Load(int input)
        {
            Interlocked.Increment(ref started);
            go[input].Task.Wait();
            return Make(input);
        }
    }

    private Result Make(int input) => made.GetOrAdd(input, new Result(input));

    private sealed record Result(int Input) : IDisposable
    {
        public bool Disposed { get; private set; }

        public void Dispose() => Disposed = true;
    }
}
