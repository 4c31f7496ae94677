using System.Text;

namespace Smvl.Training;

/// <summary>The text of <c>smvl train --help</c>, from <see cref="TrainingKeys"/>.</summary>
public static class TrainingHelp
{
    /// <summary>Usage, then every key with type, default and meaning, 100 columns or less where words allow.</summary>
    public static string Text()
    {
        var text = new StringBuilder();
        text.Append("smvl train CONFIG.yaml [--key value ...]\nsmvl train --train_data cocoqa --output_dir DIR [--key value ...]\n\n");
        text.Append("--key=value and --ke-y are understood too; a flag alone means true. Names as in transformers' TrainingArguments.\n");
        Section(text, "Keys", KeyRole.Used, KeyRole.Alias);
        Section(text, "Accepted without an effect", KeyRole.Inert);
        Section(text, "Accepted at their default only", KeyRole.Unsupported);
        return text.ToString();
    }

    private static void Section(StringBuilder text, string title, params KeyRole[] roles)
    {
        text.Append('\n').Append(title).Append(":\n");
        foreach (TrainingKey key in TrainingKeys.All.Where(key => roles.Contains(key.Role)))
        {
            text.Append("  --").Append(key.Name).Append("  ").Append(key.Expected).Append(" [").Append(ConfigText.Of(key.Plain(key.Default)))
                .Append("]\n      ").Append(key.Doc).Append('\n');
        }
    }
}
