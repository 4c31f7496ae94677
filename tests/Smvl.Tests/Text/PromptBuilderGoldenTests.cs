using System.Text.Json;
using System.Text.RegularExpressions;
using Smvl.Data;
using Smvl.Formats;
using Smvl.Tensors;
using Smvl.Tensors.Cpu;
using Smvl.Text;

namespace Smvl.Tests.Text;

/// <summary>Prompts and training samples as the reference's processor and collator make them.</summary>
[Trait("Category", Golden.Category)]
public sealed partial class PromptBuilderGoldenTests
{
    private const string Question = @"<\|im_start\|>user\n(<\|image_pad\|>\n)*(?<question>.*)<\|im_end\|>\n<\|im_start\|>assistant\n";

    public static IEnumerable<TheoryDataRow<int>> Prompts() => Indices(Golden.Json("processor", "prompts.json").GetProperty("cases"));

    public static IEnumerable<TheoryDataRow<int>> Chats() => Indices(Golden.Json("generate", "greedy.json"));

    public static IEnumerable<TheoryDataRow<string>> Samples() =>
        Directory.GetFiles(Golden.Path("forward"), "*.safetensors").Select(Path.GetFileName).Order().Select(name => new TheoryDataRow<string>(name!));

    [Theory]
    [MemberData(nameof(Prompts))]
    public void PlaceholdersAreExpanded(int index)
    {
        JsonElement golden = Golden.Json("processor", "prompts.json");
        JsonElement prompt = golden.GetProperty("cases")[index];
        var grid = new ImageGrid(prompt.GetProperty("rows").GetInt32(), prompt.GetProperty("cols").GetInt32());
        int rowsPerTile = golden.GetProperty("seq_len").GetInt32();
        string text = prompt.GetProperty("text").GetString()!;
        var layout = new ImageLayout(golden.GetProperty("fake").GetString()!, golden.GetProperty("global").GetString()!);
        var builder = new PromptBuilder(Tokenizers.Tiny, layout, rowsPerTile, padTokenId: 0);

        string image = layout.Expand(grid, rowsPerTile);
        Assert.Equal(prompt.GetProperty("image_string").GetString(), image);
        Assert.Equal(text, builder.Expand(text.Replace(image, ImageLayout.Image, StringComparison.Ordinal), [grid]));
        int[] ids = Ints(prompt.GetProperty("ids"));
        Assert.Equal(ids, Tokenizers.Tiny.Encode(text));
        Assert.Equal(grid.Tiles * rowsPerTile, ids.Count(id => id == builder.ImageTokenId));
    }

    [Theory]
    [MemberData(nameof(Prompts))]
    public void ExpandedPromptsHaveTheRealVocabularysIds(int index)
    {
        JsonElement prompt = Golden.Json("processor", "prompts.json").GetProperty("cases")[index];
        Assert.Equal(Ints(prompt.GetProperty("qwen_ids")), Tokenizers.Qwen().Encode(prompt.GetProperty("text").GetString()!));
    }

    [Theory]
    [MemberData(nameof(Chats))]
    public void ChatGivesThePromptsOfGeneration(int index)
    {
        JsonElement golden = Golden.Json("generate", "greedy.json")[index];
        (PromptBuilder builder, int rowsPerTile) = Builder();
        (string collapsed, List<ImageGrid> grids) = Collapse(golden.GetProperty("prompt").GetString()!, rowsPerTile);
        Match turns = ChatTurns().Match(collapsed);
        Assert.True(turns.Success, collapsed);
        ChatMessage[] messages =
        [
            ChatMessage.FromText("system", turns.Groups["system"].Value),
            new("user", [.. grids.Select(_ => ContentPart.Image), new ContentPart(turns.Groups["question"].Value)]),
        ];
        Assert.Equal(Ints(golden.GetProperty("ids")), builder.Chat(messages, grids, enableThinking: true));
        Assert.Equal(
            [.. Ints(golden.GetProperty("ids")), .. Tokenizers.Tiny.Encode("<think>\n\n</think>\n\n")],
            builder.Chat(messages, grids, enableThinking: false));
    }

