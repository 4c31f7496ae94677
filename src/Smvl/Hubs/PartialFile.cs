using System.Globalization;
using System.Text;
using Microsoft.Win32.SafeHandles;
using Smvl.Formats;

namespace Smvl.Hubs;

/// <summary>
/// A file on its way. It has its full length early; which ranges are missing stands in a file beside it, written every few seconds, on
/// disposal, and always behind the bytes themselves, so that a process killed at any moment loses seconds and claims nothing. Open in
/// one process only. What a power failure took is noticed by the hash.
/// </summary>
internal sealed class PartialFile : IDisposable
{
    private const string StateSuffix = ".ranges";
    private const string Title = "smvl ranges 1";
    private const string Last = "end\n";   // a list cut short would claim what it does not name
    private const int MillisecondsBetweenSaves = 2000;

    private readonly string path;
    private readonly HubFile file;
    private readonly Lock saving = new();
    private List<MissingRange> missing;
    private long saved = Environment.TickCount64;

    private PartialFile(string path, HubFile file, SafeFileHandle handle)
    {
        this.path = path;
        this.file = file;
        Handle = handle;
        missing = ReadState(path, file, RandomAccess.GetLength(handle)) ?? [new(0, file.Size)];
        Save();
    }

    public SafeFileHandle Handle { get; }

    /// <summary>Bytes that are in the file.</summary>
    public long Have => file.Size - Missing(missing);

    /// <summary>Opens or begins a partial file.</summary>
    /// <param name="path">of it; its folder is made</param>
    /// <param name="file">what it will be; a partial file of anything else is begun anew</param>
    /// <exception cref="IOException">another process has it open</exception>
    public static PartialFile Open(string path, HubFile file)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        SafeFileHandle handle = File.OpenHandle(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        try
        {
            return new PartialFile(path, file, handle);
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    /// <summary>Bytes that a later <see cref="Open"/> would find there.</summary>
    public static long HaveAt(string path, HubFile file) =>
        new FileInfo(path) is { Exists: true } partial && ReadState(path, file, partial.Length) is { } missing ? file.Size - Missing(missing) : 0;

    /// <summary>Removes a partial file that is not open, with what stands beside it.</summary>
    public static void Delete(string path)
    {
        File.Delete(path);
        File.Delete(path + StateSuffix);
    }

    /// <summary>Renames a whole partial file, which is not open; a file that is there is replaced.</summary>
    public static void Commit(string path, string destination)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(destination)!);
        File.Move(path, destination, overwrite: true);
        File.Delete(path + StateSuffix);
    }

    /// <summary>What is missing, in pieces.</summary>
    /// <param name="most">bytes of a piece</param>
    public IReadOnlyList<MissingRange> Pieces(long most)
    {
        var pieces = new List<MissingRange>();
        foreach (MissingRange range in missing)
        {
            for (long at = range.Position; at < range.End; at += most)
            {
                pieces.Add(new(at, Math.Min(at + most, range.End)));
            }
        }

        return missing = pieces;
    }

    /// <summary>Forgets all bytes.</summary>
    /// <returns>the whole file as one piece</returns>
    public MissingRange Restart()
    {
        RandomAccess.SetLength(Handle, 0);
        missing = [new(0, file.Size)];
        Save();
        return missing[0];
    }

    /// <summary>The next bytes of a piece; pieces are written side by side.</summary>
    public void Write(MissingRange piece, ReadOnlySpan<byte> bytes)
    {
        RandomAccess.Write(Handle, bytes, piece.Position);
        piece.Advance(bytes.Length);
        if (Environment.TickCount64 - Volatile.Read(ref saved) > MillisecondsBetweenSaves && saving.TryEnter())
        {
            try
            {
                Save();
            }
            finally
            {
                saving.Exit();
            }
        }
    }

    public void Dispose()
    {
        try
        {
            Save();
        }
        finally
        {
            Handle.Dispose();
        }
    }

    private void Save()
    {
        var text = new StringBuilder();
        text.Append(Head(file));
        foreach (MissingRange range in missing)
        {
            text.Append(CultureInfo.InvariantCulture, $"{range.Position} {range.End}\n");
        }

        text.Append(Last);
        AtomicFile.Write(path + StateSuffix, stream => stream.Write(Encoding.ASCII.GetBytes(text.ToString())));
        Volatile.Write(ref saved, Environment.TickCount64);
    }

    private static string Head(HubFile file) => string.Create(CultureInfo.InvariantCulture, $"{Title}\n{file.Size} {file.Hash?.ToString() ?? "no hash"}\n");

    // null: nothing there that can be continued
    private static List<MissingRange>? ReadState(string path, HubFile file, long length)
    {
        string head = Head(file);
        if (!File.Exists(path + StateSuffix) || File.ReadAllText(path + StateSuffix) is not { } text
            || !text.StartsWith(head, StringComparison.Ordinal) || !text.EndsWith(Last, StringComparison.Ordinal))
        {
            return null;
        }

        var missing = new List<MissingRange>();
        long before = 0, present = 0;   // present: the end of the last byte that should be there
        foreach (string line in text[head.Length..^Last.Length].Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            if (line.Split(' ') is not [{ } first, { } last]
                || !long.TryParse(first, NumberStyles.None, CultureInfo.InvariantCulture, out long position)
                || !long.TryParse(last, NumberStyles.None, CultureInfo.InvariantCulture, out long end)
                || position < before || position > end || end > file.Size)
            {
                return null;
            }

            present = position > before ? position : present;
            before = end;
            if (end > position)
            {
                missing.Add(new(position, end));
            }
        }

        present = before < file.Size ? file.Size : present;
        return present <= length ? missing : null;
    }

    private static long Missing(List<MissingRange> ranges) => ranges.Sum(range => range.End - range.Position);
}
