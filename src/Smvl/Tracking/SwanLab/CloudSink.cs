using System.Diagnostics;
using System.Threading.Channels;
using Smvl.Net;

namespace Smvl.Tracking.SwanLab;

/// <summary>
/// Uploads a run while it goes on, on a task of its own: what is logged waits in memory until the network takes it, and when that cannot
/// be waited for, the run's folder has it all, for <c>smvl sync</c>. Training waits for none of this; its end waits a moment.
/// </summary>
/// <param name="settings">hosts and key</param>
/// <param name="policy">how requests are repeated; as often as the run lasts</param>
/// <param name="note">gets the run's address, or one warning</param>
internal sealed class CloudSink(SwanLabSettings settings, RetryPolicy policy, Action<string> note) : ISwanLabSink
{
    private const int LongestQueue = 100_000, LargestBatch = 10_000;

    private static readonly TimeSpan HeartbeatInterval = TimeSpan.FromMinutes(10);

    private readonly Channel<object> queue = Channel.CreateUnbounded<object>();
    private readonly CancellationTokenSource stop = new();
    private readonly TaskCompletionSource ending = new();
    private Task worker = Task.CompletedTask;
    private string folder = "";
    private int warned;
    private volatile bool complete;

    /// <summary>How requests are repeated while a run goes on: without end, at most half a minute apart.</summary>
    public static RetryPolicy Patient { get; } = new() { Attempts = int.MaxValue, LongestRetryAfter = TimeSpan.FromHours(1) };

    /// <summary>How long records are gathered for one request.</summary>
    public TimeSpan Interval { get; init; } = TimeSpan.FromSeconds(1.5);

    /// <summary>How long the end of a run waits for the network.</summary>
    public TimeSpan LongestEnd { get; init; } = TimeSpan.FromSeconds(15);

    public string Name => "the cloud";

    public void Start(SwanLabRun run)
    {
        folder = Path.GetRelativePath(Directory.GetCurrentDirectory(), run.Folder);
        worker = Task.Run(() => Work(run));
    }

    public void Add(SwanLabColumn column) => Enqueue(column);

    public void Add(SwanLabScalar scalar) => Enqueue(scalar);

    public void Add(SwanLabMedia media) => Enqueue(media);

    public void Add(SwanLabLine line) => Enqueue(line);

    /// <summary>Nothing: the record files are what a checkpoint flushes.</summary>
    public void Flush()
    {
    }

    public void Finish(SwanLabEnd end)
    {
        Enqueue(end);
        queue.Writer.Complete();
        ending.SetResult();
        worker.Wait(LongestEnd);
        if (!complete)
        {
            stop.Cancel();
            Warn("not everything is uploaded");
        }
    }

    public void Dispose() => stop.Cancel();   // not disposed itself: the task may still look at it

    private void Enqueue(object record)
    {
        queue.Writer.TryWrite(record);
        if (queue.Reader.Count > LongestQueue)
        {
            stop.Cancel();
            Warn("too much waits for the network, and no more is kept for it");
        }
    }

    private async Task Work(SwanLabRun run)
    {
        CancellationToken cancellation = stop.Token;
        using SwanLabApi api = new(settings.ApiHost, settings.Key!, policy, failure => Warn(failure.Message));
        try
        {
            SwanLabUpload upload = new(api, run, settings.WebHost, linesGoOn: true);
            await upload.Start(cancellation).ConfigureAwait(false);
            note($"swanlab: {upload.Url}");
            await Upload(upload, cancellation).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is not OperationCanceledException || !cancellation.IsCancellationRequested)
        {
            Warn(exception.Message);
        }
        catch (OperationCanceledException)
        {
            // whoever cancelled has told why
        }
    }

    private async Task Upload(SwanLabUpload upload, CancellationToken cancellation)
    {
        long beat = Stopwatch.GetTimestamp();
        Task<bool> ready = queue.Reader.WaitToReadAsync(cancellation).AsTask();
        while (!complete)
        {
            TimeSpan left = HeartbeatInterval - Stopwatch.GetElapsedTime(beat);
            if (left <= TimeSpan.Zero)
            {
                await upload.Heartbeat(cancellation).ConfigureAwait(false);
                beat = Stopwatch.GetTimestamp();
            }
            else if (await Task.WhenAny(ready, Task.Delay(left, cancellation)).ConfigureAwait(false) == ready)
            {
                await ready.ConfigureAwait(false);
                await Task.WhenAny(ending.Task, Task.Delay(Interval, cancellation)).ConfigureAwait(false);
                await UploadWaiting(upload, cancellation).ConfigureAwait(false);
                ready = queue.Reader.WaitToReadAsync(cancellation).AsTask();
            }

            cancellation.ThrowIfCancellationRequested();
        }
    }

    private async Task UploadWaiting(SwanLabUpload upload, CancellationToken cancellation)
    {
        List<object> batch = [];
        while (batch.Count < LargestBatch && queue.Reader.TryRead(out object? record))
        {
            batch.Add(record);
        }

        await upload.Send(batch, cancellation).ConfigureAwait(false);
        if (batch.OfType<SwanLabEnd>().SingleOrDefault() is { } end)
        {
            await upload.Finish(end, cancellation).ConfigureAwait(false);
            complete = true;
        }
    }

    /// <summary>Once: what follows has the same cause, and the same remedy.</summary>
    private void Warn(string what)
    {
        if (Interlocked.Exchange(ref warned, 1) == 0)
        {
            note($"swanlab: {settings.Key!.Redacted(what).ReplaceLineEndings(" ")}; the run goes on, its log is in {folder}; should the cloud lack some of it: smvl sync {folder}");
        }
    }
}