    [Theory]
    [MemberData(nameof(Samples))]
    public void TrainingTextIsTheReferences(string name)
    {
        using SafetensorsFile file = Golden.Tensors("forward", name);
        int length = file.Tensors["input_ids"].Shape[1];
        int[] ids = Longs(file.Tensors["input_ids"]);
        int[] mask = Longs(file.Tensors["attention_mask"]);
        int[] labels = Longs(file.Tensors["labels"]);
        (PromptBuilder builder, int rowsPerTile) = Builder();
        for (int start = 0; start < ids.Length; start += length)
        {
            Range row = start..(start + mask[start..(start + length)].Sum());
            (string collapsed, List<ImageGrid> grids) = Collapse(Tokenizers.Tiny.Decode(ids[row]), rowsPerTile);
            Match turns = SampleTurns().Match(collapsed);
            Assert.True(turns.Success, collapsed);
            string question = turns.Groups["question"].Value;
            string answer = turns.Groups["answer"].Value;
            Assert.True(builder.TrySample([new(question, answer)], grids, new SampleRules(100_000), out TrainingText sample));
            Assert.Equal(ids[row], sample.Ids);
            Assert.Equal(labels[row], sample.Labels);
            Assert.Equal(0, sample.Cut);
        }
    }

    /// <summary>
    /// A row of one turn is, up to its answer, what the reference's template makes of the question without thinking, with its system message
    /// and its pictures where they stand.
    /// </summary>
    [Theory]
    [InlineData("text"), InlineData("system"), InlineData("two-images"), InlineData("image-last")]
    public void TrainingReadsTheReferencesPrompt(string name)
    {
        (ChatMessage[] messages, string text) = Conversation(name, open: true);
        (PromptBuilder builder, TrainingText sample, ImageGrid[] grids) = Sample([.. messages, ChatMessage.FromText("assistant", "答案。")]);
        int[] asked = Tokenizers.Tiny.Encode(builder.Expand(text, grids)), answer = Tokenizers.Tiny.Encode("答案。<|im_end|>");
        Assert.Equal([.. asked, .. answer, .. Tokenizers.Tiny.Encode("\n")], sample.Ids);
        Assert.Equal(asked, builder.Chat(messages, grids, enableThinking: false));
        int[] labelled = [.. Tokenizers.Tiny.Encode("<think>\n\n</think>\n\n"), .. answer];
        Assert.Equal([.. labelled, PromptBuilder.IgnoredLabel], sample.Labels[^(labelled.Length + 1)..]);
    }

    [Theory, InlineData("train"), InlineData("think-last")]
    public void TrainingReadsTheReferencesConversation(string name)
    {
        (ChatMessage[] messages, string text) = Conversation(name, open: false);
        (PromptBuilder builder, TrainingText sample, ImageGrid[] grids) = Sample(messages);
        Assert.Equal(Tokenizers.Tiny.Encode(builder.Expand(text, grids)), sample.Ids);
        int said = Tokenizers.Tiny.Encode(text[text.IndexOf("<think>", StringComparison.Ordinal)..]).Length;
        Assert.Equal([.. sample.Ids[^said..^1], PromptBuilder.IgnoredLabel], sample.Labels[^said..]);
        Assert.All(sample.Labels[..^said], label => Assert.Equal(PromptBuilder.IgnoredLabel, label));
    }

    private static (ChatMessage[] Messages, string Text) Conversation(string name, bool open)
    {
        Assert.SkipUnless(File.Exists(Golden.Path("chat", "cases.json")), "the fixtures have no chat/");
        JsonElement golden = Golden.Json("chat", "cases.json").EnumerateArray().Single(each =>
            each.GetProperty("name").GetString() == name && each.GetProperty("add_generation_prompt").GetBoolean() == open
            && each.GetProperty("enable_thinking").ValueKind == JsonValueKind.False && each.GetProperty("tools").ValueKind == JsonValueKind.Null);
        return ([.. golden.GetProperty("messages").EnumerateArray().Select(ChatMessage.FromJson)], golden.GetProperty("text").GetString()!);
    }

