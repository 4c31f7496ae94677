using System.Globalization;
using System.IO.Compression;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Smvl.Net;

namespace Smvl.Hubs;

/// <summary>
/// A place that models and data sets are fetched from: lists a repository's files and opens them. Redirects are followed here, so that
/// the token goes to <see cref="HubSettings.Endpoint"/> and to no other scheme, host or port. No token and no signed address is in
/// what a failure says.
/// </summary>
internal abstract class Hub(HubSettings settings, Action<string> notice, RetryPolicy retry) : IDisposable
{
    private const int MostRedirects = 10;
    private const int MostListingBytes = 256 << 20;
    private const int MostFailureBytes = 64 << 10;

    private readonly HttpClient client = HttpClients.Create();

    public HubSettings Settings { get; } = settings;

    public abstract HubKind Kind { get; }

    /// <summary>As the hub calls itself.</summary>
    public abstract string Name { get; }

    /// <summary>What is fetched where no revision is named.</summary>
    public abstract string DefaultRevision { get; }

    /// <summary>The variable that holds a token.</summary>
    protected abstract string TokenVariable { get; }

    /// <summary>What to try when the hub cannot be reached or lacks a repository.</summary>
    protected abstract string OtherEndpoint { get; }

    /// <param name="kind">which</param>
    /// <param name="settings">how to reach it</param>
    /// <param name="notice">gets a line for each request that failed and is repeated</param>
    /// <param name="retry">how requests are repeated; null: as usual</param>
    public static Hub Create(HubKind kind, HubSettings settings, Action<string> notice, RetryPolicy? retry = null) => kind == HubKind.ModelScope
        ? new ModelScopeHub(settings, notice, retry ?? new RetryPolicy())
        : new HuggingFaceHub(settings, notice, retry ?? new RetryPolicy());

    /// <summary>All files of a repository.</summary>
    /// <param name="repository">which</param>
    /// <param name="revision">a branch, tag or commit; null: <see cref="DefaultRevision"/></param>
    /// <param name="cancellation">ends the wait</param>
    /// <exception cref="SmvlException">no such repository or revision, no right to it, a hub that cannot be reached, an answer that is none</exception>
    public abstract Task<HubListing> List(RepositoryId repository, string? revision, CancellationToken cancellation);

    /// <summary>Where a file's bytes are asked for.</summary>
    public abstract Uri AddressOf(HubListing listing, HubFile file);

    /// <summary>Asks once, follows redirects, and waits for the answer's headers.</summary>
    /// <param name="address">as <see cref="AddressOf"/> gives it</param>
    /// <param name="range">the bytes wanted; null: all</param>
    /// <param name="cancellation">ends the wait</param>
    /// <exception cref="Exception">failures that pass with time, see <see cref="TransientFailure"/></exception>
    public async Task<HttpResponseMessage> Get(Uri address, RangeHeaderValue? range, CancellationToken cancellation)
    {
        for (int redirects = 0; redirects <= MostRedirects; redirects++)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, address);
            request.Headers.AcceptEncoding.ParseAdd("identity");
            request.Headers.Range = range;
            if (Settings.Token is { } token && IsOwn(address))
            {
                Authorize(request, token);
            }

            HttpResponseMessage response = await client.SendForHeaders(request, Settings.Silence, cancellation).ConfigureAwait(false);
            TransientStatusException.ThrowIfTransient(response, retry.Clock);
            if (response.StatusCode is not (HttpStatusCode.MovedPermanently or HttpStatusCode.Found or HttpStatusCode.SeeOther
                or HttpStatusCode.TemporaryRedirect or HttpStatusCode.PermanentRedirect))
            {
                return response;
            }

