using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Smvl.Tests.Net;

namespace Smvl.Tests.Hubs;

/// <summary>
/// ModelScope and Hugging Face in one server, as their clients know them, holding what a test puts there. It behaves until a test tells
/// it not to.
/// </summary>
internal sealed class HubServer : IAsyncDisposable
{
    public const string Commit = "0123456789abcdef0123456789abcdef01234567";

    private readonly Dictionary<string, SortedDictionary<string, byte[]>> repositories = [];
    private LoopbackServer server = null!;

    private HubServer()
    {
    }

    public string Address => server.Address;

    /// <summary>Files from so many bytes on are large ones, known by their sha256 on Hugging Face.</summary>
    public int LargeFrom { get; set; } = 1000;

    /// <summary>Rows of a page of Hugging Face's listings.</summary>
    public int TreePage { get; set; } = 1000;

    /// <summary>Sees every request first; true: it has answered.</summary>
    public Func<HttpContext, Task<bool>>? Before { get; set; }

    /// <summary>Sees every request for a file first, with its content; true: it has answered.</summary>
    public Func<HttpContext, byte[], Task<bool>>? BeforeFile { get; set; }

    /// <summary>Changes a listing's row, which is an object, before it is sent.</summary>
    public Action<JsonObject>? Row { get; set; }

    public IReadOnlyList<LoopbackRequest> Requests => server.Requests;

    /// <summary>The requests for bytes of files.</summary>
    public IReadOnlyList<LoopbackRequest> FileRequests =>
        [.. Requests.Where(request => request.Target.Contains("/resolve/", StringComparison.Ordinal) || request.Target.Contains("FilePath=", StringComparison.Ordinal))];

    public static async Task<HubServer> Start()
    {
        var hub = new HubServer();
        hub.server = await LoopbackServer.Start(hub.Answer);
        return hub;
    }

    /// <param name="repository">as in models/Owner/Name</param>
    /// <param name="path">in it</param>
    /// <param name="content">of the file</param>
    public void Add(string repository, string path, byte[] content)
    {
        if (!repositories.TryGetValue(repository, out SortedDictionary<string, byte[]>? files))
        {
            repositories[repository] = files = new SortedDictionary<string, byte[]>(StringComparer.Ordinal);
        }

        files[path] = content;
    }

    public void Add(string repository, string path, string text) => Add(repository, path, Encoding.UTF8.GetBytes(text));

    /// <summary>Sends a content, or the range of it that was asked for.</summary>
    public static async Task Send(HttpContext context, byte[] content)
    {
        int from = 0, end = content.Length;
        if (context.Request.Headers.Range.ToString() is { Length: > 0 } range)
        {
            string[] ends = range["bytes=".Length..].Split('-');
            from = int.Parse(ends[0], CultureInfo.InvariantCulture);
            end = ends[1].Length > 0 ? int.Parse(ends[1], CultureInfo.InvariantCulture) + 1 : end;
            context.Response.StatusCode = StatusCodes.Status206PartialContent;
            context.Response.Headers.ContentRange = $"bytes {from}-{end - 1}/{content.Length}";
        }

        context.Response.ContentLength = end - from;
        await context.Response.Body.WriteAsync(content.AsMemory(from, end - from));
    }

    public ValueTask DisposeAsync() => server.DisposeAsync();

    private async Task Answer(HttpContext context)
    {
        if (Before is { } before && await before(context))
        {
            return;
        }

        string[] parts = context.Request.Path.Value!.Trim('/').Split('/');
        if (parts is ["api", "v1", { } scopeKind, { } scopeOwner, { } scopeName, "repo", ..])
        {
            await AnswerModelScope(context, $"{scopeKind}/{scopeOwner}/{scopeName}", parts[6..]);
        }
        else if (parts is ["api", { } kind, { } owner, { } name, { } what, { } revision])
        {
            await AnswerHuggingFace(context, $"{kind}/{owner}/{name}", what, revision);
        }
        else
        {
            parts = parts[0] == "datasets" ? parts : ["models", .. parts];
            await AnswerFile(context, string.Join('/', parts[..3]), string.Join('/', parts[5..]));
        }
    }

