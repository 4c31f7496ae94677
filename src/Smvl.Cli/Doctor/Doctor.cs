using Smvl.Formats;
using Smvl.Models;
using Smvl.Tensors;

namespace Smvl.Cli.Doctor;

/// <summary>
/// All checks of a folder, from its files to its answers. A check that cannot be made because an earlier one failed is left out, or a note
/// where the same files stop it; one that throws has failed.
/// </summary>
internal static class Doctor
{
    /// <param name="folder">a spliced or trained folder, or a Qwen3 folder</param>
    /// <param name="source">the text model it was made of; null where it is not there</param>
    /// <param name="open">makes the backend, once the files are found readable; it is disposed here</param>
    /// <param name="cancellation">heard between checks, and between blocks of the model</param>
    public static IEnumerable<DoctorLine> Examine(string folder, string? source, Func<Backend> open, CancellationToken cancellation)
    {
        Dictionary<string, string> told = [];   // checks, by what they found bad
        foreach (DoctorLine line in Lines(folder, source, open, cancellation))
        {
            yield return line.Verdict == DoctorVerdict.Bad && !told.TryAdd(line.Found, line.Check)
                ? DoctorLine.Note(line.Check, $"not checked, for the same reason as {told[line.Found]}")
                : line;
        }
    }

    private static IEnumerable<DoctorLine> Lines(string folder, string? source, Func<Backend> open, CancellationToken cancellation)
    {
        CheckpointKind kind = default;
        DoctorLine config = Guarded("configuration", () =>
        {
            kind = ConfigFile.Kind(folder);
            return kind == CheckpointKind.SmolVlm
                ? DoctorLine.Bad("configuration", "a SmolVLM with another text model than Qwen3", "splice its vision tower onto a Qwen3 text model: smvl splice")
                : FileChecks.Configuration(folder, kind);
        });
        yield return config;
        if (config.Verdict == DoctorVerdict.Bad)
        {
            yield break;
        }

        bool readable = true;
        foreach (DoctorLine line in FileChecks.All(folder, kind, cancellation))
        {
            readable &= line.Verdict != DoctorVerdict.Bad || line.Check != FileChecks.Tensors;
            yield return line;
        }

        if (!readable)
        {
            yield break;
        }

        using Backend backend = open();
        ModelFolder? opened = null;
        try
        {
            DoctorLine opening = Guarded("opening", () =>
            {
                opened = ModelFolder.OpenAny(folder, backend);
                return DoctorLine.Ok("opening", $"model, tokenizer and settings fit together: {opened.Model.Parameters.Sum(p => p.Shape.Count):N0} parameters");
            });
            yield return opening;
            if (opened is null)
            {
                yield break;
            }

            foreach (Func<DoctorLine> check in ModelChecks.Of(opened, folder, source, cancellation))
            {
                cancellation.ThrowIfCancellationRequested();
                yield return Guarded("answers", check);
            }
        }
        finally
        {
            opened?.Dispose();
        }
    }

    /// <summary>A check that throws for bad files is a bad line.</summary>
    internal static DoctorLine Guarded(string name, Func<DoctorLine> check)
    {
        try
        {
            return check();
        }
        catch (SmvlException e)
        {
            return DoctorLine.Bad(name, e.Finding, e.Hint ?? "put there what is expected, or fetch the file again");
        }
    }
}
