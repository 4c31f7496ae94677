using System.CommandLine;
using Smvl.Data;
using Smvl.Hubs;

namespace Smvl.Cli;

/// <summary><c>smvl download</c>: models and data sets from ModelScope or Hugging Face.</summary>
internal static class DownloadCommand
{
    private const string ModelScope = "modelscope", HuggingFace = "huggingface";

    public static Command Create()
    {
        var files = new Argument<string[]>("FILES") { Description = "paths in the repository; left out: all of it", Arity = ArgumentArity.ZeroOrMore };
        var model = new Option<string?>("--model") { Description = "a model's name: OWNER/NAME" };
        var dataset = new Option<string?>("--dataset") { Description = "a data set's name: OWNER/NAME" };
        Option<string[]> include = Patterns("--include", "only paths that match a pattern: * ? [a-z], and * takes in /");
        Option<string[]> exclude = Patterns("--exclude", "no path that matches a pattern");
        var revision = new Option<string?>("--revision") { Description = "a branch, tag or commit; default: master on ModelScope, main on Hugging Face" };
        var local = new Option<string?>("--local_dir", "--local-dir") { Description = "a folder for the files; default: the cache of the hub's own client" };
        var connection = new Connection();
        var command = new Command("download", "Fetch a model or a data set from ModelScope or Hugging Face; the same command continues an interrupted one.")
        {
            files, model, dataset, connection.From, include, exclude, revision, local, connection.Token, connection.Workers, CreateResources(),
        };
        command.SetAction((parsed, cancellation) =>
        {
            string[] chosen = parsed.GetValue(files) ?? [], included = parsed.GetValue(include) ?? [];
            if (chosen.Length > 0 && included.Length > 0)
            {
                throw new UsageException($"give {files.Name} or {include.Name}, not both.");
            }

            RepositoryId repository = (parsed.GetValue(model), parsed.GetValue(dataset)) switch
            {
                ({ } name, null) => RepositoryId.Parse(RepositoryKind.Model, name),
                (null, { } name) => RepositoryId.Parse(RepositoryKind.Dataset, name),
                _ => throw new UsageException($"give {model.Name} or {dataset.Name}, or the command resources."),
            };
            return connection.Run(parsed, _ => [new(repository)
            {
                Revision = parsed.GetValue(revision),
                Files = chosen,
                Include = included,
                Exclude = parsed.GetValue(exclude) ?? [],
                LocalFolder = parsed.GetValue(local),
            }], cancellation);
        });
        return command;
    }

    private static Command CreateResources()
    {
        var only = new Option<string[]>("--only") { Description = "text: Qwen3-0.6B; vision: SmolVLM2-256M-Video-Instruct; data: the_cauldron; default: all three", AllowMultipleArgumentsPerToken = true };
        only.AcceptOnlyFromAmong([.. HubResource.All.Select(resource => resource.Name)]);
        var subsets = new Option<string>("--subsets")
        {
            Description = $"of the_cauldron: NAME,NAME or {CauldronSubsets.All}, the {CauldronSubsets.Chosen.Length} that train_data: {CauldronSubsets.All} takes",
            DefaultValueFactory = _ => "cocoqa",
        };
        var output = new Option<string>("--output") { Description = "the folder that gets model/ and data/", DefaultValueFactory = _ => "." };
        var connection = new Connection();
        var command = new Command("resources", $"Fetch what smvl train begins with: {string.Join(", ", HubResource.All.Select(resource => resource.Folder))}.")
        {
            only, subsets, output, connection.From, connection.Token, connection.Workers,
        };
        command.SetAction((parsed, cancellation) =>
        {
            string[] names = parsed.GetRequiredValue(subsets) == CauldronSubsets.All
                ? CauldronSubsets.Chosen
                : parsed.GetRequiredValue(subsets).Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
            IEnumerable<HubResource> chosen = parsed.GetValue(only) is { Length: > 0 } some ? HubResource.All.Where(resource => some.Contains(resource.Name)) : HubResource.All;
            return connection.Run(parsed, hub => chosen.Select(resource => resource.Request(hub, names, parsed.GetRequiredValue(output))), cancellation);
        });
        return command;
    }

    private static Option<string[]> Patterns(string name, string description) => new(name) { Description = description, AllowMultipleArgumentsPerToken = true };

    /// <summary>The options that say how to reach a hub, and what is done with them.</summary>
    private sealed class Connection
    {
        public Connection()
        {
            From.AcceptOnlyFromAmong(ModelScope, HuggingFace);
            Workers.Validators.Add(result =>
            {
                if (result.GetValueOrDefault<int>() is < 1 or > 64)
                {
                    result.AddError($"{Workers.Name} must be 1 to 64.");
                }
            });
        }

        public Option<string> From { get; } = new("--from") { Description = $"{ModelScope} | {HuggingFace}", DefaultValueFactory = _ => ModelScope };

        public Option<string?> Token { get; } = new("--token") { Description = "default: MODELSCOPE_API_TOKEN; HF_TOKEN or the one that hf's login stored" };

        public Option<int> Workers { get; } = new("--max_workers", "--max-workers") { Description = "most requests at once", DefaultValueFactory = _ => HubDownload.DefaultConnections };

        public async Task<int> Run(ParseResult parsed, Func<HubKind, IEnumerable<DownloadRequest>> requests, CancellationToken cancellation)
        {
            TextWriter output = parsed.InvocationConfiguration.Output;
            HubKind kind = parsed.GetValue(From) == ModelScope ? HubKind.ModelScope : HubKind.HuggingFace;
            var settings = HubSettings.Read(kind, HubEnvironment.OfProcess, parsed.GetValue(Token));
            foreach (DownloadRequest request in requests(kind))
            {
                try
                {
                    string summary = await DownloadDisplay.Watch(output, async display =>
                    {
                        using var hub = Hub.Create(kind, settings, display.OnNote);
                        HubDownload download = new(hub, HubEnvironment.OfProcess, display) { Connections = parsed.GetValue(Workers) };
                        return display.Summary(await download.Run(request, cancellation));
                    });
                    output.WriteLine(summary);
                }
                catch (OperationCanceledException)
                {
                    output.WriteLine("interrupted; the same command continues from here");
                    return CommandLineProgram.Interrupted;
                }
            }

            return 0;
        }
    }
}
