using System.CommandLine;
using System.Globalization;
using Smvl.Formats;
using Smvl.Inference;
using Smvl.Models;
using Smvl.Training;

namespace Smvl.Cli;

/// <summary><c>smvl export hf</c>: a folder's model in bfloat16 with a model card, as others load it.</summary>
internal static class ExportHfCommand
{
    public static Command Create()
    {
        var folder = new Argument<string>("DIR") { Description = "a spliced or trained folder, or a checkpoint" };
        var output = new Option<string>("--output") { Description = "a new or empty folder", Required = true };
        var shardBytes = new Option<long>("--max_shard_size")
        {
            Description = $"most bytes of tensors in a file: {ByteSize.Expected}",
            DefaultValueFactory = _ => CheckpointWriter.DefaultShardBytes,
            CustomParser = result =>
            {
                if (!ByteSize.TryParse(result.Tokens[0].Value, out long bytes))
                {
                    result.AddError($"--max_shard_size must be {ByteSize.Expected}.");
                }

                return bytes;
            },
        };
        var license = new Option<string?>("--license") { Description = "for the model card, as the Hub names it: apache-2.0; left out unless given" };
        var baseModels = new Option<string[]>("--base_model") { Description = "for the model card: the Hub's name of a model that this one was made of; may be given again" };
        var verify = new Option<bool>("--verify") { Description = "read the folder again and compare it and its answers with DIR's" };
        var threads = new ThreadsOption();
        var command = new Command("hf", "Write a Hugging Face folder in bfloat16 with a model card, for transformers and the Hub.")
        {
            folder, output, shardBytes, license, baseModels, verify, threads,
        };

        // on a thread of its own, so that Ctrl-C is heard
        command.SetAction((parsed, cancellation) => Task.Run(
            () =>
            {
                TextWriter log = parsed.InvocationConfiguration.Output;
                var options = new HuggingFaceExportOptions(ModelArgument.Find(parsed, parsed.GetRequiredValue(folder)), parsed.GetRequiredValue(output))
                {
                    ShardBytes = parsed.GetValue(shardBytes),
                    Facts = new ModelCardFacts { License = parsed.GetValue(license), BaseModels = parsed.GetValue(baseModels) ?? [] },
                    Threads = threads.Read(parsed),
                };
                HuggingFaceVerification? found = null;
                bool verifies = parsed.GetValue(verify);
                WriteProgress.Watch(log, report =>
                {
                    HuggingFaceExporter.Export(
                        options, verifies ? (source, written) => Check(source, written, report) : null, parsed.InvocationConfiguration.Error.WriteLine,
                        share => report(WriteProgress.Writing, share), cancellation);
                    return true;
                });
                long bytes = new DirectoryInfo(options.Output).EnumerateFiles("*.safetensors").Sum(file => file.Length);
                log.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{options.Output}: {bytes:N0} bytes of weights in bfloat16"));
                if (found is { } result)
                {
                    TokenDivergence all = result.Distance.All;
                    log.WriteLine(string.Create(
                        CultureInfo.InvariantCulture,
                        $"verified: every tensor is its source's, rounded, by at most {result.LargestWeightDifference:g3}; over {all.Positions} positions log-probabilities differ by at most {all.LargestDifference:g3}, mean KL {all.MeanKl:g3}, same top-1 {100 * all.Agreement:F2} %"));
                }

                void Check(ModelFolder source, string written, Action<string, double> report)
                {
                    using var prompts = ComparisonPrompts.WithSample(ComparisonPrompts.BuiltInTexts);
                    found = HuggingFaceVerifier.Verify(source, written, prompts, share => report(WriteProgress.Verifying, share), cancellation);
                }
            },
            cancellation));
        return command;
    }
}