    private async Task AnswerHuggingFace(HttpContext context, string repository, string what, string revision)
    {
        if (!repositories.TryGetValue(repository, out SortedDictionary<string, byte[]>? files))
        {
            await Refuse(context, StatusCodes.Status404NotFound, "RepoNotFound");
        }
        else if (revision is not ("main" or "v1" or "refs%2Fpr%2F1" or "refs/pr/1" or Commit))
        {
            await Refuse(context, StatusCodes.Status404NotFound, "RevisionNotFound");
        }
        else if (what == "revision")
        {
            await Json(context, new JsonObject { ["sha"] = Commit });
        }
        else
        {
            int start = int.Parse(context.Request.Query["cursor"].FirstOrDefault() ?? "0", CultureInfo.InvariantCulture);
            var rows = new JsonArray(new JsonObject { ["type"] = "directory", ["path"] = "a folder", ["oid"] = "0" });
            foreach ((string path, byte[] content) in files.Skip(start).Take(TreePage))
            {
                var row = new JsonObject { ["type"] = "file", ["path"] = path, ["size"] = content.Length, ["oid"] = GitBlob(content) };
                if (content.Length >= LargeFrom)
                {
                    row["oid"] = new string('0', 40);   // of the pointer
                    row["lfs"] = new JsonObject { ["oid"] = Sha256(content), ["size"] = content.Length, ["pointerSize"] = 130 };
                }

                Row?.Invoke(row);
                rows.Add(row);
            }

            if (start + TreePage < files.Count)
            {
                context.Response.Headers.Link = $"<{Address}{context.Request.Path}?recursive=true&cursor={start + TreePage}>; rel=\"next\"";
            }

            await Json(context, rows);
        }
    }

    private async Task AnswerModelScope(HttpContext context, string repository, string[] what)
    {
        IQueryCollection query = context.Request.Query;
        if (!repositories.TryGetValue(repository, out SortedDictionary<string, byte[]>? files) || query["Revision"] != "master")
        {
            context.Response.StatusCode = StatusCodes.Status404NotFound;
            await Json(context, new JsonObject { ["Code"] = 10_010_205_001, ["Success"] = false, ["Message"] = "not found, says the server" });
        }
        else if (what.Length == 0)
        {
            await AnswerFile(context, repository, query["FilePath"].ToString());
        }
        else
        {
            IEnumerable<KeyValuePair<string, byte[]>> chosen = files;
            if (what[0] == "tree")
            {
                int page = int.Parse(query["PageNumber"].ToString(), CultureInfo.InvariantCulture), size = int.Parse(query["PageSize"].ToString(), CultureInfo.InvariantCulture);
                chosen = files.Skip((page - 1) * size).Take(size);
            }

            var rows = new JsonArray();
            foreach ((string path, byte[] content) in chosen)
            {
                var row = new JsonObject
                {
                    ["Name"] = path.Split('/')[^1],
                    ["Path"] = path,
                    ["Type"] = path.EndsWith('/') ? "tree" : "blob",
                    ["Size"] = content.Length,
                    ["Sha256"] = Sha256(content),
                };
                Row?.Invoke(row);
                rows.Add(row);
            }

            await Json(context, new JsonObject { ["Code"] = 200, ["Success"] = true, ["Data"] = new JsonObject { ["Files"] = rows } });
        }
    }

    private async Task AnswerFile(HttpContext context, string repository, string path)
    {
        if (!repositories.TryGetValue(repository, out SortedDictionary<string, byte[]>? files) || !files.TryGetValue(path, out byte[]? content))
        {
            await Refuse(context, StatusCodes.Status404NotFound, "EntryNotFound");
        }
        else if (BeforeFile is not { } before || !await before(context, content))
        {
            await Send(context, content);
        }
    }

    public static Task Refuse(HttpContext context, int status, string code)
    {
        context.Response.StatusCode = status;
        context.Response.Headers["X-Error-Code"] = code;
        context.Response.Headers["X-Error-Message"] = $"{code}, says the server";
        return Task.CompletedTask;
    }

    private static Task Json(HttpContext context, JsonNode json)
    {
        context.Response.ContentType = "application/json";
        return context.Response.WriteAsync(json.ToJsonString());
    }

    private static string Sha256(byte[] content) => Convert.ToHexStringLower(SHA256.HashData(content));

    private static string GitBlob(byte[] content) => Convert.ToHexStringLower(SHA1.HashData([.. Encoding.ASCII.GetBytes($"blob {content.Length}\0"), .. content]));
}
