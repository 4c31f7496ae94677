using System.Globalization;
using System.Net;
using System.Text.Json;

namespace Smvl.Tracking.SwanLab;

/// <summary>
/// One run on its way into the cloud: project, experiment, configuration, then columns, numbers, files and lines in batches, and the end.
/// What the cloud has of a run already is not sent again. Source: swanlab 0.9.7 sdk/internal/uploader and api.
/// </summary>
/// <param name="api">logged in or not</param>
/// <param name="run">what is uploaded</param>
/// <param name="webHost">where people look at it</param>
/// <param name="linesGoOn">console lines come behind those that the cloud has, instead of being the same ones</param>
internal sealed class SwanLabUpload(SwanLabApi api, SwanLabRun run, string webHost, bool linesGoOn)
{
    private const int MostColumns = 3000, MostRecords = 10_000;

    private readonly Dictionary<string, long> lastSteps = new(StringComparer.Ordinal);
    private string project = "", projectId = "", experiment = "";
    private long lastLine;

    /// <summary>The run's page; empty before <see cref="Start"/>.</summary>
    public string Url { get; private set; } = "";

    /// <exception cref="SmvlException">refused</exception>
    public async Task Start(CancellationToken cancellation)
    {
        string user = run.Workspace ?? await api.UserName(cancellation).ConfigureAwait(false);
        project = $"/project/{Uri.EscapeDataString(user)}/{Uri.EscapeDataString(run.Project)}";
        await MakeProject(user, cancellation).ConfigureAwait(false);
        projectId = Text((await api.Send(HttpMethod.Get, project, null, cancellation).ConfigureAwait(false)).Body, "cuid");
        await CheckResume(cancellation).ConfigureAwait(false);
        (HttpStatusCode status, JsonElement made) = await api.Send(HttpMethod.Post, $"{project}/experiment", WriteExperiment, cancellation).ConfigureAwait(false);
        experiment = Text(made, "cuid");
        Url = $"{webHost}/@{user}/{run.Project}/runs/{(made.TryGetProperty("slug", out JsonElement slug) && slug.GetString() is { Length: > 0 } name ? name : experiment)}";
        if (status == HttpStatusCode.OK)
        {
            await ReadWhatIsThere(made, cancellation).ConfigureAwait(false);
        }

        await api.Send(HttpMethod.Put, $"{project}/runs/{experiment}/profile", WriteProfile, cancellation).ConfigureAwait(false);
        await Heartbeat(cancellation).ConfigureAwait(false);
    }

    /// <summary>Tells the cloud that the run is alive; due every ten minutes.</summary>
    public Task Heartbeat(CancellationToken cancellation) => api.Send(
        HttpMethod.Post,
        $"/house/experiments/{experiment}/heartbeat",
        writer =>
        {
            writer.WriteStartObject();
            writer.WriteString("flagId", "123456");
            writer.WriteEndObject();
        },
        cancellation);

    /// <summary>Uploads columns, numbers, media and lines, each kind in as few requests as may be.</summary>
    /// <param name="records">in the order they were logged; others than these four kinds are left alone</param>
    /// <param name="cancellation">ends attempts and waits</param>
    /// <exception cref="SmvlException">refused</exception>
    public async Task Send(IReadOnlyCollection<object> records, CancellationToken cancellation)
    {
        foreach (SwanLabColumn[] columns in records.OfType<SwanLabColumn>().Chunk(MostColumns))
        {
            await api.Send(HttpMethod.Post, SeriesPath, writer => WriteColumns(writer, columns), cancellation).ConfigureAwait(false);
        }

        foreach (SwanLabScalar[] scalars in records.OfType<SwanLabScalar>().Where(scalar => IsNew(scalar.Column, scalar.Step)).Chunk(MostRecords))
        {
            await SendMetrics("scalar", scalars, WriteScalar, cancellation).ConfigureAwait(false);
        }

        SwanLabMedia[] media = [.. records.OfType<SwanLabMedia>().Where(item => IsNew(item.Column, item.Step))];
        if (media.Length > 0)
        {
            await SendFiles(media, cancellation).ConfigureAwait(false);
            await SendMetrics("media", media, WriteMedia, cancellation).ConfigureAwait(false);
        }

        foreach (SwanLabLine[] lines in records.OfType<SwanLabLine>().Where(line => linesGoOn || line.Epoch > lastLine).Chunk(MostRecords))
        {
            await SendMetrics("log", lines, WriteLine, cancellation).ConfigureAwait(false);
        }
    }

