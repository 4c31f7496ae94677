using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Smvl.Benchmarks;
using Smvl.Evaluation;
using Smvl.Tensors;
using Smvl.Tensors.Cpu;
using Smvl.Tensors.Gpu;
using Smvl.Tensors.Gpu.Checks;
using Smvl.Tensors.Gpu.Vulkan;

namespace Smvl.Cli;

/// <summary><c>smvl devices</c>: what there is to compute on, and whether a GPU computes what the CPU does.</summary>
internal static class DevicesCommand
{
    public static Command Create()
    {
        var json = new Option<bool>("--json") { Description = "an array, a device an object" };
        var check = new Option<bool>("--check") { Description = "compare every operation of a GPU, forward and backward, with the CPU's: seconds" };
        var device = new DeviceOption { Description = "which GPU to check: gpu, or gpu:N as listed; default: gpu" };
        var command = new Command("devices", "List what --device can name: the CPU, and the GPUs with a Vulkan driver.") { json, check, device };
        command.SetAction(parsed =>
        {
            TextWriter output = parsed.InvocationConfiguration.Output;
            if (parsed.GetValue(check))
            {
                return Check(output, Checked(parsed, json, device));
            }

            if (device.Read(parsed) is not null)
            {
                throw new UsageException("--device goes with --check.");
            }

            IReadOnlyList<GpuDeviceInfo> devices = GpuDeviceInfo.List();
            if (parsed.GetValue(json))
            {
                WriteJson(output, devices);
                return 0;
            }

            output.WriteLine($"cpu    {MachineDescription.Processor}, {Environment.ProcessorCount} cores");
            foreach (GpuDeviceInfo device in devices)
            {
                Write(output, device);
            }

            if (devices.Count == 0)
            {
                output.WriteLine(VulkanLoader.IsPresent
                    ? "no GPU: the Vulkan loader finds no driver; install the GPU's"
                    : "no GPU: there is no Vulkan loader (Debian: libvulkan1; macOS: MoltenVK)");
            }

            return 0;
        });
        return command;
    }

    private static GpuDeviceInfo Checked(ParseResult parsed, Option<bool> json, DeviceOption device) =>
        parsed.GetValue(json) ? throw new UsageException("--check has no --json.")
        : Backends.Find(device.Read(parsed) ?? new DeviceChoice(DeviceKind.Gpu))
            ?? throw new UsageException("--check compares a GPU with the CPU: --device must name a GPU.");

    /// <returns>the exit code</returns>
    private static int Check(TextWriter output, GpuDeviceInfo device)
    {
        output.WriteLine($"{TerminalText.Printable(Backends.Describe(device))}, against the CPU");
        using CpuBackend cpu = new();
        using GpuBackend gpu = new(GpuDevice.Open(device));
        int failures = 0;
        foreach (IGrouping<string, OperationCheck> group in OperationChecks.All.GroupBy(check => check.Group))
        {
            CheckResult[] results = [.. group.Select(check => OperationChecks.Run(check, cpu, gpu))];
            foreach (CheckResult wrong in results.Where(result => result.Failure is not null))
            {
                failures++;
                output.WriteLine($"wrong: {wrong.Failure}");
            }

            output.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{group.Key,-12} {results.Length,3} checks, {results.Count(result => result.Failure is null),3} agree, the worst is off by {results.Max(result => result.Error):F2} of what it may be"));
        }

        output.WriteLine(failures == 0 ? $"all {OperationChecks.All.Count} agree" : $"{failures} of {OperationChecks.All.Count} do not agree: use --device cpu");
        return failures == 0 ? 0 : CommandLineProgram.BadInput;
    }

