using System.CommandLine;
using Smvl.Benchmarks;
using Smvl.Tensors;
using Smvl.Tensors.Gpu;

namespace Smvl.Cli;

/// <summary>
/// <c>smvl bench</c>: how fast and how small this program is on this machine, each figure beside the machine's limit. Works on a model
/// run in processes of their own, which are this command again with the hidden <c>--work</c>.
/// </summary>
internal static class BenchCommand
{
    public static Command Create()
    {
        var json = new Option<bool>("--json") { Description = "one JSON array of {name, value, unit, limit, share}; the table goes to stderr" };
        var preset = new Option<string>("--preset") { Description = "full, or tiny: everything in seconds, to see that it runs", DefaultValueFactory = _ => BenchmarkPreset.Full.Name };
        preset.AcceptOnlyFromAmong([.. BenchmarkPreset.All.Select(each => each.Name)]);
        var only = new Option<string?>("--only") { Description = "NAME,...: these rows; gemm means all gemm.*" };
        var model = new Option<string?>("--model") { Description = "a spliced folder, or a text model's .gguf file; without it, one with random weights is made and removed again (3 GB)" };
        var projector = new Option<string?>("--mmproj") { Description = "the vision tower of a .gguf --model" };
        var device = new DeviceOption { Description = "what to measure: cpu, gpu, gpu:N as smvl devices counts, or auto: a real GPU where there is one; default: cpu" };
        var threads = new ThreadsOption();
        var work = new Option<string?>(BenchProcess.WorkOption) { Hidden = true };
        work.AcceptOnlyFromAmong([.. BenchmarkSuite.Works.Select(each => each.Name)]);
        var command = new Command("bench", "Measure this machine and this program on it: operations, inference, training, memory. Takes minutes.")
        {
            json, preset, only, model, projector, device, threads, work,
        };

        // on a thread of its own, so that Ctrl-C is heard
        command.SetAction((parsed, cancellation) => Task.Run(
            () =>
            {
                BenchmarkPreset extents = BenchmarkPreset.All.Single(each => each.Name == parsed.GetRequiredValue(preset));
                BenchmarkSource? source = parsed.GetValue(model) is { } path ? new(ModelArgument.Find(parsed, path), parsed.GetValue(projector)) : null;
                if (parsed.GetValue(projector) is not null && source is not { IsGguf: true })
                {
                    throw new UsageException("--mmproj goes with a .gguf --model.");
                }

                InvocationConfiguration streams = parsed.InvocationConfiguration;
                GpuDeviceInfo? gpu = Backends.Find(device.Read(parsed) ?? new DeviceChoice(DeviceKind.Cpu));
                if (parsed.GetValue(work) is { } single)
                {
                    BenchmarkWork known = BenchmarkSuite.Works.Single(each => each.Name == single);
                    BenchJson.Write(streams.Output, BenchmarkSuite.Run(known, extents, DeviceChoice.Of(gpu?.Index), threads.Read(parsed), source, cancellation));
                    return 0;
                }

                IReadOnlySet<string> names = Names(parsed.GetValue(only), gpu);
                bool asJson = parsed.GetValue(json);
                BenchRun run = new(extents, source, gpu, threads.Read(parsed), asJson ? streams.Error : streams.Output, cancellation);
                IReadOnlyList<BenchmarkRow> rows = run.Measure(names);
                if (asJson)
                {
                    BenchJson.Write(streams.Output, rows);
                }

                return run.Failed ? CommandLineProgram.BadInput : 0;
            },
            cancellation));
        return command;
    }

    private static HashSet<string> Names(string? only, GpuDeviceInfo? gpu)
    {
        if (only is null)
        {
            return [.. gpu is null ? BenchmarkSuite.Names : BenchmarkSuite.GpuNames];
        }

        var names = new HashSet<string>();
        foreach (string name in only.Split(','))
        {
            IReadOnlyList<string> found = BenchmarkSuite.Select(name.Trim());
            if (found.Count == 0)
            {
                throw new UsageException($"--only: nothing is called '{name}'; known are {string.Join(", ", BenchmarkSuite.Names)}.");
            }

            names.UnionWith(found);
        }

        if (gpu is not null && BenchmarkSuite.Works.FirstOrDefault(work => work.OnlyOnCpu is not null && names.Contains(work.Name)) is { } missing)
        {
            throw new UsageException($"--only: there is no {missing.Name} of a GPU: {missing.OnlyOnCpu}; known are {string.Join(", ", BenchmarkSuite.GpuNames)}.");
        }

        return names;
    }
}