    /// <exception cref="SmvlException">refused</exception>
    public Task Finish(SwanLabEnd end, CancellationToken cancellation) => api.Send(
        HttpMethod.Put,
        $"{project}/runs/{experiment}/state",
        writer =>
        {
            writer.WriteStartObject();
            writer.WriteString("state", end.State.ToString().ToUpperInvariant());
            writer.WriteString("finishedAt", Time(end.Time));
            writer.WriteString("from", "sdk");
            writer.WriteEndObject();
        },
        cancellation);

    private string SeriesPath => $"/projects{project["/project".Length..]}/series";

    private static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);

    private static string Text(JsonElement body, string name) =>
        body.ValueKind == JsonValueKind.Object && body.TryGetProperty(name, out JsonElement value) && value.GetString() is { } text
            ? text
            : throw new SmvlException("SwanLab's answer cannot be read", actual: $"no {name}");

    private bool IsNew(SwanLabColumn column, long step) => !lastSteps.TryGetValue(column.Key, out long last) || step > last;

    /// <summary>Servers of before 0.9 do not know the first path.</summary>
    private async Task MakeProject(string user, CancellationToken cancellation)
    {
        void WriteBody(Utf8JsonWriter writer, bool withUser)
        {
            writer.WriteStartObject();
            writer.WriteString("name", run.Project);
            writer.WriteString("visibility", run.Public == true ? "PUBLIC" : "PRIVATE");
            if (withUser)
            {
                writer.WriteString("username", user);
            }

            writer.WriteEndObject();
        }

        (HttpStatusCode status, _) = await api.Send(
            HttpMethod.Post, $"/projects/{Uri.EscapeDataString(user)}", writer => WriteBody(writer, withUser: false), cancellation, HttpStatusCode.NotFound).ConfigureAwait(false);
        if (status == HttpStatusCode.NotFound)
        {
            await api.Send(HttpMethod.Post, "/project", writer => WriteBody(writer, withUser: true), cancellation, HttpStatusCode.Conflict).ConfigureAwait(false);
        }
    }

    private async Task CheckResume(CancellationToken cancellation)
    {
        if (run.Resume == SwanLabResume.Allow)
        {
            return;
        }

        (HttpStatusCode status, _) = await api.Send(HttpMethod.Get, $"{project}/runs/{run.Id}", null, cancellation, HttpStatusCode.NotFound).ConfigureAwait(false);
        bool exists = status != HttpStatusCode.NotFound;
        if (exists != (run.Resume == SwanLabResume.Must))
        {
            throw new SmvlException(
                exists ? "SwanLab has this run already" : "SwanLab has no such run to continue", $"run {run.Id}",
                hint: exists ? "set SWANLAB_RESUME=allow to continue it" : "set SWANLAB_RESUME=allow to begin it");
        }
    }

    private void WriteExperiment(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteString("name", run.Name);
        if (run.Description is not null)
        {
            writer.WriteString("description", run.Description);
        }

        writer.WriteString("createdAt", Time(run.Started));
        writer.WriteStartArray("colors");
        writer.WriteStringValue(run.Color);
        writer.WriteStringValue(run.Color);
        writer.WriteEndArray();
        if (run.Tags.Count > 0)
        {
            writer.WriteStartArray("labels");
            foreach (string tag in run.Tags)
            {
                writer.WriteStartObject();
                writer.WriteString("name", tag);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
        }

        if (run.JobType is not null)
        {
            writer.WriteString("job", run.JobType);
        }

        if (run.Group is not null)
        {
            writer.WriteString("cluster", run.Group);
        }

        writer.WriteString("cuid", run.Id);
        writer.WriteEndObject();
    }

    private void WriteProfile(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WritePropertyName("config");
        SwanLabJson.WriteConfiguration(writer, run.Configuration);
        if (run.Metadata is not null)
        {
            writer.WritePropertyName("metadata");
            writer.WriteRawValue(run.Metadata);
        }

        writer.WriteEndObject();
    }

    private async Task ReadWhatIsThere(JsonElement made, CancellationToken cancellation)
    {
        DateTimeOffset created = made.TryGetProperty("createdAt", out JsonElement at) && at.TryGetDateTimeOffset(out DateTimeOffset time) ? time : run.Started;
        (_, JsonElement there) = await api.Send(
            HttpMethod.Get,
            FormattableString.Invariant($"/house/metrics/summaries/{projectId}/{experiment}?all=true&createdAt={created.ToUnixTimeSeconds()}"),
            null,
            cancellation).ConfigureAwait(false);
        foreach (string kind in (ReadOnlySpan<string>)["scalar", "media"])
        {
            foreach (JsonElement item in Items(there, kind))
            {
                lastSteps[Text(item, "key")] = item.GetProperty("step").GetInt64();
            }
        }

        foreach (JsonElement item in Items(there, "log"))
        {
            lastLine = Math.Max(lastLine, item.GetProperty("step").GetInt64());
        }
    }

    private static IEnumerable<JsonElement> Items(JsonElement there, string kind) =>
        there.ValueKind == JsonValueKind.Object && there.TryGetProperty(kind, out JsonElement items) && items.ValueKind == JsonValueKind.Array
            ? items.EnumerateArray()
            : [];

    private static void WriteColumns(Utf8JsonWriter writer, SwanLabColumn[] columns)
    {
        writer.WriteStartObject();
        writer.WriteStartArray("series");
        foreach (SwanLabColumn column in columns)
        {
            writer.WriteStartObject();
            writer.WriteString("key", column.Key);
            writer.WriteString("type", column.Type.Wire());
            if (column.Section is not null)
            {
                writer.WriteString("sectionName", column.Section);
            }

            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private Task SendMetrics<T>(string type, T[] records, Action<Utf8JsonWriter, T> write, CancellationToken cancellation) => api.Send(
        HttpMethod.Post,
        "/house/metrics",
        writer =>
        {
            writer.WriteStartObject();
            writer.WriteString("projectId", projectId);
            writer.WriteString("experimentId", experiment);
            writer.WriteString("type", type);
            writer.WriteStartArray("metrics");
            foreach (T record in records)
            {
                writer.WriteStartObject();
                write(writer, record);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
        },
        cancellation);

    private static void WriteScalar(Utf8JsonWriter writer, SwanLabScalar scalar)
    {
        writer.WriteString("key", scalar.Column.Key);
        writer.WriteNumber("index", scalar.Step);
        writer.WriteNumber("data", scalar.Value);
        writer.WriteString("create_time", SwanLabJson.Time(scalar.Time));
    }

    private static void WriteMedia(Utf8JsonWriter writer, SwanLabMedia media)
    {
        writer.WriteString("key", media.Column.Key);
        writer.WriteNumber("index", media.Step);
        writer.WriteStartArray("data");
        writer.WriteStringValue(media.RelativePath);
        writer.WriteEndArray();
        if (media.Caption is not null)
        {
            writer.WriteStartArray("more");
            writer.WriteStartObject();
            writer.WriteString("caption", media.Caption);
            writer.WriteEndObject();
            writer.WriteEndArray();
        }

        writer.WriteString("create_time", SwanLabJson.Time(media.Time));
    }

    private void WriteLine(Utf8JsonWriter writer, SwanLabLine line)
    {
        writer.WriteString("level", line.IsError ? "ERROR" : "INFO");
        writer.WriteNumber("epoch", linesGoOn ? lastLine + line.Epoch : line.Epoch);
        writer.WriteString("message", line.Text);
        writer.WriteString("create_time", SwanLabJson.Time(line.Time));
    }

    /// <summary>The files before the records that name them.</summary>
    private async Task SendFiles(SwanLabMedia[] media, CancellationToken cancellation)
    {
        (_, JsonElement signed) = await api.Send(
            HttpMethod.Post,
            "/resources/presigned/put",
            writer =>
            {
                writer.WriteStartObject();
                writer.WriteString("experimentId", experiment);
                writer.WriteStartArray("paths");
                foreach (SwanLabMedia item in media)
                {
                    writer.WriteStringValue(item.RelativePath);
                }

                writer.WriteEndArray();
                writer.WriteEndObject();
            },
            cancellation).ConfigureAwait(false);
        string[] addresses = [.. Items(signed, "urls").Select(url => url.GetString()!)];
        if (addresses.Length != media.Length)
        {
            throw new SmvlException("SwanLab's answer cannot be read", "presigned addresses", $"{media.Length}", $"{addresses.Length}");
        }

        foreach ((string address, SwanLabMedia item) in addresses.Zip(media))
        {
            string type = item.Column.Type switch { SwanLabType.Image => "image/png", SwanLabType.Text => "text/plain", _ => "application/json" };
            await api.Put(new Uri(address), item.Content, type, cancellation).ConfigureAwait(false);
        }
    }
}