            Uri? location = response.Headers.Location;
            response.Dispose();
            Uri next = location is null
                ? throw new SmvlException("the server redirects to nowhere", Shown(address))
                : new Uri(address, location);
            address = next.Scheme is "http" or "https" ? next : throw new SmvlException("the server redirects to what is no web address", Shown(address), actual: next.Scheme);
        }

        throw new SmvlException($"the server redirects more than {MostRedirects} times", Shown(address));
    }

    /// <summary>An answer's body, decoded where the server has compressed it without being asked.</summary>
    public static async Task<Stream> Body(HttpResponseMessage response, CancellationToken cancellation)
    {
        Stream body = await response.Content.ReadAsStreamAsync(cancellation).ConfigureAwait(false);
        return string.Join(", ", response.Content.Headers.ContentEncoding).ToLowerInvariant() switch
        {
            "" or "identity" => body,
            "gzip" or "x-gzip" => new GZipStream(body, CompressionMode.Decompress),
            "br" => new BrotliStream(body, CompressionMode.Decompress),
            string other => throw new SmvlException("the server compresses in a way that nobody asked for", Shown(response.RequestMessage!.RequestUri!), "identity", other),
        };
    }

    /// <summary>What to tell about an answer that is no success; disposes it.</summary>
    /// <param name="repository">what was asked for</param>
    /// <param name="revision">of it</param>
    /// <param name="response">the answer</param>
    /// <param name="cancellation">ends reading it</param>
    public async Task<SmvlException> Failure(RepositoryId repository, string revision, HttpResponseMessage response, CancellationToken cancellation)
    {
        using (response)
        {
            HttpStatusCode status = response.StatusCode;
            byte[] body = await ReadAll(response, MostFailureBytes, cancellation).ConfigureAwait(false);
            if (!IsOwn(response.RequestMessage!.RequestUri!))
            {
                return new SmvlException($"the file server answered {(int)status} {status}", Shown(response.RequestMessage!.RequestUri!), hint: "the same command tries again");
            }

            (HubComplaint complaint, string? words) = Complaint(response, body);
            string where = $"{Name} {repository}", said = words is null ? "" : $": {Clean(words)}";
            string kind = repository.Kind.ToString().ToLowerInvariant();
            string token = Settings.Token is null ? $"a private or gated one needs a token in {TokenVariable}" : $"the token in {TokenVariable} may not read it";
            return complaint switch
            {
                HubComplaint.NoRepository => new($"no such {kind}, or a private one{said}", where, hint: $"{token}; {OtherEndpoint}"),
                HubComplaint.NoRevision => new($"no such revision{said}", where, actual: revision),
                HubComplaint.NoFile => new($"no such file{said}", where),
                HubComplaint.Gated => new($"its owner asks for consent to conditions first{said}", where, hint: $"give it at {Settings.Endpoint.AbsoluteUri.TrimEnd('/')}/{repository}, then {token}"),
                HubComplaint.NotAllowed => new($"the hub refuses access ({(int)status}){said}", where, hint: token),
                _ => new($"the hub answered {(int)status} {status}{said}", where),
            };
        }
    }

    /// <summary>Runs an attempt until it succeeds, see <see cref="RetryPolicy.Run"/>.</summary>
    /// <param name="what">is attempted: a file's name, for the notice</param>
    /// <param name="attempt">one attempt</param>
    /// <param name="cancellation">ends attempts and waits</param>
    /// <param name="progress">a number that grows with what is achieved</param>
    /// <exception cref="SmvlException">repeated in vain</exception>
    public async Task<T> Repeat<T>(string what, Func<CancellationToken, Task<T>> attempt, CancellationToken cancellation, Func<long>? progress = null)
    {
        try
        {
            return await retry.Run(
                attempt,
                cancellation,
                progress,
                (failure, delay) => notice(string.Create(CultureInfo.InvariantCulture, $"{what}: {Clean(failure.Message)}; again in {delay.TotalSeconds:0.#} s"))).ConfigureAwait(false);
        }
        catch (Exception e) when (!cancellation.IsCancellationRequested && TransientFailure.Is(e))
        {
            throw new SmvlException(
                $"{what}: {Clean(e.Message)}", $"{Name} at {Shown(Settings.Endpoint)}", hint: $"{OtherEndpoint}; the same command continues where this one ended", inner: e);
        }
    }

    public void Dispose() => client.Dispose();

    protected abstract void Authorize(HttpRequestMessage request, string token);

    /// <summary>What the hub says is wrong, and its words for it.</summary>
    protected abstract (HubComplaint What, string? Words) Complaint(HttpResponseMessage response, ReadOnlyMemory<byte> body);

    /// <summary>An answer that is JSON, with repetitions.</summary>
    protected async Task<HubAnswer> GetJson(RepositoryId repository, string revision, Uri address, CancellationToken cancellation)
    {
        return await Repeat($"{repository}", Ask, cancellation).ConfigureAwait(false);

        async Task<HubAnswer> Ask(CancellationToken attempt)
        {
            HttpResponseMessage response = await Get(address, null, attempt).ConfigureAwait(false);
            if (!response.IsSuccessStatusCode)
            {
                throw await Failure(repository, revision, response, attempt).ConfigureAwait(false);
            }

            using (response)
            {
                try
                {
                    using JsonDocument document = JsonDocument.Parse(await ReadAll(response, MostListingBytes, attempt).ConfigureAwait(false));
                    return new HubAnswer(document.RootElement.Clone(), Shown(address), NextPage(response));
                }
                catch (Exception e) when (e is JsonException or InvalidDataException)   // the latter: compressed, and damaged
                {
                    throw new SmvlException("the answer is not JSON", Shown(address), hint: "is it a hub's address?", inner: e);
                }
            }
        }
    }

    /// <summary>An address without its query, which may be signed, and without a password.</summary>
    protected static string Shown(Uri address) => address.GetComponents(UriComponents.SchemeAndServer | UriComponents.Path, UriFormat.UriEscaped).TrimEnd('/');

    /// <summary>A server's words: short, in one line, and without the token should it repeat it.</summary>
    protected string Clean(string words)
    {
        const int Most = 200;
        string secret = Settings.Token is { } token ? words.Replace(token, "***", StringComparison.Ordinal) : words;
        var text = new StringBuilder();
        foreach (char c in secret.AsSpan(0, Math.Min(secret.Length, Most)))
        {
            text.Append(char.IsControl(c) ? ' ' : c);
        }

        return text.ToString().Trim();
    }

    private bool IsOwn(Uri address) =>
        Uri.Compare(address, Settings.Endpoint, UriComponents.SchemeAndServer, UriFormat.UriEscaped, StringComparison.OrdinalIgnoreCase) == 0;

    // RFC 8288: <address>; rel="next"
    private static Uri? NextPage(HttpResponseMessage response)
    {
        foreach (string link in response.Headers.TryGetValues("Link", out IEnumerable<string>? links) ? links.SelectMany(line => line.Split(',')) : [])
        {
            string[] parts = link.Split(';', StringSplitOptions.TrimEntries);
            if (parts[0].StartsWith('<') && parts[0].EndsWith('>') && parts[1..].Any(part => part is "rel=\"next\"" or "rel=next"))
            {
                return new Uri(response.RequestMessage!.RequestUri!, parts[0][1..^1]);
            }
        }

        return null;
    }

    private async Task<byte[]> ReadAll(HttpResponseMessage response, int most, CancellationToken cancellation)
    {
        await using Stream body = await Body(response, cancellation).ConfigureAwait(false);
        var bytes = new MemoryStream();
        byte[] buffer = new byte[64 << 10];
        int read;
        while ((read = await body.ReadSome(buffer, Settings.Silence, cancellation).ConfigureAwait(false)) > 0)
        {
            if (bytes.Length + read > most)
            {
                throw new SmvlException("the answer is too long", Shown(response.RequestMessage!.RequestUri!), $"at most {most} bytes");
            }

            bytes.Write(buffer, 0, read);
        }

        return bytes.ToArray();
    }
}
