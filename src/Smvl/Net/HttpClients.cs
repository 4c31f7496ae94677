using System.Globalization;
using System.Net;

namespace Smvl.Net;

/// <summary>Makes HTTP clients that do nothing by themselves: no redirects, no cookies, no decompression, no time limit on a whole answer.</summary>
internal static class HttpClients
{
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(15);

    /// <summary>Connections are shared and renewed, so that a changed address is noticed; proxies are the system's.</summary>
    public static HttpClient Create()
    {
        HttpClient client = new(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            AutomaticDecompression = DecompressionMethods.None,
            ConnectTimeout = ConnectTimeout,
            PooledConnectionLifetime = TimeSpan.FromMinutes(2),
        })
        {
            Timeout = Timeout.InfiniteTimeSpan,
        };
        client.DefaultRequestHeaders.UserAgent.ParseAdd($"smvl/{typeof(HttpClients).Assembly.GetName().Version?.ToString(3)}");
        return client;
    }

    /// <summary>Sends a request and waits for the answer's headers.</summary>
    /// <param name="client">the client</param>
    /// <param name="request">is used up</param>
    /// <param name="silence">how long the server may be silent</param>
    /// <param name="cancellation">ends the wait</param>
    /// <exception cref="TimeoutException">silent too long</exception>
    public static Task<HttpResponseMessage> SendForHeaders(
        this HttpClient client, HttpRequestMessage request, TimeSpan silence, CancellationToken cancellation) =>
        Within(silence, limit => client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, limit), cancellation);

    /// <summary>Reads some of an answer's body.</summary>
    /// <param name="body">the body</param>
    /// <param name="buffer">for what comes</param>
    /// <param name="silence">how long the server may be silent</param>
    /// <param name="cancellation">ends the wait</param>
    /// <returns>bytes read; 0 at the end</returns>
    /// <exception cref="TimeoutException">silent too long</exception>
    public static Task<int> ReadSome(this Stream body, Memory<byte> buffer, TimeSpan silence, CancellationToken cancellation) =>
        Within(silence, limit => body.ReadAsync(buffer, limit).AsTask(), cancellation);

    private static async Task<T> Within<T>(TimeSpan silence, Func<CancellationToken, Task<T>> work, CancellationToken cancellation)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(silence);
        try
        {
            return await work(limit.Token).ConfigureAwait(false);
        }
        catch (Exception e) when (limit.IsCancellationRequested && !cancellation.IsCancellationRequested)
        {
            throw new TimeoutException(string.Create(CultureInfo.InvariantCulture, $"the server was silent for {silence.TotalSeconds:0.#} s"), e);
        }
    }
}
