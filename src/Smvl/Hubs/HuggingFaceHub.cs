using System.Net;
using System.Net.Http.Headers;
using Smvl.Net;

namespace Smvl.Hubs;

/// <summary>
/// Hugging Face, or a mirror of it that answers as it does: the commit behind a revision, then the tree of that commit in pages, then
/// its files. Addresses and answers are those that huggingface_hub 1.29 uses.
/// </summary>
internal sealed class HuggingFaceHub(HubSettings settings, Action<string> notice, RetryPolicy retry) : Hub(settings, notice, retry)
{
    public override HubKind Kind => HubKind.HuggingFace;

    public override string Name => "Hugging Face";

    public override string DefaultRevision => "main";

    protected override string TokenVariable => "HF_TOKEN";

    protected override string OtherEndpoint => "HF_ENDPOINT names a mirror, such as https://hf-mirror.com";

    public override async Task<HubListing> List(RepositoryId repository, string? revision, CancellationToken cancellation)
    {
        string asked = revision ?? DefaultRevision;
        string api = $"{Base}/api/{Plural(repository)}/{repository}";
        HubAnswer info = await GetJson(repository, asked, new Uri($"{api}/revision/{Uri.EscapeDataString(asked)}"), cancellation).ConfigureAwait(false);
        HubAnswer sha = info.Get("sha");
        string commit = ContentHash.TryParse(ContentHashKind.GitBlob, sha.Text())?.Hex ?? throw new SmvlException("not a commit", sha.Address, "40 hexadecimal digits");

        var files = new List<HubFile>();
        var seen = new HashSet<Uri>();
        for (Uri? page = new($"{api}/tree/{commit}?recursive=true"); page is not null;)
        {
            HubAnswer answer = seen.Add(page)
                ? await GetJson(repository, asked, page, cancellation).ConfigureAwait(false)
                : throw new SmvlException("the listing's pages run in a circle", Shown(page));
            files.AddRange(answer.Items().Where(item => item.Get("type").Text() == "file").Select(File));
            page = answer.Next;
        }

        return new HubListing(repository, asked, commit, files);
    }

    public override Uri AddressOf(HubListing listing, HubFile file)
    {
        string prefix = listing.Repository.Kind == RepositoryKind.Dataset ? "datasets/" : "";
        string path = string.Join('/', file.Path.Split('/').Select(Uri.EscapeDataString));
        return new Uri($"{Base}/{prefix}{listing.Repository}/resolve/{listing.Commit}/{path}");
    }

    protected override void Authorize(HttpRequestMessage request, string token) => request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);

    protected override (HubComplaint What, string? Words) Complaint(HttpResponseMessage response, ReadOnlyMemory<byte> body)
    {
        HubComplaint what = (Header("X-Error-Code"), response.StatusCode) switch
        {
            ("RepoNotFound", _) => HubComplaint.NoRepository,
            ("RevisionNotFound", _) => HubComplaint.NoRevision,
            ("EntryNotFound", _) => HubComplaint.NoFile,
            ("GatedRepo", _) => HubComplaint.Gated,
            (_, HttpStatusCode.NotFound) => HubComplaint.NoRepository,
            (_, HttpStatusCode.Unauthorized) => HubComplaint.NoRepository,   // also the answer to an anonymous request for what does not exist
            (_, HttpStatusCode.Forbidden) => HubComplaint.NotAllowed,
            _ => HubComplaint.Other,
        };
        return (what, Header("X-Error-Message"));

        string? Header(string name) => response.Headers.TryGetValues(name, out IEnumerable<string>? values) ? string.Join(' ', values) : null;
    }

    private string Base => Settings.Endpoint.AbsoluteUri.TrimEnd('/');

    private static string Plural(RepositoryId repository) => repository.Kind == RepositoryKind.Model ? "models" : "datasets";

    // large files are known by their sha256, the others as git blobs
    private static HubFile File(HubAnswer item) => new(
        RepositoryPath.Check(item.Get("path").Text(), item.Address),
        item.Get("size").Size(),
        item.Find("lfs") is { } large
            ? ContentHash.TryParse(ContentHashKind.Sha256, large.Get("oid").Text())
            : ContentHash.TryParse(ContentHashKind.GitBlob, item.Get("oid").Text()));
}
