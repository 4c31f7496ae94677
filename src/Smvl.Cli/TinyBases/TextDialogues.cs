using Smvl.Data;

namespace Smvl.Cli.TinyBases;

/// <summary>
/// The Chinese base's texts: dialogues without pictures, most of them a description and questions about it in the words that are
/// asked about pictures, so that what a connector has to learn is to put the description into the image rows.
/// </summary>
internal sealed class TextDialogues
{
    public const string Subset = "dialogues_zh";

    /// <summary>Dialogues that ask for things by their shape, of all; a course of them alone teaches to look up by shape.</summary>
    public const double DefaultByShape = 0.1, CourseByShape = 0.96;

    /// <summary>Of the others.</summary>
    private const double SceneShare = 0.70, PartsShare = 0.10, EmojiShare = 0.13;

    private const double DescribeShare = 0.3, EasyShare = 0.6;

    /// <summary>How often a scene is asked for everything, of things of chance.</summary>
    private const int Rounds = 3;

    /// <summary>Of how many scenes of a kind one never occurs in training.</summary>
    private const int KeptOf = 50;

    private readonly EmojiFacts[] emoji;
    private readonly PlainTalk talk;
    private readonly double byShape;

    /// <param name="emoji">rows of emoji_zh to train on</param>
    /// <param name="byShape">share of the dialogues that ask for things by their shape</param>
    /// <exception cref="SmvlException">none of them tells a name and a category</exception>
    public TextDialogues(IEnumerable<CauldronRow> emoji, double byShape = DefaultByShape)
    {
        this.byShape = byShape;
        this.emoji = [.. emoji.Select(row => EmojiFacts.Read(row.Texts ?? []))];
        if (!this.emoji.Any(facts => facts.Category is not null && facts.Name is not null))
        {
            throw new SmvlException("the emoji's texts tell nothing", "emoji", "rows of emoji_zh with names and categories", $"{this.emoji.Length} rows without");
        }

        talk = new PlainTalk(this.emoji);
    }

    /// <summary>A dialogue to train on.</summary>
    /// <param name="seed">of all</param>
    /// <param name="row">its number</param>
    public CauldronRow Train(ulong seed, int row)
    {
        SplitMix64 random = SceneRows.Random(seed, row);
        return Row(Chance.Is(byShape, ref random) ? ByShape(ref random) : random.NextUnit() switch
        {
            < SceneShare => AboutScene(heldOut: false, ref random),
            < SceneShare + PartsShare => PartByPart(ref random),
            < SceneShare + PartsShare + EmojiShare => AboutEmoji(ref random),
            _ => talk.Talk(ref random),
        });
    }

    /// <summary>A dialogue about a scene that occurs in none to train on.</summary>
    /// <inheritdoc cref="Train"/>
    public static CauldronRow Test(ulong seed, int row)
    {
        var random = new SplitMix64(SplitMix64.Mix(~seed + ((ulong)row * SplitMix64.Increment)));
        return Row(AboutScene(heldOut: true, ref random));
    }

    /// <summary>Whether a scene is kept from training: by its things, so that the same scene drawn again is kept too.</summary>
    /// <param name="scene">whose things</param>
    /// <param name="counted">whether it is a scene for counting; the same things make one of either kind</param>
    private static bool IsKept(Scene scene, bool counted)
    {
        ulong hash = counted ? 2UL : 1UL;
        foreach (SceneObject thing in scene.Objects)
        {
            hash = SplitMix64.Mix(hash ^ (ulong)(((((int)thing.Shape * SceneObject.Colors) + (int)thing.Color) * SceneObject.Cells * 2) + (thing.Cell * 2) + (int)thing.Size));
        }

        return hash % KeptOf == 0;
    }

    private static CauldronRow Row(SceneTurn[] turns) =>
        new([], [.. turns.Select(turn => new CauldronTurn(turn.User, turn.Assistant, $"{Subset}.{turn.Kind}"))]);

    private static SceneTurn[] AboutScene(bool heldOut, ref SplitMix64 random)
    {
        Scene scene = Draw(heldOut, ref random);
        Told told = SceneTelling.Tell(scene, ref random);
        List<SceneTurn> turns = Ask(scene, told, ref random);
        turns[0] = turns[0] with { User = $"{told.Text}\n{turns[0].User}" };
        return [.. turns];
    }

    /// <summary>
    /// What can be asked, several times over. Descriptions are long, would be most of what is learnt, and come in some dialogues only;
    /// so do questions that name a color, whose answers are found long before those to questions that name a shape.
    /// </summary>
    private static List<SceneTurn> Ask(Scene scene, Told told, ref SplitMix64 random)
    {
        List<SceneTurn> asked = [];
        for (int round = 0; round < Rounds; round++)
        {
            foreach (SceneTurn turn in SceneQuestions.Chinese.Ask(scene, heldOutOnly: false, ref random))
            {
                bool easy = turn.Kind is SceneQuestions.Shape or SceneQuestions.Position or SceneQuestions.Size
                    && turn.User.Contains("色的", StringComparison.Ordinal);
                if (turn.Kind != SceneQuestions.Describe && told.Answers(scene, turn.Kind) && !asked.Contains(turn) && !(easy && Chance.Is(1 - EasyShare, ref random)))
                {
                    asked.Add(turn);
                }
            }
        }

        SceneTurn description = SceneQuestions.Chinese.Ask(scene, heldOutOnly: false, ref random)[^1];
        if (told.Answers(scene, description.Kind) && Chance.Is(DescribeShare, ref random))
        {
            asked.Add(description);
        }

        return asked;
    }

    /// <summary>A scene told as a grid, and asked for part by part.</summary>
    private static SceneTurn[] PartByPart(ref SplitMix64 random)
    {
        Scene scene = Draw(heldOut: false, ref random);
        SceneTurn turn = SceneQuestions.Chinese.PartByPart(scene);
        return [turn with { User = $"{SceneGrid.Tell(scene, ref random).Text}\n{turn.User}" }];
    }

    /// <summary>A scene told as a grid, and asked for everything by shape.</summary>
    private static SceneTurn[] ByShape(ref SplitMix64 random)
    {
        Scene scene;
        do
        {
            scene = Draw(heldOut: false, ref random);
        }
        while (scene.Counted is not null || scene.Objects.Count == 1);
        SceneTurn[] turns = ChineseQuestions.AskByShape(scene, colors: true, ref random);
        turns[0] = turns[0] with { User = $"{SceneGrid.Tell(scene, ref random).Text}\n{turns[0].User}" };
        return turns;
    }

    /// <summary>A scene with any pairs of color and shape; the test's things make up no scene of either kind that is trained on.</summary>
    private static Scene Draw(bool heldOut, ref SplitMix64 random)
    {
        while (true)
        {
            Scene scene = Scene.Draw(ref random, heldOut: null);
            if (heldOut ? IsKept(scene, counted: true) && IsKept(scene, counted: false) : !IsKept(scene, scene.Counted is not null))
            {
                return scene;
            }
        }
    }

    private SceneTurn[] AboutEmoji(ref SplitMix64 random)
    {
        SceneTurn[]? turns;
        do
        {
            turns = EmojiTelling.Tell(Chance.Of<EmojiFacts>(emoji, ref random), ref random);
        }
        while (turns is null);
        return turns;
    }
}
