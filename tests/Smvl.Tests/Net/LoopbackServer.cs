using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Extensions;
using Microsoft.Extensions.Logging;

namespace Smvl.Tests.Net;

/// <summary>A server of a test's own on this machine's loopback, on a port that was free, which remembers what it was asked.</summary>
internal sealed class LoopbackServer : IAsyncDisposable
{
    private readonly WebApplication application;
    private readonly ConcurrentQueue<LoopbackRequest> requests = new();

    private LoopbackServer(WebApplication application) => this.application = application;

    /// <summary>As in <c>http://127.0.0.1:41234</c>, without a slash at the end.</summary>
    public string Address { get; private set; } = "";

    /// <summary>What came so far, in order; each is complete before it is answered.</summary>
    public IReadOnlyList<LoopbackRequest> Requests => [.. requests];

    /// <param name="answer">answers every request, whose body can be read again</param>
    public static async Task<LoopbackServer> Start(RequestDelegate answer)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.WebHost.ConfigureKestrel(options =>
        {
            options.Limits.MinResponseDataRate = null;   // tests read slowly on purpose
            options.Limits.MaxRequestBodySize = null;
        });
        LoopbackServer server = new(builder.Build());
        server.application.Run(async context =>
        {
            var body = new MemoryStream();
            await context.Request.Body.CopyToAsync(body);
            server.requests.Enqueue(new LoopbackRequest(
                context.Request.Method,
                context.Request.GetEncodedPathAndQuery(),
                context.Request.Headers.ToDictionary(header => header.Key, header => header.Value.ToString(), StringComparer.OrdinalIgnoreCase),
                body.ToArray()));
            body.Position = 0;
            context.Request.Body = body;
            await answer(context);
        });
        await server.application.StartAsync();
        server.Address = server.application.Urls.Single();
        return server;
    }

    public async ValueTask DisposeAsync()
    {
        using CancellationTokenSource now = new();
        now.Cancel();   // requests that are still being answered are not waited for
        await application.StopAsync(now.Token);
        await application.DisposeAsync();
    }
}
