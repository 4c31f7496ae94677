using System.CommandLine;

namespace Smvl.Cli;

/// <summary>Options that the commands which write a GGUF pair have in common.</summary>
internal static class GgufOptions
{
    public static Option<string?> Tiles()
    {
        var tiles = new Option<string?>("--tiles") { Description = "off: a picture is one tile and the overview; default: as the folder was trained" };
        tiles.AcceptOnlyFromAmong("on", "off");
        return tiles;
    }

    /// <summary>True, false, or null for the folder's own way.</summary>
    public static bool? ReadTiles(ParseResult parsed, Option<string?> tiles) => parsed.GetValue(tiles) is { } choice ? choice == "on" : null;

    public static Option<string?> Output(bool required) => new("--output")
    {
        Description = "a folder for NAME-TYPE.gguf and mmproj-NAME-TYPE.gguf; NAME is DIR's",
        Required = required,
    };

    public static Option<bool> Force() => new("--force") { Description = "replace files of these names" };
}
