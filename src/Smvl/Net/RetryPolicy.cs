namespace Smvl.Net;

/// <summary>
/// How often a request is repeated, and how long to wait before: twice as long each time, and at least as long as the server asks.
/// Only what passes with time is repeated, see <see cref="TransientFailure"/>.
/// </summary>
internal sealed record RetryPolicy
{
    /// <summary>Most attempts in a row without progress.</summary>
    public int Attempts { get; init; } = 6;

    public TimeSpan FirstDelay { get; init; } = TimeSpan.FromSeconds(1);

    public TimeSpan LongestDelay { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>A server that asks for more is not waited for.</summary>
    public TimeSpan LongestRetryAfter { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>What dates in answers are measured from.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>How to wait; tests need not.</summary>
    public Func<TimeSpan, CancellationToken, Task> Wait { get; init; } = Task.Delay;

    /// <summary>The wait behind a failed attempt.</summary>
    /// <param name="failures">attempts failed in a row, 1 or more</param>
    /// <param name="retryAfter">how long the server asks to wait</param>
    public TimeSpan DelayAfter(int failures, TimeSpan? retryAfter)
    {
        double seconds = Math.Min(FirstDelay.TotalSeconds * Math.Pow(2, failures - 1), LongestDelay.TotalSeconds);
        TimeSpan delay = TimeSpan.FromSeconds(seconds);
        return retryAfter > delay ? retryAfter.Value : delay;
    }

    /// <summary>Runs an attempt until it succeeds, fails for good, or has failed too often; the last failure is thrown as it was.</summary>
    /// <param name="attempt">one attempt; a status that passes with time is a <see cref="TransientStatusException"/></param>
    /// <param name="cancellation">ends attempts and waits</param>
    /// <param name="progress">a number that grows with what is achieved; attempts are counted anew when it has grown</param>
    /// <param name="notice">is told of a failure and the wait behind it</param>
    public async Task<T> Run<T>(
        Func<CancellationToken, Task<T>> attempt, CancellationToken cancellation, Func<long>? progress = null, Action<Exception, TimeSpan>? notice = null)
    {
        int failures = 0;
        while (true)
        {
            long before = progress?.Invoke() ?? 0;
            TimeSpan delay;
            try
            {
                return await attempt(cancellation).ConfigureAwait(false);
            }
            catch (Exception e) when (!cancellation.IsCancellationRequested && TransientFailure.Is(e))
            {
                failures = (progress?.Invoke() ?? 0) > before ? 1 : failures + 1;
                TimeSpan? retryAfter = (e as TransientStatusException)?.RetryAfter;
                if (failures >= Attempts || retryAfter > LongestRetryAfter)
                {
                    throw;
                }

                delay = DelayAfter(failures, retryAfter);
                notice?.Invoke(e, delay);
            }

            await Wait(delay, cancellation).ConfigureAwait(false);
        }
    }
}
