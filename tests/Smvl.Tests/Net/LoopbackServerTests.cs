using System.Net;
using System.Text;
using Microsoft.AspNetCore.Http;
using Smvl.Net;

namespace Smvl.Tests.Net;

/// <summary>The server that other tests rely on.</summary>
public sealed class LoopbackServerTests
{
    [Fact]
    public async Task ItRemembersWhatItWasAskedAndAnswersAsTold()
    {
        await using LoopbackServer server = await LoopbackServer.Start(async context =>
        {
            using StreamReader body = new(context.Request.Body);
            context.Response.StatusCode = StatusCodes.Status201Created;
            await context.Response.WriteAsync($"{await body.ReadToEndAsync()}!");
        });
        using HttpClient client = HttpClients.Create();
        using HttpRequestMessage request = new(HttpMethod.Put, $"{server.Address}/a%20b/c?q=1%2F2") { Content = new StringContent("图", Encoding.UTF8) };
        request.Headers.Add("X-One", ["1", "2"]);
        using HttpResponseMessage response = await client.SendAsync(request);

        Assert.Equal((HttpStatusCode.Created, "图!"), (response.StatusCode, await response.Content.ReadAsStringAsync()));
        LoopbackRequest remembered = Assert.Single(server.Requests);
        Assert.Equal(("PUT", "/a%20b/c?q=1%2F2", "图"), (remembered.Method, remembered.Target, Encoding.UTF8.GetString(remembered.Body)));
        Assert.Equal(["1", "2"], remembered.Header("x-one")!.Split(',', StringSplitOptions.TrimEntries));
        Assert.StartsWith("smvl/", remembered.Header("User-Agent"));
        Assert.Null(remembered.Header("Cookie"));
    }

    [Fact]
    public async Task ItEndsWhileAnAnswerIsStillBeingWritten()
    {
        TaskCompletionSource asked = new();
        LoopbackServer server = await LoopbackServer.Start(async context =>
        {
            asked.SetResult();
            await Task.Delay(Timeout.Infinite, context.RequestAborted);
        });
        using HttpClient client = HttpClients.Create();
        Task<HttpResponseMessage> pending = client.GetAsync(server.Address);
        await asked.Task;
        await server.DisposeAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(20));
        Exception failure = await Assert.ThrowsAnyAsync<Exception>(() => pending);
        Assert.True(TransientFailure.Is(failure), failure.ToString());
    }
}
