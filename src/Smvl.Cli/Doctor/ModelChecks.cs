using System.Globalization;
using Smvl.Cli.Demo;
using Smvl.Formats;
using Smvl.Images;
using Smvl.Inference;
using Smvl.Models;
using Smvl.Text;

namespace Smvl.Cli.Doctor;

/// <summary>What only the opened model can tell.</summary>
internal static class ModelChecks
{
    private const int AnswerTokens = 24, GrainSeed = 1;

    /// <summary>Grain of so many of 255 levels: no eye and no trained tower makes anything of it.</summary>
    private const int Grain = 2;

    private const string Template = "chat template", Sight = "sight", TextOnly = "text alone";

    private static readonly string[] TextQuestions = ["你好！", "What is the capital of France?", "请用一句话介绍你自己。"];

    public static IEnumerable<Func<DoctorLine>> Of(ModelFolder model, string folder, string? source, CancellationToken cancellation)
    {
        yield return () => Renders(model, folder);
        if (model.Model.TakesPictures)
        {
            yield return () => Sees(model, cancellation);
            yield return () => SameAsSource(model, folder, source, cancellation);
        }
    }

    private static DoctorLine Renders(ModelFolder model, string folder)
    {
        string path = Path.Combine(folder, ChatTemplate.FileName);
        ChatMessage[] messages = [ChatMessage.FromText("user", TextQuestions[0])];
        string rendered = ChatTemplate.Render(messages, addGenerationPrompt: true, enableThinking: false);
        int[] ids = model.Prompts.Chat(messages, [], enableThinking: false);
        string read = model.Tokenizer.Decode(ids);
        int marks = ids.Count(id => id == model.Tokenizer.TokenToId(QwenTokens.MessageStart));
        return read != rendered || marks != 2
            ? DoctorLine.Bad(Template, $"the tokenizer reads the rendered chat back as '{read}'", $"{QwenTokens.MessageStart} and {QwenTokens.MessageEnd} must be tokens: take the text model's own tokenizer files")
            : !File.Exists(path) ? DoctorLine.Note(Template, $"renders {ids.Length} tokens; {ChatTemplate.FileName} is not there, which transformers needs", "splice or export the folder again")
            : File.ReadAllText(path) != ChatTemplate.Jinja ? DoctorLine.Note(Template, $"renders {ids.Length} tokens; {ChatTemplate.FileName} is another than the one that prompts are made by here", "other programs may lay chats out otherwise than this one")
            : DoctorLine.Ok(Template, $"renders {ids.Length} tokens, and {ChatTemplate.FileName} is the one that they are made by");
    }

    /// <summary>
    /// The sample picture against a grey one, and against itself with grain: how far next-token logits move. A model that looks moves far
    /// more for another picture than for grain.
    /// </summary>
    private static DoctorLine Sees(ModelFolder model, CancellationToken cancellation)
    {
        using RgbImage picture = SamplePicture.Load();
        using RgbImage grey = new(picture.Width, picture.Height, [.. Enumerable.Repeat((byte)127, picture.Pixels.Length)]), grained = Grained(picture);
        float[] seen = Logits(picture), other = Logits(grey), noise = Logits(grained);
        if (seen.Concat(other).Concat(noise).Any(value => !float.IsFinite(value)))
        {
            return DoctorLine.Bad(Sight, "logits are not finite", "go back to an earlier checkpoint");
        }

        double signal = Distance(seen, other), grain = Distance(seen, noise);
        string found = string.Create(CultureInfo.InvariantCulture, $"another picture moves the logits by {signal:G3} (root mean square), grain of {Grain} levels by {grain:G3}");
        return signal == 0 ? DoctorLine.Bad(Sight, "the picture changes no logit: the model is blind", "image rows do not reach the text: check image_token_id, and splice again")
            : signal < 2 * grain ? DoctorLine.Note(Sight, found, "the pictures' content hardly counts: train the connector, and compare smvl eval with its text-only column")
            : DoctorLine.Ok(Sight, found);

        float[] Logits(RgbImage shown)
        {
            using ChatSession session = new(model);
            Prompt prompt = session.Prepare([new ChatMessage("user", ContentPart.Image, new ContentPart("图中有什么？"))], [shown], thinking: false);
            return LastLogits.Of(model.Model, prompt, cancellation);
        }
    }

    private static RgbImage Grained(RgbImage picture)
    {
        SplitMix64 random = new(GrainSeed);
        byte[] pixels = picture.Pixels.ToArray();
        for (int i = 0; i < pixels.Length; i++)
        {
            pixels[i] = (byte)Math.Clamp(pixels[i] + (random.Next() % 2 == 0 ? Grain : -Grain), 0, 255);
        }

        return new RgbImage(picture.Width, picture.Height, pixels);
    }

    /// <summary>Root mean square, of logits whose common offset means nothing.</summary>
    private static double Distance(float[] a, float[] b)
    {
        double shift = a.Zip(b, (x, y) => (double)x - y).Average();
        return Math.Sqrt(a.Zip(b, (x, y) => Math.Pow(x - y - shift, 2)).Average());
    }

    private static DoctorLine SameAsSource(ModelFolder model, string folder, string? source, CancellationToken cancellation)
    {
        if (source is null)
        {
            string name = model.Sources?.Text.Name is { } text ? $", such as {text}," : "";
            return DoctorLine.Note(TextOnly, $"not compared: name the text model it was made of{name} with --text DIR");
        }

        WeightHash own = WeightHash.OfText(folder, model.Model.Config), original = WeightHash.Of(source, NameTable.TextSource(model.Model.Config.Text), _ => true);
        using ModelFolder alone = ModelFolder.OpenAny(source, model.Model.Backend);
        foreach (string question in TextQuestions)
        {
            Prompt prompt = new(model.Prompts.Chat([ChatMessage.FromText("user", question)], [], enableThinking: false), [], 0);
            string before = Greedy(alone, prompt), after = Greedy(model, prompt);
            if (before != after)
            {
                return own == original
                    ? DoctorLine.Bad(TextOnly, $"'{question}' is answered '{after}', by the source '{before}', though the weights are the same", "config.json must have the text model's own values")
                    : DoctorLine.Note(TextOnly, $"the text model was trained: '{question}' is answered '{after}', by the source '{before}'", "smvl compare tells whether that did harm");
            }
        }

        return DoctorLine.Ok(TextOnly, $"{TextQuestions.Length} answers equal those of {ModelSource.Of(source).Name}, token for token; its weights {(own == original ? "are the same bytes" : "are others: it was trained")}");

        string Greedy(ModelFolder asked, Prompt prompt) => asked.Tokenizer.Decode(
            new Generator(asked.Model, asked.Generation.EosTokenIds).Generate(prompt, new SamplingOptions(), AnswerTokens, cancellation: cancellation).Select(token => token.Id));
    }
}
