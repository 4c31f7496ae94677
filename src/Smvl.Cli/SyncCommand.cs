using System.CommandLine;
using Smvl.Net;
using Smvl.Tracking.SwanLab;

namespace Smvl.Cli;

/// <summary><c>smvl sync</c>: SwanLab run folders into the cloud.</summary>
internal static class SyncCommand
{
    private const string NewId = "new";

    public static Command Create()
    {
        var folders = new Argument<string[]>("RUN_DIR") { Description = "folders run-... of a log folder", Arity = ArgumentArity.OneOrMore };
        var key = new Option<string?>("--api-key", "-k") { Description = "SwanLab's API key; else SWANLAB_API_KEY or the login of swanlab" };
        var host = new Option<string?>("--host") { Description = "the cloud's address; else SWANLAB_API_HOST" };
        var workspace = new Option<string?>("--workspace", "-w") { Description = "whose project; else the run's, else yours" };
        var project = new Option<string?>("--project", "-p") { Description = "else the run's" };
        var id = new Option<string?>("--id", "-i") { Description = "the run's id in the cloud, or new; else the run's own, so that nothing is uploaded twice" };
        var command = new Command("sync", "Upload SwanLab run folders: what was logged offline, or could not be uploaded.") { folders, key, host, workspace, project, id };
        command.SetAction(async (parsed, cancellation) =>
        {
            SwanLabSettings settings = Settings(parsed.GetValue(key), parsed.GetValue(host), parsed.GetValue(workspace));
            TextWriter output = parsed.InvocationConfiguration.Output;
            foreach (string folder in parsed.GetRequiredValue(folders))
            {
                string? given = parsed.GetValue(id);
                string address = await SwanLabSync.Upload(
                    folder, settings, parsed.GetValue(project), given == NewId ? SwanLabRun.NewId() : given, new RetryPolicy(),
                    parsed.InvocationConfiguration.Error.WriteLine, cancellation);
                output.WriteLine($"{folder}: {address}");
            }

            return 0;
        });
        return command;
    }

    private static SwanLabSettings Settings(string? key, string? host, string? workspace)
    {
        SwanLabSettings settings = SwanLabSettings.FromEnvironment();
        return settings with
        {
            Key = key is null ? settings.Key : new ApiKey(key),
            ApiHost = host is null ? settings.ApiHost : SwanLabSettings.Host(host),
            Workspace = workspace ?? settings.Workspace,
        };
    }
}
