using System.CommandLine;
using System.Globalization;
using Smvl.Inference;
using Smvl.Models;
using Smvl.Tensors.Quantization;

namespace Smvl.Cli;

/// <summary><c>smvl export gguf</c>: a folder's model as the two files that llama.cpp runs.</summary>
internal static class ExportCommand
{
    public static Command Create() => new("export", "Write a model in the format of another program.") { CreateGguf(), ExportHfCommand.Create() };

    private static Command CreateGguf()
    {
        var folder = new Argument<string>("DIR") { Description = "a spliced or trained folder" };
        var type = new Option<string>("--type") { Description = string.Join(" | ", FileType.All), Required = true };
        type.AcceptOnlyFromAmong([.. FileType.All.Select(t => t.Name)]);
        var projectorType = new Option<string?>("--mmproj_type") { Description = "f32 | f16 | q8_0, of vision tower and connector; default: f16, with --type f32 f32" };
        projectorType.AcceptOnlyFromAmong(FileType.F32.Name, FileType.F16.Name, FileType.Q8_0.Name);
        Option<string?> tiles = GgufOptions.Tiles(), output = GgufOptions.Output(required: true);
        Option<bool> force = GgufOptions.Force();
        var verify = new Option<bool>("--verify") { Description = "read the files again and compare them and their answers with the folder's" };
        var threads = new ThreadsOption();
        var command = new Command("gguf", "Write a text model and an mmproj for llama.cpp; smvl chat runs them too.")
        {
            folder, type, projectorType, tiles, output, force, verify, threads,
        };
        // on a thread of its own, so that Ctrl-C is heard
        command.SetAction((parsed, cancellation) => Task.Run(
            () =>
            {
                TextWriter log = parsed.InvocationConfiguration.Output;
                var options = new GgufExportOptions(
                    ModelArgument.Find(parsed, parsed.GetRequiredValue(folder)), parsed.GetRequiredValue(output)!, FileType.Find(parsed.GetRequiredValue(type))!)
                {
                    ProjectorType = parsed.GetValue(projectorType) is { } name ? FileType.Find(name) : null,
                    Tiles = GgufOptions.ReadTiles(parsed, tiles),
                    Replace = parsed.GetValue(force),
                    Threads = threads.Read(parsed),
                };
                string? other = parsed.GetValue(verify) ? LlamaCompletion.Find() : null;
                TokenDivergence? found = null;
                string? compared = null;
                GgufPaths pair = WriteProgress.Watch(log, report => GgufExporter.Export(
                    options, parsed.GetValue(verify) ? (source, written) => Check(source, written, report) : null, parsed.InvocationConfiguration.Error.WriteLine,
                    share => report(WriteProgress.Writing, share), cancellation));
                foreach (string path in (string[])[pair.Text, pair.Projector])
                {
                    log.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{path}: {new FileInfo(path).Length:N0} bytes"));
                }

                if (found is not null)
                {
                    log.WriteLine(string.Create(
                        CultureInfo.InvariantCulture,
                        $"verified: every tensor and token; log-probabilities differ by at most {found.LargestDifference:g3}; the likeliest token is the same at {found.Agreeing} of {found.Positions} places"));
                    log.WriteLine(compared ?? $"{LlamaCompletion.Program} is not on the PATH, nor named by {LlamaCompletion.Variable}: not compared with it");
                }

                void Check(ModelFolder source, GgufPaths written, Action<string, double> report)
                {
                    found = GgufVerifier.Verify(source, written, options, share => report(WriteProgress.Verifying, share), cancellation);
                    if (other is not null)
                    {
                        report($"asking {LlamaCompletion.Program}", 0);
                    }

                    compared = other is null ? null : LlamaCompletion.Compare(other, source.Model.Backend, written.Text, options, cancellation);
                }
            },
            cancellation));
        return command;
    }
}
