using System.Diagnostics;
using System.Text;
using System.Text.Json;
using Smvl.Net;
using Smvl.Tests.Net;
using Smvl.Tracking;
using Smvl.Tracking.SwanLab;
using static Smvl.Tests.Cli.CommandLine;

namespace Smvl.Tests.Tracking.SwanLab;

/// <summary>Runs that upload themselves to a cloud that behaves and misbehaves, and <c>smvl sync</c> behind them.</summary>
public sealed class CloudTests : IDisposable
{
    private readonly TemporaryFolder folder = new();
    private readonly List<string> notes = [];

    public void Dispose() => folder.Dispose();

    private string RunFolder => Assert.Single(Directory.GetDirectories(folder["logs"]));

    [Theory, InlineData(false), InlineData(true)]
    public async Task ARunIsUploadedWhole(bool isOld)
    {
        await using SwanLabServer cloud = await SwanLabServer.Start(isOld);
        LogRun(cloud.Address);
        Assert.Equal("FINISHED", cloud.State);
        CheckWhole(cloud);
        Assert.All(cloud.Requests.Where(request => request.Target.StartsWith("/api/", StringComparison.Ordinal)), request => Assert.Equal(SwanLabRun.Version, request.Header("X-SwanLab-SDK-Version")));

        JsonElement experiment = Body(cloud, "POST", "/experiment");
        Assert.Equal(("试验", Path.GetFileName(RunFolder)), (experiment.GetProperty("name").GetString(), $"run-{RunFolder.Split("run-")[1].Split('-')[0]}-{experiment.GetProperty("cuid").GetString()}"));
        JsonElement profile = Body(cloud, "PUT", "/profile");
        Assert.Equal(1e-5, profile.GetProperty("config").GetProperty("learning_rate").GetProperty("value").GetDouble());
        Assert.Equal(Environment.ProcessId, profile.GetProperty("metadata").GetProperty("pid").GetInt32());
        JsonElement[] series = [.. Bodies(cloud, "/series").SelectMany(body => body.GetProperty("series").EnumerateArray())];
        Assert.Equal(11, series.Length);
        Assert.Contains(series, column => column.GetProperty("key").GetString() == "sample/问题&回复" && column.GetProperty("type").GetString() == "ECHARTS" && column.GetProperty("sectionName").GetString() == "sample");
        Assert.Contains(notes, note => note.EndsWith($"/@{SwanLabServer.User}/project/runs/{experiment.GetProperty("cuid").GetString()}", StringComparison.Ordinal));
        Assert.Single(cloud.Requests, request => request.Target.EndsWith("/heartbeat", StringComparison.Ordinal));
        Assert.Equal(1, cloud.Logins);
        KeyIsNowhere();
    }

    [Fact]
    public async Task BusyAndBrokenServersAreWaitedFor()
    {
        await using SwanLabServer cloud = await SwanLabServer.Start();
        int failures = 0;
        cloud.RetryAfter = "1";
        cloud.Fault = _ => (Interlocked.Increment(ref failures) % 3) switch { 1 => 429, 2 => 503, _ => null };
        List<TimeSpan> waits = [];
        LogRun(cloud.Address, new RetryPolicy
        {
            Attempts = int.MaxValue,
            Wait = (wait, cancellation) =>
            {
                lock (waits)
                {
                    waits.Add(wait);
                }

                return Task.Delay(1, cancellation);
            },
        });
        CheckWhole(cloud);
        Assert.Equal("FINISHED", cloud.State);
        Assert.True(waits.Count > 10);
        Assert.All(waits, wait => Assert.True(wait >= TimeSpan.FromSeconds(1)));
        Assert.Single(notes, note => note.Contains("the run goes on", StringComparison.Ordinal));
        KeyIsNowhere();
    }

    [Fact]
    public async Task AnEndedSessionIsRenewed()
    {
        await using SwanLabServer cloud = await SwanLabServer.Start();
        bool ended = false;
        cloud.Fault = request =>
        {
            if (!ended && request.EndsWith("/series", StringComparison.Ordinal))
            {
                ended = true;
                cloud.EndSessions();
            }

            return null;
        };
        LogRun(cloud.Address);
        CheckWhole(cloud);
        Assert.Equal(2, cloud.Logins);
    }