    private static void Write(TextWriter output, GpuDeviceInfo device)
    {
        GpuCapabilities can = device.Capabilities;
        output.WriteLine($"gpu:{device.Index}  {TerminalText.Printable(device.Name)}, {Kind(device.Kind)}{(device.Unusable is { } reason ? $"; not used: {reason}" : "")}");
        output.WriteLine($"       driver   {TerminalText.Printable(device.Driver)}, Vulkan {device.Api}");
        output.WriteLine(
            $"       memory   {ByteSize.Text(device.Memory)}{(device.Budget is { } budget ? $", {ByteSize.Text(budget)} for this process now" : "")}"
            + $"{(can.Unified ? ", the host's own" : "")}, {ByteSize.Text(can.MaxAllocation)} at once");
        output.WriteLine(
            $"       numbers  float32{(can.Float16 ? ", float16" : "")}{(can.BFloat16 ? ", bfloat16" : "")}{(can.Int8Dot ? ", int8 dot products" : "")}; "
            + $"cooperative matrices: {(can.CooperativeMatrices.Count == 0 ? "none" : string.Join(", ", can.CooperativeMatrices.Select(Name)))}");
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"       limits   subgroups of {Subgroups(can)}, workgroups of {can.MaxWorkgroupInvocations} with {can.MaxSharedMemory} bytes"));
    }

    private static string Subgroups(GpuCapabilities can) =>
        can.MinSubgroupSize == can.MaxSubgroupSize ? $"{can.SubgroupSize}" : $"{can.SubgroupSize} ({can.MinSubgroupSize} to {can.MaxSubgroupSize})";

    private static string Kind(PhysicalDeviceType kind) => kind switch
    {
        PhysicalDeviceType.Discrete => "discrete",
        PhysicalDeviceType.Integrated => "integrated",
        PhysicalDeviceType.Virtual => "virtual",
        PhysicalDeviceType.Cpu => "a driver that computes on the CPU",
        _ => "of unknown kind",
    };

    private static string Name(CooperativeMatrix shape) =>
        $"{shape.M}x{shape.N}x{shape.K} {shape.Input} into {shape.Accumulator}".ToLowerInvariant();

    private static void WriteJson(TextWriter output, IReadOnlyList<GpuDeviceInfo> devices) => output.Write(EvaluationJson.Write(json =>
    {
        json.WriteStartArray();
        json.WriteStartObject();
        json.WriteString("device", "cpu");
        json.WriteString("name", MachineDescription.Processor);
        json.WriteNumber("cores", Environment.ProcessorCount);
        json.WriteEndObject();
        foreach (GpuDeviceInfo device in devices)
        {
            WriteJson(json, device);
        }

        json.WriteEndArray();
    }));

    private static void WriteJson(Utf8JsonWriter json, GpuDeviceInfo device)
    {
        GpuCapabilities can = device.Capabilities;
        json.WriteStartObject();
        json.WriteString("device", $"gpu:{device.Index}");
        json.WriteString("name", device.Name);
        json.WriteString("kind", device.Kind.ToString().ToLowerInvariant());
        json.WriteString("driver", device.Driver);
        json.WriteString("vulkan", device.Api.ToString());
        json.WriteString("not_used", device.Unusable);
        json.WriteNumber("memory", device.Memory);
        if (device.Budget is { } budget)
        {
            json.WriteNumber("budget", budget);
        }
        else
        {
            json.WriteNull("budget");
        }

        json.WriteBoolean("unified", can.Unified);
        json.WriteBoolean("software", can.IsSoftware);
        json.WriteBoolean("float16", can.Float16);
        json.WriteBoolean("bfloat16", can.BFloat16);
        json.WriteBoolean("int8_dot", can.Int8Dot);
        json.WriteStartArray("cooperative_matrices");
        foreach (CooperativeMatrix shape in can.CooperativeMatrices)
        {
            json.WriteStringValue(Name(shape));
        }

        json.WriteEndArray();
        json.WriteNumber("subgroup", can.SubgroupSize);
        json.WriteNumber("shared_memory", can.MaxSharedMemory);
        json.WriteNumber("workgroup_invocations", can.MaxWorkgroupInvocations);
        json.WriteNumber("workgroup_count", can.MaxWorkgroupCount);
        json.WriteNumber("allocation", can.MaxAllocation);
        json.WriteEndObject();
    }
}
