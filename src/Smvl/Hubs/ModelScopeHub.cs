using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using Smvl.Net;

namespace Smvl.Hubs;

/// <summary>
/// ModelScope: a model's files in one listing, a data set's in pages. Addresses and answers are those that modelscope 1.28 and its
/// successor modelscope_hub use.
/// </summary>
internal sealed class ModelScopeHub(HubSettings settings, Action<string> notice, RetryPolicy retry) : Hub(settings, notice, retry)
{
    private const int PageSize = 200;
    private const int Success = 200;

    public override HubKind Kind => HubKind.ModelScope;

    public override string Name => "ModelScope";

    public override string DefaultRevision => "master";

    protected override string TokenVariable => "MODELSCOPE_API_TOKEN";

    protected override string OtherEndpoint => "MODELSCOPE_ENDPOINT names another site, such as https://www.modelscope.ai";

    public override async Task<HubListing> List(RepositoryId repository, string? revision, CancellationToken cancellation)
    {
        string asked = revision ?? DefaultRevision;
        string query = $"Revision={Uri.EscapeDataString(asked)}&Recursive=True";
        if (repository.Kind == RepositoryKind.Model)
        {
            HubAnswer all = await Data(repository, asked, $"{Api(repository)}/repo/files?{query}", cancellation).ConfigureAwait(false);
            return new HubListing(repository, asked, null, [.. Files(all)]);
        }

        var files = new List<HubFile>();
        var seen = new HashSet<string>();
        for (int page = 1; ; page++)
        {
            HubAnswer answer = await Data(repository, asked, $"{Api(repository)}/repo/tree?{query}&PageNumber={page}&PageSize={PageSize}", cancellation).ConfigureAwait(false);
            int rows = answer.Get("Files").Items().Count();
            HubFile[] found = [.. Files(answer)];
            if (found.FirstOrDefault(file => !seen.Add(file.Path)) is { } twice)
            {
                throw new SmvlException("the listing's pages hold a file twice", answer.Address, actual: twice.Path);
            }

            files.AddRange(found);
            if (rows < PageSize)
            {
                return new HubListing(repository, asked, null, files);
            }
        }
    }

    public override Uri AddressOf(HubListing listing, HubFile file)
    {
        string revision = Uri.EscapeDataString(listing.Revision), path = Uri.EscapeDataString(file.Path);
        return new Uri(listing.Repository.Kind == RepositoryKind.Model
            ? $"{Api(listing.Repository)}/repo?Revision={revision}&FilePath={path}"
            : $"{Api(listing.Repository)}/repo?Source=SDK&Revision={revision}&FilePath={path}&View=False");
    }

    // its first client knows the cookie, its second also the header
    protected override void Authorize(HttpRequestMessage request, string token)
    {
        request.Headers.Add("Cookie", $"m_session_id={token}");
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
    }

    protected override (HubComplaint What, string? Words) Complaint(HttpResponseMessage response, ReadOnlyMemory<byte> body)
    {
        HubComplaint what = response.StatusCode switch
        {
            HttpStatusCode.NotFound => HubComplaint.NoRepository,
            HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden => HubComplaint.NotAllowed,
            _ => HubComplaint.Other,
        };
        return (what, Message(body));
    }

    private string Api(RepositoryId repository) =>
        $"{Settings.Endpoint.AbsoluteUri.TrimEnd('/')}/api/v1/{(repository.Kind == RepositoryKind.Model ? "models" : "datasets")}/{repository}";

    /// <summary>What an answer carries: it is a success where its own code says so, too.</summary>
    private async Task<HubAnswer> Data(RepositoryId repository, string revision, string address, CancellationToken cancellation)
    {
        HubAnswer answer = await GetJson(repository, revision, new Uri(address), cancellation).ConfigureAwait(false);
        long code = answer.Get("Code").Size();
        return code == Success
            ? answer.Get("Data")
            : throw new SmvlException($"the hub answered {code}", $"{Name} {repository}", actual: Clean(answer.Find("Message")?.Text() ?? "no message"));
    }

    // git's own files are no part of a model
    private static IEnumerable<HubFile> Files(HubAnswer data) => data.Get("Files").Items()
        .Where(item => item.Get("Type").Text() == "blob" && item.Get("Path").Text() is not (".gitignore" or ".gitattributes"))
        .Select(item => new HubFile(
            RepositoryPath.Check(item.Get("Path").Text(), item.Address),
            item.Get("Size").Size(),
            ContentHash.TryParse(ContentHashKind.Sha256, item.Find("Sha256")?.Text())));

    private static string? Message(ReadOnlyMemory<byte> body)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(body);
            return document.RootElement.ValueKind == JsonValueKind.Object && document.RootElement.TryGetProperty("Message", out JsonElement message)
                && message.ValueKind == JsonValueKind.String ? message.GetString() : null;
        }
        catch (JsonException)
        {
            return null;   // a proxy's page
        }
    }
}