    [Fact]
    public async Task ARefusedKeyIsOneWarningAndTheFolderIsWhole()
    {
        await using SwanLabServer cloud = await SwanLabServer.Start();
        cloud.Fault = request => request.Contains("login", StringComparison.Ordinal) ? 401 : null;
        LogRun(cloud.Address);
        string warning = Assert.Single(notes, note => note.Contains("refuses", StringComparison.Ordinal));
        Assert.Contains("check the API key", warning);
        Assert.Contains("smvl sync", warning);
        Assert.Equal(2, notes.Count);
        Assert.NotEmpty(SwanLabTrackerTests.Of(SwanLabTrackerTests.JsonRecords(RunFolder), "Footer"));
        KeyIsNowhere();
    }

    [Fact]
    public async Task ADeadNetworkCostsAWarningAndSyncUploadsLater()
    {
        LoopbackServer gone = await LoopbackServer.Start(_ => Task.CompletedTask);
        string nobody = gone.Address;
        await gone.DisposeAsync();
        long started = Stopwatch.GetTimestamp();
        LogRun(nobody, longestEnd: TimeSpan.FromMilliseconds(200));
        Assert.InRange(Stopwatch.GetElapsedTime(started), TimeSpan.Zero, TimeSpan.FromSeconds(30));
        Assert.Single(notes, note => note.Contains("should the cloud lack some of it", StringComparison.Ordinal));
        Assert.Contains("cannot be reached", (await Assert.ThrowsAsync<SmvlException>(() => Sync(nobody))).Message);

        await using SwanLabServer cloud = await SwanLabServer.Start();
        Assert.Contains($"/@{SwanLabServer.User}/project/runs/", await Sync(cloud.Address));
        CheckWhole(cloud);
        Assert.Equal("FINISHED", cloud.State);
        Assert.Equal(1e-5, Body(cloud, "PUT", "/profile").GetProperty("config").GetProperty("learning_rate").GetProperty("value").GetDouble());
        Assert.True(Body(cloud, "PUT", "/profile").GetProperty("config").GetProperty("text_config").GetProperty("value").GetProperty("tie").GetBoolean());

        await Sync(cloud.Address);   // again: nothing is uploaded twice
        CheckWhole(cloud);
        KeyIsNowhere();
    }

    [Fact]
    public async Task WhatASlowServerDidNotTakeIsSynced()
    {
        await using SwanLabServer cloud = await SwanLabServer.Start();
        int batches = 0;
        cloud.Fault = request => request == "POST /api/house/metrics" && Interlocked.Increment(ref batches) > 1 ? 500 : null;
        LogRun(cloud.Address, longestEnd: TimeSpan.FromMilliseconds(300));
        Assert.Null(cloud.State);
        cloud.Fault = _ => null;
        await Sync(cloud.Address);
        CheckWhole(cloud);
        Assert.Single(cloud.Experiments);
    }

    [Fact]
    public async Task ARunGoesOnWhereTheCloudHasIt()
    {
        await using SwanLabServer cloud = await SwanLabServer.Start();
        using (SwanLabTracker first = Tracker(Settings(cloud.Address) with { RunId = "abc123", LogDir = folder["first"] }))
        {
            first.OnStart(TrackedRuns.Start());
            first.LogConsole("one", isError: false);
            first.Log(TrackedRuns.Training(1));
            first.Log(TrackedRuns.Training(2));
            first.OnEnd(new RunEnd(RunState.Interrupted));
        }

        Assert.Equal("ABORTED", cloud.State);
        LogRun(cloud.Address, settings => settings with { RunId = "abc123", Resume = SwanLabResume.Never });
        Assert.Contains(notes, note => note.Contains("SwanLab has this run already", StringComparison.Ordinal));
        Directory.Delete(folder["logs"], recursive: true);
        LogRun(cloud.Address, settings => settings with { RunId = "abc123", Resume = SwanLabResume.Must });
        Assert.Equal([(1L, 10.0), (2, 5.0), (3, 10.0 / 3), (4, 2.5)], cloud.Scalars("train/loss"));   // steps 1 and 2 once
        Assert.Equal(Enumerable.Range(1, 6).Select(i => (long)i), cloud.Metrics("log").Select(line => line.GetProperty("epoch").GetInt64()));
        Assert.Equal(["abc123"], cloud.Experiments);
        Directory.Delete(folder["logs"], recursive: true);
        LogRun(cloud.Address, settings => settings with { RunId = "other", Resume = SwanLabResume.Must });
        Assert.Contains(notes, note => note.Contains("no such run to continue", StringComparison.Ordinal));
    }

