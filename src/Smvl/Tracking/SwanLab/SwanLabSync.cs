using Smvl.Net;

namespace Smvl.Tracking.SwanLab;

/// <summary>Uploads a run folder later, or what a run could not upload of it: what the cloud has of the run already is not sent again.</summary>
internal static class SwanLabSync
{
    private const int BatchRecords = 10_000;

    /// <summary>Uploads the folder's records and gives the address of the run's page.</summary>
    /// <param name="folder">a run's folder</param>
    /// <param name="settings">host, key, and workspace where it is not the folder's</param>
    /// <param name="project">null: the folder's</param>
    /// <param name="id">the run's id in the cloud; null: the folder's own</param>
    /// <param name="policy">how requests are repeated</param>
    /// <param name="note">is told of failures that pass with time</param>
    /// <param name="cancellation">ends the upload; a second one goes on from there</param>
    /// <exception cref="SmvlException">nobody is logged in, no run folder, refused, or no connection</exception>
    public static async Task<string> Upload(
        string folder, SwanLabSettings settings, string? project, string? id, RetryPolicy policy, Action<string> note, CancellationToken cancellation)
    {
        RecordedRun recorded = RecordedRun.Read(folder);
        ApiKey key = settings.Key ?? throw new SmvlException("nobody is logged in to SwanLab", folder, hint: "give -k KEY or set SWANLAB_API_KEY");
        SwanLabRun run = recorded.Run with
        {
            Id = id ?? recorded.Run.Id,
            Resume = SwanLabResume.Allow,
            Workspace = settings.Workspace ?? recorded.Run.Workspace,
            Project = project ?? recorded.Run.Project,
        };
        using SwanLabApi api = new(settings.ApiHost, key, policy, failure => note($"swanlab: {failure.Message}; trying again"));
        SwanLabUpload upload = new(api, run, settings.WebHost, linesGoOn: false);
        try
        {
            await upload.Start(cancellation).ConfigureAwait(false);
            foreach (object[] batch in recorded.Records.Chunk(BatchRecords))
            {
                await upload.Send(batch, cancellation).ConfigureAwait(false);
            }

            // a run that was killed has no end
            await upload.Finish(recorded.End ?? new SwanLabEnd(SwanLabState.Crashed, null, policy.Clock.GetUtcNow()), cancellation).ConfigureAwait(false);
        }
        catch (Exception exception) when (TransientFailure.Is(exception))
        {
            throw new SmvlException(
                "SwanLab cannot be reached", settings.ApiHost, actual: exception.Message, hint: "the same command goes on from what is uploaded", inner: exception);
        }

        return upload.Url;
    }
}
