using System.Globalization;
using System.IO.Hashing;
using System.Security.Cryptography;
using System.Text;
using Smvl.Models;
using Smvl.Tensors;

namespace Smvl.Training;

/// <summary>
/// What a frozen vision tower made of tiles, in a folder that runs share (key <c>vision_cache</c>): one file a tile, named after the
/// SHA-256 of its bytes, in a folder named after the tower's. A tile's bytes are what decoding, resizing and cutting made of a picture, so
/// that other settings of these make other tiles. A file is written under a name of its own and renamed: it is whole or not there, whoever
/// is killed, and any number of processes may share the folder. A checksum finds damage, and the tile is computed again. Once the folder
/// is as large as <c>vision_cache_limit</c>, nothing more is added and nothing removed: with pictures in an order that repeats, a
/// cache that drops the oldest would drop each entry shortly before its turn.
/// </summary>
internal sealed class VisionCache : ITowerCache
{
    private const string Suffix = ".rows";
    private const string PartialSuffix = ".partial";

    // magic, then the checksum of what follows
    private const int HeaderBytes = 16;
    private const int LookAgainEvery = 256;
    private const int DamageNotes = 3;
    private static readonly byte[] Magic = "SMVLROW1"u8.ToArray();
    private static readonly TimeSpan Abandoned = TimeSpan.FromHours(1);

    private readonly string root;
    private readonly string folder;
    private readonly long limit;
    private readonly Action<string> note;
    private long bytes;
    private int added;
    private int damaged;
    private bool full;

    /// <param name="root">made where it is missing</param>
    /// <param name="limit">bytes of all files in it</param>
    /// <param name="model">whose tower it is</param>
    /// <param name="note">gets a line about damage, and when the folder is full</param>
    /// <exception cref="SmvlException">the folder cannot be made or read</exception>
    public VisionCache(string root, long limit, VisionLanguageModel model, Action<string> note)
    {
        (this.root, this.limit, this.note) = (root, limit, note);
        folder = Path.Combine(root, Fingerprint(model)[..16]);
        try
        {
            Directory.CreateDirectory(folder);
            bytes = TakeStock();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new SmvlException($"the vision cache cannot be used: {exception.Message}", root, hint: "check the folder and its rights, or leave out vision_cache", inner: exception);
        }
    }

    /// <summary>Tiles whose rows were there.</summary>
    public int Found { get; private set; }

    /// <summary>Tiles that the tower had to run on.</summary>
    public int Missed { get; private set; }

    public string Key(ReadOnlySpan<byte> tile) => Convert.ToHexStringLower(SHA256.HashData(tile));

    public bool TryRead(string key, Span<byte> rows)
    {
        string path = PathOf(key);
        try
        {
            if (File.Exists(path))
            {
                byte[] file = File.ReadAllBytes(path);
                if (file.Length == HeaderBytes + rows.Length && file.AsSpan().StartsWith(Magic)
                    && Checksum(file.AsSpan(HeaderBytes)) == BitConverter.ToUInt64(file, Magic.Length))
                {
                    file.AsSpan(HeaderBytes).CopyTo(rows);
                    Found++;
                    return true;
                }

                NoteDamage(path, "it is damaged");
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            NoteDamage(path, exception.Message);
        }

        Missed++;
        return false;
    }

    public void Add(string key, ReadOnlySpan<byte> rows)
    {
        if (full || (bytes + HeaderBytes + rows.Length > limit && !HasRoomAfterAll(rows.Length)))
        {
            return;
        }

        string path = PathOf(key), partial = $"{path}.{Environment.ProcessId}{PartialSuffix}";
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            using (FileStream file = File.Create(partial))
            {
                file.Write(Magic);
                file.Write(BitConverter.GetBytes(Checksum(rows)));
                file.Write(rows);
            }

            File.Move(partial, path, overwrite: true);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            full = true;
            note($"vision cache: nothing more is added: {exception.Message}");
            File.Delete(partial);
            return;
        }

        // others may add to the folder too
        bytes = ++added % LookAgainEvery == 0 ? TakeStock() : bytes + HeaderBytes + rows.Length;
    }

    /// <summary>Half a line for the end of a run.</summary>
    public string Summary() => string.Create(
        CultureInfo.InvariantCulture, $"vision cache {root}: {Found} tiles read, {Missed} computed, {added} stored, {ByteSize.Text(bytes)} in all");

    private bool HasRoomAfterAll(int length)
    {
        bytes = TakeStock();
        full = bytes + HeaderBytes + length > limit;
        if (full)
        {
            note($"vision cache: {root} is as large as vision_cache_limit allows ({ByteSize.Text(limit)}): other tiles are computed each time; raise it, or remove folders in it that no run needs");
        }

        return !full;
    }

    /// <summary>Bytes of all entries; what a killed process left half written an hour ago is removed.</summary>
    private long TakeStock()
    {
        long sum = 0;
        foreach (FileInfo file in new DirectoryInfo(root).EnumerateFiles("*", SearchOption.AllDirectories))
        {
            try
            {
                if (file.Name.EndsWith(PartialSuffix, StringComparison.Ordinal) && DateTime.UtcNow - file.LastWriteTimeUtc > Abandoned)
                {
                    file.Delete();
                }
                else
                {
                    sum += file.Length;
                }
            }
            catch (FileNotFoundException)
            {
                // renamed by the process that was writing it
            }
        }

        return sum;
    }

    private void NoteDamage(string path, string what)
    {
        if (damaged++ < DamageNotes)
        {
            note($"vision cache: {path}: {what}; the tile is computed again");
        }
    }

    private string PathOf(string key) => Path.Combine(folder, key[..2], key + Suffix);

    private static ulong Checksum(ReadOnlySpan<byte> rows) => XxHash3.HashToUInt64(rows);

    /// <summary>SHA-256 of all that makes rows of a tile: the tower's extents, the normalisation, and every weight as it is stored.</summary>
    private static string Fingerprint(VisionLanguageModel model)
    {
        using SHA256 hash = SHA256.Create();
        using (CryptoStream stream = new(Stream.Null, hash, CryptoStreamMode.Write))
        {
            VisionConfig tower = model.Config.Vision;
            stream.Write(Encoding.UTF8.GetBytes(string.Create(
                CultureInfo.InvariantCulture, $"{tower.ImageSize} {tower.PatchSize} {tower.HeadCount} {tower.LayerNormEpsilon:R}\n")));
            stream.Write(System.Runtime.InteropServices.MemoryMarshal.AsBytes<float>([.. model.Pixels.Scale, .. model.Pixels.Offset]));
            foreach (Parameter parameter in model.Parameters.Where(IsOfTower))
            {
                stream.Write(Encoding.UTF8.GetBytes($"{parameter.Name} {parameter.Value}\n"));
                HostBytes.CopyTo(parameter.Value, stream);
            }
        }

        return Convert.ToHexStringLower(hash.Hash!);
    }

    public static bool IsOfTower(Parameter parameter) => parameter.Name.StartsWith("vision.", StringComparison.Ordinal);
}
