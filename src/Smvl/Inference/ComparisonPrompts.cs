using System.Text;
using Smvl.Images;
using Smvl.Models;
using Smvl.Text;

namespace Smvl.Inference;

/// <summary>
/// What two models are compared on: texts, each in a user's turn of its own, and pictures, each as one tile with a question behind it. A
/// tile goes through the tower by itself, so that more tiles of a picture would cost time and tell nothing else.
/// </summary>
/// <param name="Texts">one prompt each</param>
/// <param name="Pictures">one prompt each; they belong to whoever made this</param>
public sealed record ComparisonPrompts(IReadOnlyList<string> Texts, IReadOnlyList<RgbImage> Pictures) : IDisposable
{
    private const string Resource = "Smvl.Inference.prompts.txt";

    /// <summary>Long enough that most positions see the picture among other things.</summary>
    private const string Question =
        "请描述这张图片：图中有什么动物，它们在做什么，周围是什么样的环境，光线和颜色如何？Then say in English what might happen next, and why you think so.";

    /// <summary>Eight texts in Chinese and English of 60 to 80 tokens each.</summary>
    public static IReadOnlyList<string> BuiltInTexts { get; } = ReadBuiltIn();

    /// <summary>Texts and the sample picture.</summary>
    public static ComparisonPrompts WithSample(IReadOnlyList<string> texts) => new(texts, [SamplePicture.Load()]);

    /// <summary>A file with a prompt a line; empty lines are left out.</summary>
    /// <exception cref="SmvlException">no such file, or no prompt in it</exception>
    public static IReadOnlyList<string> ReadFile(string path)
    {
        if (!File.Exists(path))
        {
            throw new SmvlException("no such file", path, "a text with a prompt a line");
        }

        string[] lines = Lines(File.ReadAllText(path));
        return lines.Length > 0 ? lines : throw new SmvlException("no prompt in the file", path, "a prompt a line");
    }

    public void Dispose()
    {
        foreach (RgbImage picture in Pictures)
        {
            picture.Dispose();
        }
    }

    /// <summary>Laid out as the folder has it.</summary>
    /// <exception cref="SmvlException">a text holds a special token, or a prompt has more tokens than the model has positions</exception>
    internal IReadOnlyList<(Prompt Prompt, bool HasPicture)> Prepare(ModelFolder model) =>
    [
        .. Texts.Select(text => (Fitting(model, new Prompt(model.Prompts.Chat([ChatMessage.FromText("user", text)], [], enableThinking: false), [], 0)), false)),
        .. Pictures.Select(picture => (Fitting(model, Prepare(model, picture)), true)),
    ];

    private static Prompt Prepare(ModelFolder model, RgbImage picture)
    {
        ProcessedImage tile = model.Images.Process(picture, maxTiles: 1);
        ChatMessage message = new("user", ContentPart.Image, new(Question));
        return new Prompt(model.Prompts.Chat([message], [ImageGrid.Whole], enableThinking: false), [tile.Tiles], tile.TileCount);
    }

    private static Prompt Fitting(ModelFolder model, Prompt prompt)
    {
        int most = model.Model.TextConfig.MaxPositions;
        return prompt.Ids.Length <= most
            ? prompt
            : throw new SmvlException("a prompt is too long for the model", "prompts", $"at most {most} tokens", $"{prompt.Ids.Length}", "shorten it");
    }

    private static string[] ReadBuiltIn()
    {
        using Stream stream = typeof(ComparisonPrompts).Assembly.GetManifestResourceStream(Resource)!;
        using StreamReader reader = new(stream, Encoding.UTF8);
        return Lines(reader.ReadToEnd());
    }

    private static string[] Lines(string text) => text.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
}
