using System.CommandLine;
using Smvl.Cli.Reports;
using Smvl.Evaluation;
using Smvl.Inference;
using Smvl.Models;

namespace Smvl.Cli;

/// <summary><c>smvl compare</c>: did training hurt? Two models on the same questions, and on language.</summary>
internal static class CompareCommand
{
    private const ulong Seed = 0;

    public static Command Create()
    {
        var first = new Argument<string>("A") { Description = $"the model before: a folder, {ModelArgument.OrName}; or a .gguf file without pictures" };
        var second = new Argument<string>("B") { Description = "the model behind" };
        var options = new EvalOptions();
        var text = new Option<string?>("--text") { Description = "a text in the language to keep, a paragraph a line; default: eight built-in ones in Chinese and English" };
        var noLanguage = new Option<bool>("--no-language", "--no_language") { Description = "compare on tasks alone" };
        var command = new Command("compare", "Hold two models against each other on the same questions, pair by pair, and on their language.") { first, second, text, noLanguage };
        foreach (Option option in options.All)
        {
            command.Add(option);
        }

        // on a thread of its own, so that Ctrl-C is heard
        command.SetAction((parsed, cancellation) => Task.Run(() => Run(parsed, cancellation), cancellation));
        return command;

        void Run(ParseResult parsed, CancellationToken cancellation)
        {
            bool language = !parsed.GetValue(noLanguage);
            IReadOnlyList<EvaluationTask> tasks = options.ReadTasks(parsed, needed: !language);
            string words = parsed.GetValue(text) is { } file ? string.Join('\n', ComparisonPrompts.ReadFile(file)) : string.Join('\n', ComparisonPrompts.BuiltInTexts);
            string[] paths = [.. new[] { first, second }.Select(argument => parsed.GetRequiredValue(argument)).Select(path => File.Exists(path) ? path : ModelArgument.Find(parsed, path))];
            string[] names = Names(paths);
            ChatModelOptions how = new()
            {
                Device = options.Device.Read(parsed),
                Threads = options.Threads.Read(parsed),
                Notice = parsed.InvocationConfiguration.Error.WriteLine,
            };
            using ChatModel a = ChatModel.Open(paths[0], options: how), b = ChatModel.Open(paths[1], options: how);
            string Folder(int which) => Path.Combine(parsed.GetRequiredValue(options.Output), names[which]);
            IReadOnlyList<EvaluationResult> before = options.Run(parsed, a, paths[0], Folder(0), tasks, textOnly: false, cancellation);
            IReadOnlyList<EvaluationResult> behind = options.Run(parsed, b, paths[1], Folder(1), tasks, textOnly: false, cancellation);
            TaskComparison[] compared = [.. before.Zip(behind, (one, two) => TaskComparison.Of(one, two, Seed))];
            ComparedFigure[] figures = [.. compared.SelectMany(task => task.Figures), .. language ? LanguageChecks.Compare(a, b, words, Seed, cancellation) : []];
            parsed.InvocationConfiguration.Output.Write(parsed.GetValue(options.Json) ? ComparisonText.Json(names, figures) : ComparisonText.Markdown(names, figures));
            if (parsed.GetValue(options.Html) is { } html)
            {
                ComparisonReport.Write(html, names, figures, compared, parsed.GetValue(options.Data));
                parsed.InvocationConfiguration.Error.WriteLine($"pictures and answers: {html}");
            }
        }
    }

    /// <summary>The folders' own names where they differ, else with what stands before them.</summary>
    private static string[] Names(string[] paths)
    {
        string[] whole = [.. paths.Select(path => Path.GetFullPath(path).TrimEnd(Path.DirectorySeparatorChar))];
        if (whole[0] == whole[1])
        {
            throw new UsageException("A and B are the same.");
        }

        string[] names = [.. whole.Select(path => Path.GetFileName(path))];
        return names[0] != names[1] ? names : [.. whole.Select(path => $"{Path.GetFileName(Path.GetDirectoryName(path))}-{Path.GetFileName(path)}")];
    }
}
