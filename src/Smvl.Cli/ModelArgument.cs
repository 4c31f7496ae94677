using System.CommandLine;
using Smvl.Hubs;

namespace Smvl.Cli;

/// <summary>The model that a command reads: a folder, a hub's name of one, or a text model's .gguf file with its mmproj.</summary>
/// <param name="folders">which folders the command takes</param>
internal sealed class ModelArgument(string folders)
{
    /// <summary>What can stand for a folder.</summary>
    public const string OrName = "or a hub's name of one, such as Qwen/Qwen3-0.6B";

    private const string Extension = ".gguf";

    public Argument<string> Path { get; } = new("MODEL") { Description = $"{folders}, {OrName}; or a text model's {Extension} file" };

    public Option<string?> Projector { get; } = new("--mmproj") { Description = $"the vision tower of a {Extension} file; without it there are no pictures" };

    /// <param name="parsed">the command line</param>
    /// <param name="folder">opens a folder</param>
    /// <param name="gguf">opens a text model and its mmproj, which may be null</param>
    /// <exception cref="UsageException">a folder with an mmproj</exception>
    public T Open<T>(ParseResult parsed, Func<string, T> folder, Func<string, string?, T> gguf)
    {
        string path = parsed.GetRequiredValue(Path);
        string? projector = parsed.GetValue(Projector);
        if (path.EndsWith(Extension, StringComparison.OrdinalIgnoreCase))
        {
            return gguf(path, projector);
        }

        return projector is null ? folder(Find(parsed, path)) : throw new UsageException($"{Projector.Name} goes with a {Extension} file.");
    }

    /// <summary>The folder or the .gguf file.</summary>
    /// <exception cref="UsageException">a folder with an mmproj</exception>
    public string Locate(ParseResult parsed) => Open(parsed, folder => folder, (text, _) => text);

    /// <summary>The folder that a path or a hub's name stands for; tells which where it was a name.</summary>
    /// <exception cref="SmvlException">a name without a copy on this machine</exception>
    public static string Find(ParseResult parsed, string pathOrName) => LocalModels.OfProcess.Find(pathOrName, parsed.InvocationConfiguration.Error.WriteLine);
}
