namespace Smvl.Tests;

/// <summary>An empty folder of a test's own, removed with it.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("smvl-").FullName;

    /// <summary>A path in the folder.</summary>
    public string this[params string[] parts] => System.IO.Path.Combine([Path, .. parts]);

    /// <inheritdoc cref="this"/>
    public string File(string name) => this[name];

    public string Write(string name, string text)
    {
        string path = this[name];
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(path)!);
        System.IO.File.WriteAllText(path, text);
        return path;
    }

    public void Copy(string from, params string[] names)
    {
        foreach (string name in names)
        {
            System.IO.File.WriteAllBytes(this[name], System.IO.File.ReadAllBytes(System.IO.Path.Combine(from, name)));
        }
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
