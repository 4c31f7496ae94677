namespace Smvl.Tracking.SwanLab;

/// <summary>The names that SwanLab's formats have for a type.</summary>
internal static class SwanLabTypeNames
{
    /// <summary>In the JSON records and on the wire.</summary>
    public static string Wire(this SwanLabType type) => type switch
    {
        SwanLabType.Scalar => "FLOAT",
        SwanLabType.Image => "IMAGE",
        SwanLabType.Text => "TEXT",
        _ => "ECHARTS",
    };

    /// <summary>The folder in <c>media</c>.</summary>
    public static string Folder(this SwanLabType type) => type == SwanLabType.Table ? "echarts" : type.Wire().ToLowerInvariant();

    /// <summary>With a point.</summary>
    public static string Extension(this SwanLabType type) => type switch
    {
        SwanLabType.Image => ".png",
        SwanLabType.Text => ".txt",
        _ => ".json",
    };
}
