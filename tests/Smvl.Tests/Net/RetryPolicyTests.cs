using System.Net;
using System.Net.Http.Headers;
using Microsoft.AspNetCore.Http;
using Smvl.Net;

namespace Smvl.Tests.Net;

/// <summary>What is repeated, how often, and behind which waits.</summary>
public sealed class RetryPolicyTests
{
    private readonly List<double> waits = [];
    private readonly RetryPolicy policy;

    public RetryPolicyTests() => policy = new RetryPolicy
    {
        Wait = (delay, cancellation) =>
        {
            waits.Add(delay.TotalSeconds);
            return Task.Delay(0, cancellation);
        },
    };

    [Theory]
    [InlineData(200, false)]
    [InlineData(307, false)]
    [InlineData(401, false)]
    [InlineData(404, false)]
    [InlineData(408, true)]
    [InlineData(416, false)]
    [InlineData(429, true)]
    [InlineData(499, false)]
    [InlineData(500, true)]
    [InlineData(503, true)]
    [InlineData(599, true)]
    [InlineData(600, false)]
    public void StatusesThatPassWithTime(int status, bool expected) => Assert.Equal(expected, TransientFailure.Is((HttpStatusCode)status));

    [Fact]
    public async Task WaitsDoubleUpToTheLongest()
    {
        int attempts = 0;
        await Assert.ThrowsAsync<TimeoutException>(() => (policy with { Attempts = 8, LongestDelay = TimeSpan.FromSeconds(20) }).Run<int>(
            _ =>
            {
                attempts++;
                throw new TimeoutException();
            },
            CancellationToken.None));
        Assert.Equal(8, attempts);
        Assert.Equal([1, 2, 4, 8, 16, 20, 20], waits);
    }

    [Fact]
    public async Task AFaultOfOursOrAFullDiskIsNotRepeated()
    {
        int attempts = 0;
        await Assert.ThrowsAsync<IOException>(() => policy.Run<int>(_ => Fail(new IOException("No space left on device")), CancellationToken.None));
        await Assert.ThrowsAsync<HttpRequestException>(
            () => policy.Run<int>(_ => Fail(new HttpRequestException("no", null, HttpStatusCode.Forbidden)), CancellationToken.None));
        Assert.Equal(2, attempts);
        Assert.Empty(waits);

        Task<int> Fail(Exception e)
        {
            attempts++;
            throw e;
        }
    }

    [Fact]
    public async Task ProgressCountsAttemptsAnew()
    {
        long achieved = 0;
        int attempts = 0;
        string result = await policy.Run(
            _ =>
            {
                attempts++;
                achieved += attempts % 3 == 0 ? 1 : 0;
                return attempts < 12 ? throw new HttpRequestException("broke") : Task.FromResult("done");
            },
            CancellationToken.None,
            () => achieved);
        Assert.Equal("done", result);
        Assert.Equal([1, 2, 1, 2, 4, 1, 2, 4, 1, 2, 4], waits);   // attempts 3, 6 and 9 brought something
    }

    [Fact]
    public async Task TheServersWaitIsHonouredWhereItIsLonger()
    {
        DateTimeOffset now = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);
        RetryPolicy fixedClock = policy with { Clock = new FixedClock(now) };
        Queue<RetryConditionHeaderValue?> answers = new(
        [
            new(TimeSpan.FromSeconds(7)), new(TimeSpan.Zero), null, new(now.AddSeconds(90)), new(now.AddSeconds(-90)),
        ]);
        await fixedClock.Run(
            _ =>
            {
                HttpResponseMessage response = new(answers.Count > 0 ? HttpStatusCode.TooManyRequests : HttpStatusCode.OK);
                response.Headers.RetryAfter = answers.Count > 0 ? answers.Dequeue() : null;
                TransientStatusException.ThrowIfTransient(response, fixedClock.Clock);
                return Task.FromResult(response);
            },
            CancellationToken.None);
        Assert.Equal([7, 2, 4, 90, 16], waits);
    }

    [Fact]
    public async Task AServerThatAsksForTooMuchIsNotWaitedFor()
    {
        TransientStatusException last = await Assert.ThrowsAsync<TransientStatusException>(() => policy.Run<int>(
            _ => throw new TransientStatusException(HttpStatusCode.TooManyRequests, TimeSpan.FromHours(1)), CancellationToken.None));
        Assert.Contains("429", last.Message);
        Assert.Empty(waits);
    }

    [Fact]
    public async Task ACancelledWaitEnds()
    {
        using CancellationTokenSource source = new();
        RetryPolicy waiting = new() { FirstDelay = TimeSpan.FromHours(1), LongestDelay = TimeSpan.FromHours(1) };
        Task<int> running = waiting.Run<int>(
            _ => throw new TimeoutException(), source.Token, notice: (_, _) => source.CancelAfter(TimeSpan.FromMilliseconds(20)));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running.WaitAsync(TimeSpan.FromSeconds(20)));
    }

    [Fact]
    public async Task WhatAServerDoesOnTheWireIsRecognised()
    {
        await using LoopbackServer server = await LoopbackServer.Start(async context =>
        {
            if (context.Request.Path == "/cut")
            {
                context.Response.ContentLength = 10;
                await context.Response.WriteAsync("five!");
                await context.Response.Body.FlushAsync();
                context.Abort();
            }
            else
            {
                await Task.Delay(Timeout.Infinite, context.RequestAborted);
            }
        });
        using HttpClient client = HttpClients.Create();
        Exception cut = await Assert.ThrowsAnyAsync<Exception>(() => client.GetStringAsync($"{server.Address}/cut"));
        Assert.True(TransientFailure.Is(cut), cut.ToString());

        using HttpRequestMessage silent = new(HttpMethod.Get, $"{server.Address}/silent");
        Exception none = await Assert.ThrowsAsync<TimeoutException>(() => client.SendForHeaders(silent, TimeSpan.FromMilliseconds(50), CancellationToken.None));
        Assert.True(TransientFailure.Is(none));

        string gone = server.Address;
        await server.DisposeAsync();
        Exception refused = await Assert.ThrowsAnyAsync<Exception>(() => client.GetStringAsync(gone));
        Assert.True(TransientFailure.Is(refused), refused.ToString());
    }

    private sealed class FixedClock(DateTimeOffset now) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => now;
    }
}
