using System.CommandLine;
using Smvl.Images;
using Smvl.Inference;
using Smvl.Models;
using Smvl.Tensors.Quantization;

namespace Smvl.Cli;

/// <summary>
/// <c>smvl quantize</c>: a folder's model as a small GGUF pair, and how far its answers are from the folder's; or the latter alone, for
/// files that are there already.
/// </summary>
internal static class QuantizeCommand
{
    private static readonly FileType[] Types = [FileType.Q4_0, FileType.Q8_0, FileType.Q4_K_M];

    public static Command Create()
    {
        var folder = new Argument<string>("DIR") { Description = "a spliced or trained folder: the float model" };
        var type = new Option<string?>("--type") { Description = string.Join<FileType>(" | ", Types) + ", of the text model; the mmproj is q8_0" };
        type.AcceptOnlyFromAmong([.. Types.Select(t => t.Name)]);
        Option<string?> output = GgufOptions.Output(required: false), tiles = GgufOptions.Tiles();
        Option<bool> force = GgufOptions.Force();
        var compare = new Option<string?>("--compare") { Description = "write nothing: hold this text model's .gguf file against DIR, whoever made it" };
        var projector = new Option<string?>("--mmproj") { Description = "the mmproj beside --compare; without it there are no pictures" };
        var prompts = new Option<string?>("--prompts") { Description = "a text with a prompt a line; default: eight built-in ones in Chinese and English" };
        var images = new Option<string[]>("--images") { Description = "pictures to compare on; default: the sample picture", AllowMultipleArgumentsPerToken = true };
        var json = new Option<bool>("--json") { Description = "one JSON object with files, bytes, mean_kl, largest_kl and top1" };
        var threads = new ThreadsOption();
        var command = new Command("quantize", "Write a small GGUF pair, and report how far its answers are from the float model's.")
        {
            folder, type, output, tiles, force, compare, projector, prompts, images, json, threads,
        };

        // on a thread of its own, so that Ctrl-C is heard
        command.SetAction((parsed, cancellation) => Task.Run(
            () =>
            {
                InvocationConfiguration streams = parsed.InvocationConfiguration;
                bool asJson = parsed.GetValue(json);
                TextWriter log = asJson ? streams.Error : streams.Output;
                string source = ModelArgument.Find(parsed, parsed.GetRequiredValue(folder));
                Check(parsed);
                using ComparisonPrompts chosen = Prompts(parsed);
                (string text, string? mmproj) = parsed.GetValue(compare) is { } made ? (made, parsed.GetValue(projector)) : Write(parsed, log, cancellation);
                GgufComparison found = WriteProgress.Watch(
                    log,
                    progress => GgufComparer.Compare(source, text, mmproj, chosen, threads.Read(parsed), streams.Error.WriteLine, progress, cancellation),
                    "comparing");
                if (asJson)
                {
                    GgufComparisonText.WriteJson(streams.Output, text, mmproj, found);
                }
                else
                {
                    GgufComparisonText.WriteTable(streams.Output, text, mmproj, found);
                }
            },
            cancellation));
        return command;

        void Check(ParseResult parsed)
        {
            bool compares = parsed.GetValue(compare) is not null;
            if (compares && new Option[] { type, output, tiles, force }.FirstOrDefault(option => parsed.GetResult(option) is { Implicit: false }) is { } writes)
            {
                throw new UsageException($"{compare.Name} writes nothing, so {writes.Name} does not go with it.");
            }

            if (!compares && (parsed.GetValue(type) is null || parsed.GetValue(output) is null))
            {
                throw new UsageException($"give {type.Name} and {output.Name}, or {compare.Name} FILE.");
            }

            if (!compares && parsed.GetValue(projector) is not null)
            {
                throw new UsageException($"{projector.Name} goes with {compare.Name}.");
            }

            if (compares && parsed.GetValue(projector) is null && parsed.GetValue(images) is { Length: > 0 })
            {
                throw new UsageException($"{images.Name} needs {projector.Name} beside {compare.Name}.");
            }
        }

        // read before anything is written; no picture where nothing looks at it
        ComparisonPrompts Prompts(ParseResult parsed)
        {
            IReadOnlyList<string> texts = parsed.GetValue(prompts) is { } file ? ComparisonPrompts.ReadFile(file) : ComparisonPrompts.BuiltInTexts;
            return parsed.GetValue(compare) is not null && parsed.GetValue(projector) is null ? new(texts, [])
                : parsed.GetValue(images) is { Length: > 0 } paths ? new(texts, [.. paths.Select(ImageDecoder.DecodeFile)])
                : ComparisonPrompts.WithSample(texts);
        }

        (string Text, string? Projector) Write(ParseResult parsed, TextWriter log, CancellationToken cancellation)
        {
            var options = new GgufExportOptions(ModelArgument.Find(parsed, parsed.GetRequiredValue(folder)), parsed.GetValue(output)!, FileType.Find(parsed.GetValue(type)!)!)
            {
                ProjectorType = FileType.Q8_0,
                Tiles = GgufOptions.ReadTiles(parsed, tiles),
                Replace = parsed.GetValue(force),
                Threads = threads.Read(parsed),
            };
            GgufPaths pair = WriteProgress.Watch(
                log, progress => GgufExporter.Export(options, check: null, parsed.InvocationConfiguration.Error.WriteLine, progress, cancellation));
            return (pair.Text, pair.Projector);
        }
    }
}
