using Smvl.Tensors;

namespace Smvl.Formats;

/// <summary>
/// A whole file as bytes: mapped, not copied, and still there when its folder is not. Only what is looked at is in memory.
/// </summary>
internal sealed class FileBytes : IDisposable
{
    private readonly MappedStorage? mapped;

    private FileBytes(string path, MappedStorage? mapped)
    {
        Path = path;
        this.mapped = mapped;
    }

    public string Path { get; }

    /// <summary>Valid until this is disposed.</summary>
    public unsafe ReadOnlySpan<byte> Span => mapped is null ? default : new ReadOnlySpan<byte>(mapped.Pointer, checked((int)mapped.ByteLength));

    /// <param name="path">an existing file of less than 2 GiB</param>
    public static FileBytes Open(string path) => new(path, FileLength.Of(path) == 0 ? null : MappedStorage.Open(path));

    public void Dispose() => mapped?.Release();
}
