namespace Smvl.Hubs;

/// <summary>Paths as hubs list them. They become paths on this machine, so none may leave the folder that it is joined to.</summary>
internal static class RepositoryPath
{
    /// <summary>Whether the path stays below any folder it is joined to, on every system, and can be shown on a terminal.</summary>
    public static bool IsSafe(string path) =>
        path.Length > 0
        && !path.Any(c => char.IsControl(c) || c is '\\' or ':')   // Windows: other separators, drives, streams
        && path.Split('/').All(part => part is not ("" or "." or ".."));

    /// <exception cref="SmvlException">the path would leave the folder</exception>
    public static string Check(string path, string where) =>
        IsSafe(path)
            ? path
            : throw new SmvlException("the hub lists a path that would leave the folder", where, "folders and a name, joined by /", $"'{path}'", "nothing was fetched");
}
