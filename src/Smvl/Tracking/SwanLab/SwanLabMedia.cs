using System.Globalization;
using System.Security.Cryptography;

namespace Smvl.Tracking.SwanLab;

/// <summary>One picture, text or table.</summary>
/// <param name="Column">of this key</param>
/// <param name="Step">optimizer steps done</param>
/// <param name="Epoch">values of the key so far, this one included</param>
/// <param name="FileName">in the folder of its type</param>
/// <param name="Content">a PNG file, UTF-8 text, or a table's JSON</param>
/// <param name="Caption">null where there is none</param>
/// <param name="Time">when it was logged</param>
internal sealed record SwanLabMedia(
    SwanLabColumn Column, long Step, int Epoch, string FileName, byte[] Content, string? Caption, DateTimeOffset Time)
{
    private const int HashLetters = 8;

    /// <summary>From the run's folder, with slashes.</summary>
    public string RelativePath => $"media/{Column.Type.Folder()}/{FileName}";

    public string ContentHash => Hash(Content);

    /// <summary>As 0.8 and later name the files: step and hash.</summary>
    public static string NameOf(SwanLabType type, long step, byte[] content) =>
        string.Create(CultureInfo.InvariantCulture, $"{step:D3}-{Hash(content)[..HashLetters]}{type.Extension()}");

    /// <summary>SHA-256 in hexadecimal.</summary>
    public static string Hash(ReadOnlySpan<byte> content) => Convert.ToHexStringLower(SHA256.HashData(content));
}
