using System.CommandLine;
using Smvl.Cli.Doctor;
using Smvl.Evaluation;
using Spectre.Console;

namespace Smvl.Cli;

/// <summary><c>smvl doctor</c>: proves a checkpoint, from its files to its answers.</summary>
internal static class DoctorCommand
{
    public static Command Create()
    {
        var folder = new Argument<string>("DIR") { Description = $"a spliced, trained or Qwen3 folder, {ModelArgument.OrName}" };
        var text = new Option<string?>("--text") { Description = $"the text model it was made of, {ModelArgument.OrName}: answers without a picture are compared with its" };
        var json = new Option<bool>("--json") { Description = "an array of {check, verdict, found, fix}" };
        var device = new DeviceOption();
        var threads = new ThreadsOption();
        var command = new Command("doctor", "Prove a checkpoint: files, tokens, shapes, and that a picture reaches the answer. Exit code 1 where something is to be mended.")
        {
            folder, text, json, device, threads,
        };

        // on a thread of its own, so that Ctrl-C is heard
        command.SetAction((parsed, cancellation) => Task.Run(
            () =>
            {
                string path = ModelArgument.Find(parsed, parsed.GetRequiredValue(folder));
                string? source = parsed.GetValue(text) is { } named ? ModelArgument.Find(parsed, named) : null;
                TextWriter output = parsed.InvocationConfiguration.Output;
                bool asJson = parsed.GetValue(json);
                var lines = new List<DoctorLine>();
                foreach (DoctorLine line in Doctor.Doctor.Examine(path, source, () => device.Open(parsed, threads), cancellation))
                {
                    lines.Add(line);
                    if (!asJson)
                    {
                        Write(output, line);
                    }
                }

                int bad = lines.Count(line => line.Verdict == DoctorVerdict.Bad), notes = lines.Count(line => line.Verdict == DoctorVerdict.Note);
                if (asJson)
                {
                    WriteJson(output, lines);
                }
                else
                {
                    output.WriteLine(bad > 0 ? $"{bad} to mend, {notes} to note, {lines.Count - bad - notes} in order" : $"sound: {lines.Count - notes} in order, {notes} to note");
                }

                return bad > 0 ? CommandLineProgram.BadInput : 0;
            },
            cancellation));
        return command;
    }

    private static void Write(TextWriter output, DoctorLine line)
    {
        (string mark, string color) = line.Verdict switch
        {
            DoctorVerdict.Ok => ("ok  ", "green"),
            DoctorVerdict.Note => ("note", "yellow"),
            _ => ("BAD ", "red"),
        };
        if (TerminalText.IsTerminal(output))
        {
            AnsiConsole.Markup($"[{color}]{mark}[/] ");
        }
        else
        {
            output.Write($"{mark} ");
        }

        output.WriteLine(TerminalText.Printable($"{line.Check,-15} {line.Found}".ReplaceLineEndings(" ")));
        if (line.Fix is { } fix)
        {
            output.WriteLine($"{"",-20} to do: {fix}");
        }
    }

    private static void WriteJson(TextWriter output, IReadOnlyList<DoctorLine> lines) => output.Write(EvaluationJson.Write(json =>
    {
        json.WriteStartArray();
        foreach (DoctorLine line in lines)
        {
            json.WriteStartObject();
            json.WriteString("check", line.Check);
            json.WriteString("verdict", line.Verdict.ToString().ToLowerInvariant());
            json.WriteString("found", line.Found);
            json.WriteString("fix", line.Fix);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }));
}