    /// <summary>A row of a conversation that ends with its last answer, each picture of it cut another way.</summary>
    private static (PromptBuilder Builder, TrainingText Sample, ImageGrid[] Grids) Sample(ChatMessage[] messages)
    {
        string? system = messages[0].Role == "system" ? messages[0].Content[0].Text : null;
        QuestionAnswer[] turns = [.. messages[(system is null ? 0 : 1)..].Chunk(2).Select(pair => Turn(pair[0], pair[1].Content[0].Text!))];
        ImageGrid[] grids = [.. Enumerable.Range(0, messages.Sum(message => message.Content.Count(part => part.IsImage))).Select(i => new ImageGrid(1 + i, 2))];
        (PromptBuilder builder, _) = Builder();
        SampleRules rules = new(100_000) { LossOn = LossOn.Answer };
        Assert.True(builder.TrySample(turns, grids, rules, out TrainingText sample, system));
        return (builder, sample, grids);

        static QuestionAnswer Turn(ChatMessage question, string answer)
        {
            List<int> offsets = [];
            int at = 0;
            foreach (ContentPart part in question.Content)
            {
                if (part.IsImage)
                {
                    offsets.Add(at);
                }

                at += part.Text?.Length ?? 0;
            }

            return new(string.Concat(question.Content.Select(part => part.Text)), answer) { PictureOffsets = offsets };
        }
    }

    private static IEnumerable<TheoryDataRow<int>> Indices(JsonElement cases) =>
        Enumerable.Range(0, cases.GetArrayLength()).Select(index => new TheoryDataRow<int>(index));

    private static int[] Ints(JsonElement list) => [.. list.EnumerateArray().Select(id => id.GetInt32())];

    private static int[] Longs(Tensor tensor) => [.. tensor.Span<long>().ToArray().Select(value => (int)value)];

    private static (PromptBuilder Builder, int RowsPerTile) Builder()
    {
        int rowsPerTile = Golden.Json("spliced", "processor_config.json").GetProperty("image_seq_len").GetInt32();
        int pad = Tokenizers.Tiny.TokenToId(QwenTokens.EndOfText)!.Value;
        return (new PromptBuilder(Tokenizers.Tiny, ImageLayout.Load(Golden.Path("spliced")), rowsPerTile, pad), rowsPerTile);
    }

    /// <summary>A prompt with every picture's string put back to its placeholder, and the grids that the strings tell.</summary>
    private static (string Collapsed, List<ImageGrid> Grids) Collapse(string prompt, int rowsPerTile)
    {
        var grids = new List<ImageGrid>();
        ImageLayout layout = ImageLayout.Qwen;
        string global = layout.Expand(ImageGrid.Whole, rowsPerTile);
        string collapsed = Picture().Replace(prompt.Replace(global, "\0", StringComparison.Ordinal), match =>
        {
            CaptureCollection rows = match.Groups["row"].Captures;
            CaptureCollection cols = match.Groups["col"].Captures;
            ImageGrid grid = rows.Count == 0
                ? ImageGrid.Whole
                : new ImageGrid(rows.Max(capture => int.Parse(capture.Value)), cols.Max(capture => int.Parse(capture.Value)));
            grids.Add(grid);
            return ImageLayout.Image + "\n";
        });
        return (collapsed, grids);
    }

    [GeneratedRegex(@"(<\|vision_start\|><row_(?<row>\d+)_col_(?<col>\d+)>(<\|image_pad\|>)+\n*)*\0\n")]
    private static partial Regex Picture();

    [GeneratedRegex(@"^<\|im_start\|>system\n(?<system>.*)<\|im_end\|>\n" + Question + "$", RegexOptions.Singleline)]
    private static partial Regex ChatTurns();

    [GeneratedRegex("^" + Question + @"<think>\n\n</think>\n\n(?<answer>.*)<\|im_end\|>\n$", RegexOptions.Singleline)]
    private static partial Regex SampleTurns();
}
