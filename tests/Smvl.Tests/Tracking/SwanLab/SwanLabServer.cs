using System.Collections.Concurrent;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Smvl.Tests.Net;

namespace Smvl.Tests.Tracking.SwanLab;

/// <summary>SwanLab's cloud as the specification tells it, in memory, with faults on request.</summary>
internal sealed class SwanLabServer : IAsyncDisposable
{
    public const string Key = "top-secret-key-0123456789", User = "someone", ProjectId = "project-cuid";

    private readonly ConcurrentDictionary<string, byte[]> files = new();
    private readonly ConcurrentQueue<(string Type, JsonElement Metric)> metrics = new();
    private LoopbackServer server = null!;
    private volatile string session = "";
    private int logins;

    /// <summary>Answers a request otherwise than the service would: a status, or null where it behaves.</summary>
    public Func<string, int?> Fault { get; set; } = _ => null;

    /// <summary>Every request takes so long.</summary>
    public TimeSpan Delay { get; set; }

    public string? RetryAfter { get; set; }

    /// <summary>A server of before 0.9 knows /project only.</summary>
    public bool IsOld { get; init; }

    public string Address => server.Address;

    public int Logins => logins;

    public IReadOnlyList<LoopbackRequest> Requests => server.Requests;

    public IReadOnlyDictionary<string, byte[]> Files => files;

    public HashSet<string> Experiments { get; } = [];

    public string? State { get; private set; }

    public IEnumerable<JsonElement> Metrics(string type) => metrics.Where(metric => metric.Type == type).Select(metric => metric.Metric);

    public IEnumerable<(long Step, double Value)> Scalars(string key) =>
        Metrics("scalar").Where(metric => metric.GetProperty("key").GetString() == key)
            .Select(metric => (metric.GetProperty("index").GetInt64(), metric.GetProperty("data").GetDouble()));

    public static async Task<SwanLabServer> Start(bool isOld = false)
    {
        SwanLabServer cloud = new() { IsOld = isOld };
        cloud.server = await LoopbackServer.Start(cloud.Answer);
        return cloud;
    }

    /// <summary>Every session so far is over.</summary>
    public void EndSessions() => session = "";

    public ValueTask DisposeAsync() => server.DisposeAsync();

    private async Task Answer(HttpContext context)
    {
        string request = $"{context.Request.Method} {context.Request.Path}";
        if (Delay > TimeSpan.Zero)
        {
            await Task.Delay(Delay, context.RequestAborted);
        }

        if (Fault(request) is { } status)
        {
            context.Response.StatusCode = status;
            if (RetryAfter is not null)
            {
                context.Response.Headers.RetryAfter = RetryAfter;
            }

            await context.Response.WriteAsync($$"""{"code": "x", "message": "no, {{Key}}"}""");
            return;
        }

        if (request == "POST /api/login/api_key")
        {
            if (context.Request.Headers.Authorization != Key)
            {
                context.Response.StatusCode = 401;
                return;
            }

            session = $"session-{Interlocked.Increment(ref logins)}";
            await Json(context, 200, $$"""{"sid": "{{session}}", "expiredAt": "{{DateTime.UtcNow.AddDays(30):yyyy-MM-ddTHH:mm:ss.fffZ}}", "userInfo": {"username": "{{User}}", "name": "x"} }""");
            return;
        }

        if (request.StartsWith("PUT /upload/", StringComparison.Ordinal))
        {
            Assert.False(context.Request.Headers.ContainsKey("Cookie"), "the session goes to the API only");
            files[context.Request.Path.Value!["/upload/".Length..]] = ((MemoryStream)context.Request.Body).ToArray();
            return;
        }

        if (context.Request.Headers.Cookie != $"sid={session}")
        {
            context.Response.StatusCode = 401;
            return;
        }

        using JsonDocument? body = context.Request.Body.Length > 0 ? await JsonDocument.ParseAsync(context.Request.Body) : null;
        await Known(context, request, body?.RootElement.Clone() ?? default);
    }

    private async Task Known(HttpContext context, string request, JsonElement body)
    {
        string run = request.Split('/')[^1];
        switch (request)
        {
            case $"POST /api/projects/{User}" when !IsOld:
            case "POST /api/project" when IsOld:
                await Json(context, 201, "{}");
                break;
            case $"GET /api/project/{User}/project":
                await Json(context, 200, $$"""{"cuid": "{{ProjectId}}", "name": "project", "path": "/{{User}}/project", "visibility": "PRIVATE"}""");
                break;
            case $"POST /api/project/{User}/project/experiment":
                string id = body.GetProperty("cuid").GetString()!;
                await Json(context, Experiments.Add(id) ? 201 : 200, $$"""{"cuid": "{{id}}", "name": "x", "createdAt": "2026-01-01T00:00:00.000Z"}""");
                break;
            case "POST /api/house/metrics":
                Assert.Equal(ProjectId, body.GetProperty("projectId").GetString());
                foreach (JsonElement metric in body.GetProperty("metrics").EnumerateArray())
                {
                    metrics.Enqueue((body.GetProperty("type").GetString()!, metric));
                }

                await Json(context, 200, "{}");
                break;
            case "POST /api/resources/presigned/put":
                await Json(context, 200, $$"""{"urls": [{{string.Join(", ", body.GetProperty("paths").EnumerateArray().Select(path => $"\"{Address}/upload/{path.GetString()}\""))}}]}""");
                break;
            case not null when request.StartsWith($"GET /api/project/{User}/project/runs/", StringComparison.Ordinal):
                await Json(context, Experiments.Contains(run) ? 200 : 404, "{}");
                break;
            case not null when request.StartsWith("GET /api/house/metrics/summaries/", StringComparison.Ordinal):
                await Json(context, 200, $$"""{"scalar": [{{Last("scalar")}}], "media": [{{Last("media")}}], "log": [{{LastLine()}}]}""");
                break;
            case not null when request.EndsWith("/state", StringComparison.Ordinal):
                State = body.GetProperty("state").GetString();
                await Json(context, 200, "{}");
                break;
            case not null when request.EndsWith("/series", StringComparison.Ordinal) || request.EndsWith("/profile", StringComparison.Ordinal) || request.EndsWith("/heartbeat", StringComparison.Ordinal):
                await Json(context, 200, "{}");
                break;
            default:
                context.Response.StatusCode = 404;
                break;
        }
    }

    private string Last(string type) => string.Join(", ", Metrics(type)
        .GroupBy(metric => metric.GetProperty("key").GetString())
        .Select(key => $$"""{"key": "{{key.Key}}", "step": {{key.Max(metric => metric.GetProperty("index").GetInt64())}}}"""));

    private string LastLine()
    {
        long last = Metrics("log").Select(line => line.GetProperty("epoch").GetInt64()).DefaultIfEmpty(0).Max();
        return last == 0 ? "" : $$"""{"key": "log", "step": {{last}}}""";
    }

    private static async Task Json(HttpContext context, int status, string json)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/json";
        await context.Response.WriteAsync(json);
    }
}
