using Smvl.Data;
using Smvl.Training;

namespace Smvl.Tests.Training;

/// <summary>The files in configs/ and docs/training.md agree with the keys.</summary>
public sealed class ConfigFilesTests
{
    private const string Document = "docs/training.md";

    public static TheoryData<string> Configs() =>
        [.. Directory.EnumerateFiles(Path.Combine(Golden.Root, "configs"), "*.yaml").Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal)];

    [Theory, MemberData(nameof(Configs))]
    public void EveryConfigIsRead(string file)
    {
        TrainingArguments arguments = TrainingArguments.FromYaml(Path.Combine(Golden.Root, "configs", file));
        Assert.NotEqual("trainer_output", arguments.OutputDir);
    }

    [Fact]
    public void CocoqaHasTheOriginalsValues()
    {
        TrainingArguments arguments = TrainingArguments.FromYaml(Path.Combine(Golden.Root, "configs", "cocoqa_train.yaml"));
        var steps = new TrainingSteps(arguments, rows: 46_222);
        Assert.Equal((200, 25, 25, 20, 4), (steps.MaxSteps, steps.EvalSteps, steps.SaveSteps, steps.WarmupSteps, steps.Accumulation));
        Assert.Equal(1e-4, arguments.LearningRate);
        Assert.Equal(8, arguments.SaveTotalLimit);
        Assert.Equal(new SampleRules(2048) { Turns = 1, MaxImages = 1, LossOn = LossOn.All }, arguments.SampleRules);
    }

    [Theory]
    [InlineData("used", "| key | type | default | meaning |"), InlineData("inert", "| key | default | why |"), InlineData("unsupported", "| key | only | why |")]
    public void TheDocumentsTablesAreTheKeys(string section, string head)
    {
        KeyRole[] roles = section switch { "used" => [KeyRole.Used, KeyRole.Alias], "inert" => [KeyRole.Inert], _ => [KeyRole.Unsupported] };
        IEnumerable<string> rows = TrainingKeys.All.Where(key => roles.Contains(key.Role)).Select(key => section == "used"
            ? $"| `{key.Name}` | {key.Expected} | {Default(key)} | {key.Doc} |"
            : $"| `{key.Name}` | {Default(key)} | {key.Doc} |");
        string rule = string.Concat(Enumerable.Repeat("|---", head.Count(letter => letter == '|') - 1)) + "|";
        string expected = string.Join('\n', [head, rule, .. rows]);
        string text = File.ReadAllText(Path.Combine(Golden.Root, Document));
        string begin = $"<!-- {section} keys -->\n", end = $"\n<!-- end of {section} keys -->";
        int from = text.IndexOf(begin, StringComparison.Ordinal) + begin.Length, to = text.IndexOf(end, StringComparison.Ordinal);
        Assert.True(from >= begin.Length && to >= from, $"{Document} lacks the table of {section} keys");
        Assert.True(text[from..to] == expected, $"the table of {section} keys in {Document} should be:\n{expected}\n");
    }

    private static string Default(TrainingKey key) => $"`{ConfigText.Of(key.Plain(key.Default))}`";
}