    [Fact]
    public async Task TheSyncCommandTakesHostKeyAndId()
    {
        await using SwanLabServer cloud = await SwanLabServer.Start();
        using (SwanLabTracker tracker = new(new SwanLabSettings { Mode = SwanLabMode.Offline, LogDir = folder["logs"], Project = "project" }, notes.Add))
        {
            TrackedRuns.Log(tracker, TrackedRuns.Start());   // killed: no end
        }

        (int code, string output, string error) = await Run("sync", RunFolder, "-k", SwanLabServer.Key, "--host", cloud.Address, "-i", "given");
        Assert.Equal((0, ""), (code, error));
        Assert.Contains("/project/runs/given", output);
        Assert.Equal(["given"], cloud.Experiments);
        Assert.Equal("CRASHED", cloud.State);
        CheckWhole(cloud);
        string refused = await Fails("sync", RunFolder, "-k", "wrong-key", "--host", cloud.Address);
        Assert.Contains("check the API key", refused);
        Assert.DoesNotContain("wrong-key", refused);
        Assert.Contains("no SwanLab run folder", await Fails("sync", folder.Path, "-k", "x"));
        KeyIsNowhere();
    }

    private static void CheckWhole(SwanLabServer cloud)
    {
        Assert.Equal([(1L, 10.0), (2, 5.0), (3, 10.0 / 3), (4, 2.5)], cloud.Scalars("train/loss"));
        Assert.Equal([(4L, 2.5)], cloud.Scalars("eval/loss"));
        Assert.Equal(5, cloud.Metrics("log").Count());
        JsonElement picture = Assert.Single(cloud.Metrics("media"), metric => metric.GetProperty("key").GetString() == "sample/输入图像");
        Assert.Equal(TrackedRuns.Picture, Encoding.UTF8.GetString(cloud.Files[picture.GetProperty("data")[0].GetString()!]));
        Assert.Equal(3, cloud.Files.Count);
    }

    private static JsonElement[] Bodies(SwanLabServer cloud, string path) =>
        [.. cloud.Requests.Where(request => request.Target.EndsWith(path, StringComparison.Ordinal)).Select(request => JsonDocument.Parse(request.Body).RootElement)];

    private static JsonElement Body(SwanLabServer cloud, string method, string path) =>
        JsonDocument.Parse(cloud.Requests.First(request => request.Method == method && request.Target.EndsWith(path, StringComparison.Ordinal)).Body).RootElement;

    private SwanLabSettings Settings(string host) =>
        new() { Mode = SwanLabMode.Cloud, Key = new ApiKey(SwanLabServer.Key), ApiHost = host, WebHost = "http://web", LogDir = folder["logs"], Project = "project" };

    private SwanLabTracker Tracker(SwanLabSettings settings, RetryPolicy? policy = null, TimeSpan? longestEnd = null) => new(settings, Note)
    {
        Cloud = () => new CloudSink(settings, policy ?? CloudSink.Patient with { FirstDelay = TimeSpan.FromMilliseconds(20) }, Note)
        {
            Interval = TimeSpan.FromMilliseconds(20),
            LongestEnd = longestEnd ?? TimeSpan.FromMinutes(1),
        },
    };

    private void LogRun(string host, RetryPolicy? policy = null, TimeSpan? longestEnd = null) => LogRun(Settings(host), policy, longestEnd);

    private void LogRun(string host, Func<SwanLabSettings, SwanLabSettings> change) => LogRun(change(Settings(host)), null, null);

    private void LogRun(SwanLabSettings settings, RetryPolicy? policy, TimeSpan? longestEnd)
    {
        using SwanLabTracker tracker = Tracker(settings, policy, longestEnd);
        TrackedRuns.Log(tracker, TrackedRuns.Start());
        tracker.OnEnd(new RunEnd(RunState.Finished));
    }

    private Task<string> Sync(string host) => SwanLabSync.Upload(
        RunFolder, Settings(host), project: null, id: null, new RetryPolicy { Attempts = 2, FirstDelay = TimeSpan.FromMilliseconds(1) }, Note, CancellationToken.None);

    private void Note(string line)
    {
        lock (notes)
        {
            notes.Add(line);
        }
    }

    /// <summary>In no file of the run, name or content, and in nothing that was told.</summary>
    private void KeyIsNowhere()
    {
        byte[] key = Encoding.UTF8.GetBytes(SwanLabServer.Key);
        string[] files = Directory.GetFiles(folder.Path, "*", SearchOption.AllDirectories);
        Assert.NotEmpty(files);
        Assert.All(files, file => Assert.True(File.ReadAllBytes(file).AsSpan().IndexOf(key) < 0, file));
        Assert.All(notes, note => Assert.DoesNotContain(SwanLabServer.Key, note));
    }
}
