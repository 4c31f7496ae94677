using System.Globalization;

namespace Smvl;

/// <summary>Sizes: read as transformers' max_shard_size takes them: bytes, or a number with KB, MB, GB (thousands) or KiB, MiB, GiB.</summary>
internal static class ByteSize
{
    public const string Expected = "bytes, or a number with KB, MB, GB, KiB, MiB or GiB, such as 2GB";

    private static readonly (string Unit, long Bytes)[] Units =
    [
        ("GIB", 1L << 30), ("MIB", 1L << 20), ("KIB", 1L << 10), ("GB", 1_000_000_000), ("MB", 1_000_000), ("KB", 1000), ("", 1),
    ];

    /// <summary>To be read: three digits or so, in thousands.</summary>
    public static string Text(long bytes) => Units.First(each => each.Unit.Length < 3 && (bytes >= each.Bytes || each.Unit.Length == 0)) is var (unit, factor) && factor > 1
        ? string.Create(CultureInfo.InvariantCulture, $"{Math.Round((double)bytes / factor, bytes < 10 * factor ? 2 : bytes < 100 * factor ? 1 : 0)} {unit}")
        : string.Create(CultureInfo.InvariantCulture, $"{bytes} bytes");

    /// <summary>Every byte of it, in the largest unit that divides it: what <see cref="TryParse"/> reads back.</summary>
    public static string Exact(long bytes)
    {
        (string unit, long factor) = Units.Where(each => bytes % each.Bytes == 0).MaxBy(each => each.Bytes);
        return string.Create(CultureInfo.InvariantCulture, $"{bytes / factor}{unit.Replace("IB", "iB", StringComparison.Ordinal)}");
    }

    public static bool TryParse(string text, out long bytes)
    {
        (string unit, long factor) = Units.First(each => text.EndsWith(each.Unit, StringComparison.OrdinalIgnoreCase));
        bool isNumber = long.TryParse(text[..^unit.Length], NumberStyles.None, CultureInfo.InvariantCulture, out long number);
        bool fits = isNumber && number is > 0 && number <= long.MaxValue / factor;
        bytes = fits ? number * factor : 0;
        return fits;
    }
}
