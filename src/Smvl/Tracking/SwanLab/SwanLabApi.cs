using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using Smvl.Net;

namespace Smvl.Tracking.SwanLab;

/// <summary>
/// Requests to SwanLab's cloud: logged in before the first, again when the session has ended, repeated while the server or the network
/// fails. The key goes to the login alone; no redirect is followed. Source: swanlab 0.9.7 sdk/internal/client.
/// </summary>
/// <param name="host">without <c>/api</c></param>
/// <param name="key">of the user</param>
/// <param name="policy">how often a request is repeated</param>
/// <param name="failed">is told of a failure that passes with time</param>
internal sealed class SwanLabApi(string host, ApiKey key, RetryPolicy policy, Action<Exception> failed) : IDisposable
{
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan RenewBefore = TimeSpan.FromDays(7), RenewAtMostEvery = TimeSpan.FromHours(1);

    private readonly HttpClient client = HttpClients.Create();
    private Session? session;

    /// <summary>Logs in where that was not done, and gives the user's name.</summary>
    /// <exception cref="SmvlException">the key is refused</exception>
    public async Task<string> UserName(CancellationToken cancellation) => (session ?? await LogIn(cancellation).ConfigureAwait(false)).UserName;

    /// <summary>Sends a request and gives the answer's status and JSON, undefined where there is none.</summary>
    /// <param name="method">of the request</param>
    /// <param name="path">behind <c>/api</c>, encoded</param>
    /// <param name="body">writes the JSON; null: none</param>
    /// <param name="cancellation">ends attempts and waits</param>
    /// <param name="also">statuses besides those of success that are answers</param>
    /// <exception cref="SmvlException">refused</exception>
    public async Task<(HttpStatusCode Status, JsonElement Body)> Send(
        HttpMethod method, string path, Action<Utf8JsonWriter>? body, CancellationToken cancellation, params HttpStatusCode[] also)
    {
        DateTimeOffset now = policy.Clock.GetUtcNow();
        Session current = session is { } known && (known.Expires - now >= RenewBefore || now - known.Since < RenewAtMostEvery)
            ? known
            : await LogIn(cancellation).ConfigureAwait(false);
        byte[]? content = body is null ? null : SwanLabJson.Of(body);
        (HttpStatusCode Status, JsonElement Body) answer = await Attempt(current).ConfigureAwait(false);
        if (answer.Status == HttpStatusCode.Unauthorized)
        {
            answer = await Attempt(await LogIn(cancellation).ConfigureAwait(false)).ConfigureAwait(false);
        }

        return (int)answer.Status is >= 200 and < 300 || also.Contains(answer.Status) ? answer : throw Refused($"{method} {path}", answer);

        Task<(HttpStatusCode, JsonElement)> Attempt(Session session) => Ask(
            () =>
            {
                HttpRequestMessage request = new(method, $"{host}/api{path}");
                request.Headers.Add("Cookie", $"sid={session.Id}");
                if (content is not null)
                {
                    request.Content = new ByteArrayContent(content) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } };
                }

                return request;
            },
            cancellation);
    }

    /// <summary>Puts a file to an address that is its own permission.</summary>
    /// <exception cref="SmvlException">refused</exception>
    public async Task Put(Uri address, byte[] content, string type, CancellationToken cancellation)
    {
        (HttpStatusCode Status, JsonElement Body) answer = await Ask(
            () => new HttpRequestMessage(HttpMethod.Put, address) { Content = new ByteArrayContent(content) { Headers = { ContentType = new MediaTypeHeaderValue(type) } } },
            cancellation).ConfigureAwait(false);
        if ((int)answer.Status is < 200 or >= 300)
        {
            throw Refused($"PUT of a file to {address.Host}", answer);
        }
    }

    public void Dispose() => client.Dispose();

    private async Task<Session> LogIn(CancellationToken cancellation)
    {
        const string path = "/login/api_key";
        (HttpStatusCode Status, JsonElement Body) answer = await Ask(
            () =>
            {
                HttpRequestMessage request = new(HttpMethod.Post, $"{host}/api{path}");
                request.Headers.TryAddWithoutValidation("authorization", key.Reveal());
                return request;
            },
            cancellation).ConfigureAwait(false);
        if ((int)answer.Status is < 200 or >= 300)
        {
            throw Refused($"POST {path}", answer);
        }

        try
        {
            JsonElement user = answer.Body.GetProperty("userInfo");
            DateTimeOffset expires = DateTimeOffset.Parse(
                answer.Body.GetProperty("expiredAt").GetString()!, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal);
            session = new Session(
                answer.Body.GetProperty("sid").GetString()!, user.GetProperty("username").GetString()!, policy.Clock.GetUtcNow(), expires);
            return session;
        }
        catch (Exception exception) when (exception is InvalidOperationException or KeyNotFoundException or FormatException)
        {
            throw new SmvlException("the answer to a login cannot be read", host, "SwanLab's", inner: exception);
        }
    }

    private Task<(HttpStatusCode Status, JsonElement Body)> Ask(Func<HttpRequestMessage> make, CancellationToken cancellation) => policy.Run(
        async attempt =>
        {
            using HttpRequestMessage request = make();
            request.Headers.Add("X-SwanLab-SDK-Version", SwanLabRun.Version);
            using HttpResponseMessage response = await client.SendForHeaders(request, Silence, attempt).ConfigureAwait(false);
            TransientStatusException.ThrowIfTransient(response, policy.Clock);
            byte[] body = await response.Content.ReadAsByteArrayAsync(attempt).WaitAsync(Silence, attempt).ConfigureAwait(false);
            return (response.StatusCode, Parsed(body));
        },
        cancellation,
        notice: (failure, _) => failed(failure));

    /// <summary>What is no JSON, a proxy's page for one, is no answer of the service.</summary>
    private static JsonElement Parsed(byte[] body)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(body);
            return document.RootElement.Clone();
        }
        catch (JsonException)
        {
            return default;
        }
    }

    private SmvlException Refused(string what, (HttpStatusCode Status, JsonElement Body) answer)
    {
        string message = answer.Body.ValueKind == JsonValueKind.Object && answer.Body.TryGetProperty("message", out JsonElement told) ? $" {told}" : "";
        string? hint = answer.Status switch
        {
            HttpStatusCode.Unauthorized => "check the API key",
            HttpStatusCode.Forbidden => "check the account and its rights",
            _ => null,
        };
        return new SmvlException("SwanLab refuses a request", what, actual: key.Redacted($"{(int)answer.Status}{message}"), hint: hint);
    }

    private sealed record Session(string Id, string UserName, DateTimeOffset Since, DateTimeOffset Expires);
}
