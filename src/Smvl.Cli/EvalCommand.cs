using System.CommandLine;
using Smvl.Cli.Reports;
using Smvl.Evaluation;
using Smvl.Models;

namespace Smvl.Cli;

/// <summary><c>smvl eval</c>: a model's scores on the field's tasks.</summary>
internal static class EvalCommand
{
    public static Command Create()
    {
        var model = new ModelArgument("a spliced, trained or Qwen3 folder");
        var options = new EvalOptions();
        var noTextOnly = new Option<bool>("--no-text-only", "--no_text_only") { Description = "do not ask the same questions without their pictures" };
        var command = new Command("eval", "Score a model on tasks: with 95 % intervals, by category, and beside the same questions without pictures.")
        {
            model.Path, model.Projector, noTextOnly, CreateTasks(),
        };
        foreach (Option option in options.All)
        {
            command.Add(option);
        }

        // on a thread of its own, so that Ctrl-C is heard
        command.SetAction((parsed, cancellation) => Task.Run(
            () =>
            {
                IReadOnlyList<EvaluationTask> tasks = options.ReadTasks(parsed);
                string path = model.Locate(parsed);
                using ChatModel opened = ChatModel.Open(path, parsed.GetValue(model.Projector), new ChatModelOptions
                {
                    Device = options.Device.Read(parsed),
                    Threads = options.Threads.Read(parsed),
                    Notice = parsed.InvocationConfiguration.Error.WriteLine,
                });
                string folder = Path.Combine(parsed.GetRequiredValue(options.Output), Path.GetFileNameWithoutExtension(Path.GetFullPath(path).TrimEnd(Path.DirectorySeparatorChar)));
                IReadOnlyList<EvaluationResult> results = options.Run(parsed, opened, path, folder, tasks, !parsed.GetValue(noTextOnly), cancellation);
                parsed.InvocationConfiguration.Output.Write(parsed.GetValue(options.Json) ? EvaluationJson.Of(results) : EvaluationMarkdown.Of(results));
                if (parsed.GetValue(options.Html) is { } html)
                {
                    EvaluationReport.Write(html, results, parsed.GetValue(options.Data));
                    parsed.InvocationConfiguration.Error.WriteLine($"pictures and answers: {html}");
                }
            },
            cancellation));
        return command;
    }

    private static Command CreateTasks()
    {
        var name = new Argument<string?>("TASK") { Description = "shows this task's file; left out: lists all", Arity = ArgumentArity.ZeroOrOne };
        var command = new Command("tasks", "List the shipped tasks, or show the file of one: a beginning for your own.") { name };
        command.SetAction(parsed =>
        {
            TextWriter output = parsed.InvocationConfiguration.Output;
            if (parsed.GetValue(name) is { } chosen)
            {
                output.Write(EvaluationTask.ShippedText(chosen));
                return;
            }

            foreach (EvaluationTask task in EvaluationTask.Names.Where(shipped => shipped != "cauldron").Select(EvaluationTask.Find))
            {
                output.WriteLine($"{task.Name,-16} {task.Description}");
            }

            output.WriteLine($"{EvaluationTask.CauldronPrefix + "SUBSET",-16} {EvaluationTask.Find(EvaluationTask.CauldronPrefix + "cocoqa").Description}");
        });
        return command;
    }
}
