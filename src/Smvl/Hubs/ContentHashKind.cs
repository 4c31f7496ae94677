namespace Smvl.Hubs;

/// <summary>How a hub names a file's content.</summary>
internal enum ContentHashKind
{
    /// <summary>SHA-256 of the bytes.</summary>
    Sha256,

    /// <summary>What git calls a blob: SHA-1 of "blob ", the length in decimal, a zero byte and the bytes.</summary>
    GitBlob,
}
