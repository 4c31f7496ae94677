namespace Smvl.Tests.Text;

/// <summary>A folder that is gone after the test.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("smvl-text-").FullName;

    public void Copy(string from, params string[] names)
    {
        foreach (string name in names)
        {
            File.WriteAllBytes(System.IO.Path.Combine(Path, name), File.ReadAllBytes(System.IO.Path.Combine(from, name)));
        }
    }

    public void Write(string name, string text) => File.WriteAllText(System.IO.Path.Combine(Path, name), text);

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
