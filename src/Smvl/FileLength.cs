namespace Smvl;

/// <summary>Lengths of files, of what a link leads to where it is one: the cache of Hugging Face's client holds links.</summary>
internal static class FileLength
{
    /// <summary>Bytes; null where there is no file, or a link to none.</summary>
    public static long? Find(string path)
    {
        FileInfo named = new(path);
        return !named.Exists ? null
            : (named.ResolveLinkTarget(returnFinalTarget: true) ?? named) is FileInfo { Exists: true } file ? file.Length
            : null;
    }

    /// <summary>Bytes.</summary>
    /// <exception cref="FileNotFoundException">there is no file, or a link to none</exception>
    public static long Of(string path) => Find(path) ?? throw new FileNotFoundException($"there is no file {path}, or it is a link to none", path);
}
