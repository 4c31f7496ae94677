using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Smvl.Evaluation;

/// <summary>
/// A run's folder: <c>run.json</c> says what was asked of whom, <c>answers.jsonl</c> holds a line a question, written as they come. The same
/// run continues behind the last whole row; another one is refused.
/// </summary>
internal sealed class AnswerFile : IDisposable
{
    private const string RunFile = "run.json", AnswersFile = "answers.jsonl";

    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false);

    private readonly List<AnswerRecord> records;
    private StreamWriter? writer;

    private AnswerFile(string path, List<AnswerRecord> records)
    {
        Path = path;
        this.records = records;
    }

    public string Path { get; }

    public IReadOnlyList<AnswerRecord> Records => records;

    /// <summary>Rows that are done.</summary>
    public int Rows => records.Count == 0 ? 0 : records[^1].Item.Row + 1;

    /// <param name="folder">made where it is not there</param>
    /// <param name="identity">what must be equal for a run to continue: names and values</param>
    /// <param name="overwrite">whether an earlier run there is removed</param>
    /// <exception cref="SmvlException">another run is in the folder</exception>
    public static AnswerFile Open(string folder, IReadOnlyList<(string Name, string Value)> identity, bool overwrite)
    {
        Directory.CreateDirectory(folder);
        string run = System.IO.Path.Combine(folder, RunFile), answers = System.IO.Path.Combine(folder, AnswersFile);
        if (overwrite)
        {
            File.Delete(answers);
            File.Delete(run);
        }

        if (File.Exists(run))
        {
            Compare(run, identity);
        }
        else if (File.Exists(answers))
        {
            throw new SmvlException($"answers without their {RunFile}", answers, hint: "remove the file, or begin anew with --overwrite");
        }
        else
        {
            string[] fields = [.. identity.Select(pair => $"  {Quoted(pair.Name)}: {Quoted(pair.Value)}")];
            Formats.AtomicFile.Write(run, stream => stream.Write(Utf8.GetBytes($"{{\n{string.Join(",\n", fields)}\n}}\n")));
        }

        List<AnswerRecord> records = File.Exists(answers) ? ReadWhole(answers) : [];
        WriteAll(answers, records);
        return new AnswerFile(answers, records);
    }

    /// <summary>Writes a row's answers.</summary>
    public void Add(IEnumerable<AnswerRecord> row)
    {
        writer ??= new StreamWriter(Path, append: true, Utf8) { NewLine = "\n" };
        foreach (AnswerRecord record in row)
        {
            records.Add(record);
            writer.WriteLine(record.ToJson());
        }
    }

    public void Flush() => writer?.Flush();

    /// <summary>Writes the same lines again, with their scores.</summary>
    public void Replace(IReadOnlyList<AnswerRecord> scored)
    {
        writer?.Dispose();
        writer = null;
        WriteAll(Path, scored);
    }

    public void Dispose() => writer?.Dispose();

    private static void WriteAll(string path, IReadOnlyList<AnswerRecord> records) => Formats.AtomicFile.Write(path, stream =>
    {
        using StreamWriter all = new(stream, Utf8, leaveOpen: true) { NewLine = "\n" };
        foreach (AnswerRecord record in records)
        {
            all.WriteLine(record.ToJson());
        }
    });

    private static string Quoted(string text) => $"\"{JsonEncodedText.Encode(text, JavaScriptEncoder.UnsafeRelaxedJsonEscaping)}\"";

    /// <summary>Without the last row, which may not be whole.</summary>
    private static List<AnswerRecord> ReadWhole(string path)
    {
        string[] lines = File.ReadAllLines(path);
        var records = new List<AnswerRecord>();
        for (int i = 0; i < lines.Length; i++)
        {
            try
            {
                records.Add(AnswerRecord.Parse(lines[i]));
            }
            catch (JsonException e)
            {
                if (i < lines.Length - 1)
                {
                    throw new SmvlException($"the line cannot be read: {e.Message}", $"{path}, line {i + 1}", hint: "mend it, or begin anew with --overwrite", inner: e);
                }
            }
        }

        int last = records.Count == 0 ? 0 : records[^1].Item.Row;
        return [.. records.Where(record => record.Item.Row < last)];
    }

    private static void Compare(string run, IReadOnlyList<(string Name, string Value)> identity)
    {
        const string Hint = "give another --output, or begin anew with --overwrite";
        Dictionary<string, string> earlier;
        try
        {
            using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(run));
            earlier = document.RootElement.EnumerateObject().ToDictionary(field => field.Name, field => field.Value.GetString() ?? "");
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new SmvlException("the file cannot be read", run, hint: Hint, inner: e);
        }

        foreach ((string name, string value) in identity)
        {
            string was = earlier.GetValueOrDefault(name, "nothing");
            if (was != value)
            {
                throw new SmvlException($"the folder holds another run's answers: its {name} is another", run, value, was, Hint);
            }
        }
    }
}
