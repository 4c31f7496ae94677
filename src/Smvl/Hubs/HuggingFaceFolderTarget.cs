using System.Globalization;
using System.Text;
using Smvl.Formats;

namespace Smvl.Hubs;

/// <summary>A folder as huggingface_hub fills its <c>local_dir</c>: beside the files, notes from which it knows them again.</summary>
/// <param name="folder">made where it is missing</param>
/// <param name="commit">of all files</param>
internal sealed class HuggingFaceFolderTarget(string folder, string commit) : LocalFolderTarget(folder)
{
    private readonly string notes = Path.Combine(folder, ".cache", "huggingface");

    public override void Complete(HubFile file)
    {
        string note = Path.Combine(notes, "download", file.Path + ".metadata");
        Directory.CreateDirectory(Path.GetDirectoryName(note)!);
        if (file.Hash is { } hash)
        {
            // commit, etag, and when: a file changed more than a second later counts as another
            string seconds = (DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() / 1000.0).ToString(CultureInfo.InvariantCulture);
            AtomicFile.Write(note, stream => stream.Write(Encoding.ASCII.GetBytes($"{commit}\n{hash.Hex}\n{seconds}\n")));
        }
    }

    public override void Finish()
    {
        File.WriteAllText(Path.Combine(Directory.CreateDirectory(notes).FullName, ".gitignore"), "*");
        base.Finish();
    }
}
