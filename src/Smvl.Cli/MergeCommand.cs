using System.CommandLine;
using Smvl.Models;
using Smvl.Tensors.Cpu;

namespace Smvl.Cli;

/// <summary><c>smvl merge</c>: an adapter's updates into the weights of its model.</summary>
internal static class MergeCommand
{
    public static Command Create()
    {
        var model = new Argument<string>("BASE") { Description = $"the model that the adapter was made for: a folder, {ModelArgument.OrName}" };
        var adapter = new Argument<string>("ADAPTER") { Description = "a folder that a run with lora_r, or PEFT, wrote" };
        var output = new Option<string>("--output") { Description = "a new or empty folder", Required = true };
        var threads = new ThreadsOption();
        var command = new Command("merge", "Add a LoRA adapter to the weights of its model; the merged weights are float32.") { model, adapter, output, threads };

        // on a thread of its own, so that Ctrl-C is heard
        command.SetAction((parsed, cancellation) => Task.Run(
            () =>
            {
                using CpuBackend backend = new(threads.Read(parsed));
                int layers = AdapterMerger.Merge(
                    ModelArgument.Find(parsed, parsed.GetRequiredValue(model)), parsed.GetRequiredValue(adapter), parsed.GetRequiredValue(output),
                    backend, parsed.InvocationConfiguration.Error.WriteLine, cancellation);
                parsed.InvocationConfiguration.Output.WriteLine($"merged the adapters of {layers} layers into {parsed.GetRequiredValue(output)}");
            },
            cancellation));
        return command;
    }
}
