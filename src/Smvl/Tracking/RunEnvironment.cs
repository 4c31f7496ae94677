using System.Runtime.InteropServices;
using System.Text.Json;

namespace Smvl.Tracking;

/// <summary>
/// Where a run happens, as SwanLab's metadata file has it: the flat keys of its 0.6 and the groups of its 0.9.
/// Source: swanlab 0.6.8 data/run/metadata, 0.9.7 the same.
/// </summary>
internal static class RunEnvironment
{
    /// <summary>Writes one object.</summary>
    /// <param name="writer">gets it</param>
    /// <param name="version">of the SDK whose files these are</param>
    /// <param name="logFolder">where runs are</param>
    /// <param name="runFolder">where this run is</param>
    public static void Write(Utf8JsonWriter writer, string version, string logFolder, string runFolder)
    {
        double memory = Math.Round(GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / (double)(1 << 30), 1);
        string working = Directory.GetCurrentDirectory();
        writer.WriteStartObject();
        writer.WriteString("os", Environment.OSVersion.Platform.ToString());
        writer.WriteString("os_pretty_name", RuntimeInformation.OSDescription);
        writer.WriteString("hostname", Environment.MachineName);
        writer.WriteNumber("pid", Environment.ProcessId);
        writer.WriteString("cwd", working);
        writer.WriteString("runtime", RuntimeInformation.FrameworkDescription);
        writer.WriteString("executable", Environment.ProcessPath);
        writer.WriteString("command", Environment.CommandLine);
        writer.WriteString("memory", FormattableString.Invariant($"{memory} GB"));
        writer.WriteStartObject("hardware");
        writer.WriteStartObject("cpu");
        writer.WriteString("brand", CpuName());
        writer.WriteNumber("logical_count", Environment.ProcessorCount);
        writer.WriteEndObject();
        writer.WriteStartObject("memory");
        writer.WriteNumber("total", memory);
        writer.WriteString("total_unit", "GB");
        writer.WriteEndObject();
        writer.WriteStartArray("accelerators");
        writer.WriteEndArray();
        writer.WriteEndObject();
        if (GitState.Read(working) is { } git)
        {
            writer.WriteString("git_remote", git.Remote);
            writer.WriteStartArray("git_info");
            writer.WriteStringValue(git.Branch);
            writer.WriteStringValue(git.Commit);
            writer.WriteEndArray();
            writer.WriteStartObject("git");
            writer.WriteString("remote_url", git.Remote);
            writer.WriteString("branch", git.Branch);
            writer.WriteString("commit", git.Commit);
            writer.WriteBoolean("changed", git.Changed);
            writer.WriteEndObject();
        }

        writer.WriteStartObject("swanlab");
        writer.WriteString("version", version);
        writer.WriteString("logdir", logFolder);
        writer.WriteString("run_dir", runFolder);
        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    /// <summary>As Linux tells it; elsewhere the architecture.</summary>
    private static string CpuName()
    {
        const string file = "/proc/cpuinfo", field = "model name";
        string? line = File.Exists(file) ? File.ReadLines(file).FirstOrDefault(line => line.StartsWith(field, StringComparison.Ordinal)) : null;
        return line is null ? RuntimeInformation.ProcessArchitecture.ToString() : line[(line.IndexOf(':', StringComparison.Ordinal) + 1)..].Trim();
    }
}
