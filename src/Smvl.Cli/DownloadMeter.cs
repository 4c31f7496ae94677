using System.Diagnostics;
using System.Globalization;
using Smvl.Hubs;

namespace Smvl.Cli;

/// <summary>Counts the bytes of a download, of any number of threads. What a file begins with was here before and is no part of the speed.</summary>
internal sealed class DownloadMeter
{
    private readonly Lock gate = new();
    private readonly Dictionary<HubFile, long> here = [];
    private readonly Stopwatch watch = Stopwatch.StartNew();
    private long total, have, received;

    /// <summary>So many bytes in all.</summary>
    public void Begin(long bytes)
    {
        lock (gate)
        {
            total = bytes;
            watch.Restart();
        }
    }

    /// <returns>bytes of all files that are here</returns>
    public long Add(HubFile file, long bytes)
    {
        lock (gate)
        {
            bool known = here.TryGetValue(file, out long before);
            here[file] = bytes;
            have += bytes - before;
            received += known ? Math.Max(0, bytes - before) : 0;
            return have;
        }
    }

    public string Describe()
    {
        lock (gate)
        {
            double speed = received / Math.Max(watch.Elapsed.TotalSeconds, 1e-3);
            string left = received > 0 && have < total ? string.Create(CultureInfo.InvariantCulture, $", {TimeSpan.FromSeconds((total - have) / speed):hh\\:mm\\:ss} left") : "";
            return $"{ByteSize.Text(have)} of {ByteSize.Text(total)}, {ByteSize.Text((long)speed)}/s{left}";
        }
    }
}
