using Smvl.Data;
using Smvl.Images;
using Smvl.Inference;
using Smvl.Models;
using Smvl.Text;

namespace Smvl.Cli.Demo;

/// <summary>
/// What a splice promises, looked at: both models' weights are their sources' bytes, a picture's rows take the places made for them and
/// change what follows, and without a picture the text model answers as it did alone.
/// </summary>
internal static class SpliceCheck
{
    private const int AnswerTokens = 24;
    private const string TextQuestion = "你好！";

    /// <param name="files">the sources and the splice</param>
    /// <param name="model">the splice, opened</param>
    /// <param name="first">a question about a picture</param>
    /// <param name="second">a question about another picture</param>
    /// <param name="cancellation">heard between blocks</param>
    /// <returns>a line with figures for each promise that was kept</returns>
    /// <exception cref="SmvlException">one was not</exception>
    public static IReadOnlyList<string> Run(
        DemoFiles files, ModelFolder model, ScoredQuestion first, ScoredQuestion second, CancellationToken cancellation) =>
    [
        Weights("text model", DemoFiles.TextName, WeightHash.OfText(files.Spliced, model.Model.Config), WeightHash.Of(files.Text, NameTable.TextSource(model.Model.Config.Text), _ => true)),
        Weights("vision tower", DemoFiles.VisionName, TowerOf(files.Spliced, NameTable.For(model.Model.Config)), TowerOf(files.Vision, NameTable.VisionSource(model.Model.Config.Vision))),
        .. Pictures(model, first, second, cancellation),
        Alone(files, model, cancellation),
        Template(files, model),
    ];

    private static WeightHash TowerOf(string folder, NameTable table) => WeightHash.Of(folder, table, part => part == ModelPart.Vision);

    private static string Weights(string part, string source, WeightHash spliced, WeightHash original)
    {
        Require(spliced == original, $"the {part}'s weights", $"those of {source}, {original.Short}", spliced.Short);
        return DemoText.WeightsKept(part, source, spliced);
    }

    private static IEnumerable<string> Pictures(ModelFolder model, ScoredQuestion first, ScoredQuestion second, CancellationToken cancellation)
    {
        using ChatSession session = new(model);
        Prompt one = Ask(session, first.Picture!, first.Question), other = Ask(session, second.Picture!, first.Question);
        int places = one.Ids.Count(id => id == model.Model.Config.ImageTokenId), rows = one.TileCount * model.Model.Config.ImageSequenceLength;
        Require(places == rows, "the places for image rows", $"{rows}", $"{places}");
        yield return DemoText.RowsFit(one.TileCount, rows, one.Ids.Length);

        float[] a = LastLogits.Of(model.Model, one, cancellation), b = LastLogits.Of(model.Model, other, cancellation);
        float difference = a.Zip(b, (x, y) => Math.Abs(x - y)).Max();
        Require(difference > 0, "two pictures' logits", "a difference", "none");
        yield return DemoText.PicturesMatter(difference);
    }

    private static Prompt Ask(ChatSession session, ScoredPicture picture, string question) => session.Prepare(
        [new ChatMessage("user", ContentPart.Image, new ContentPart(question))], [ImageDecoder.Decode(picture.File.Span, picture.Where)], thinking: false);

    private static string Alone(DemoFiles files, ModelFolder model, CancellationToken cancellation)
    {
        using ModelFolder text = ModelFolder.OpenAny(files.Text, model.Model.Backend);
        Prompt prompt = new(model.Prompts.Chat([ChatMessage.FromText("user", TextQuestion)], [], enableThinking: false), [], 0);
        int[] alone = Greedy(text.Model), spliced = Greedy(model.Model);
        Require(alone.SequenceEqual(spliced), "the answer without a picture", model.Tokenizer.Decode(alone), model.Tokenizer.Decode(spliced));
        return DemoText.AnswersAsBefore(spliced.Length);

        int[] Greedy(VisionLanguageModel asked) =>
        [
            .. new Generator(asked, model.Generation.EosTokenIds).Generate(prompt, new SamplingOptions(), AnswerTokens, cancellation: cancellation)
                .Select(token => token.Id),
        ];
    }

    private static string Template(DemoFiles files, ModelFolder model)
    {
        Require(
            File.ReadAllText(Path.Combine(files.Spliced, ChatTemplate.FileName)) == ChatTemplate.Jinja, ChatTemplate.FileName, "the template that the prompts are made by", "another");
        string rendered = ChatTemplate.Render([ChatMessage.FromText("user", TextQuestion)], addGenerationPrompt: true, enableThinking: false);
        int[] ids = model.Prompts.Chat([ChatMessage.FromText("user", TextQuestion)], [], enableThinking: false);
        string read = model.Tokenizer.Decode(ids);
        Require(read == rendered, "the rendered chat", rendered, read);
        return DemoText.TemplateRenders(rendered.Length, ids.Length);
    }

    private static void Require(bool kept, string what, string expected, string actual)
    {
        if (!kept)
        {
            throw new SmvlException($"the splice fails its check: {what}", "self-check", expected, actual, "a fault of the program: please report it");
        }
    }
}
