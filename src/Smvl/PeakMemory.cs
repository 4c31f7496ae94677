using System.Diagnostics;
using System.Globalization;

namespace Smvl;

/// <summary>The most memory that this process has had resident, mapped files included.</summary>
internal static class PeakMemory
{
    private const string Status = "/proc/self/status";
    private const string Field = "VmHWM:";
    private const string Forgets = "/proc/self/clear_refs";

    /// <summary>Bytes; null where the system does not tell.</summary>
    public static double? Bytes()
    {
        if (File.Exists(Status) && File.ReadLines(Status).FirstOrDefault(line => line.StartsWith(Field, StringComparison.Ordinal)) is { } line)
        {
            return 1024.0 * long.Parse(line[Field.Length..].Replace("kB", "", StringComparison.Ordinal), CultureInfo.InvariantCulture);
        }

        using Process process = Process.GetCurrentProcess();
        return process.PeakWorkingSet64 > 0 ? process.PeakWorkingSet64 : null;
    }

    /// <summary>Begins anew at what is resident now, where Linux lets a process do so (proc(5), clear_refs); elsewhere the peak stays that of all the process's life.</summary>
    public static void Forget()
    {
        const string PeakOfResident = "5";
        try
        {
            if (File.Exists(Forgets))
            {
                File.WriteAllText(Forgets, PeakOfResident);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // a peak that is too high is no reason to end a run
        }
    }
}
