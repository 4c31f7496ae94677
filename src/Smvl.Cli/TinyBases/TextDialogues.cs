using Smvl.Data;

namespace Smvl.Cli.TinyBases;

/// <summary>
/// The Chinese base's texts: dialogues without pictures, most of them a description and questions about it in the words that are
/// asked about pictures, so that what a connector has to learn is to put the description into the image rows.
/// </summary>
internal sealed class TextDialogues
{
    public const string Subset = "dialogues_zh", PartsSubset = "parts_zh";

    private const double SceneShare = 0.70, EmojiShare = 0.20;

    /// <summary>Of how many scenes of a kind one never occurs in training.</summary>
    private const int KeptOf = 50;

    private readonly EmojiFacts[] emoji;
    private readonly PlainTalk talk;

    /// <param name="emoji">rows of emoji_zh to train on</param>
    /// <exception cref="SmvlException">none of them tells a name and a category</exception>
    public TextDialogues(IEnumerable<CauldronRow> emoji)
    {
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
        var random = new SplitMix64(SplitMix64.Mix(seed + ((ulong)row * SplitMix64.Increment)));
        double kind = random.NextUnit();
        return Row(kind < SceneShare ? AboutScene(heldOut: false, ref random) : kind < SceneShare + EmojiShare ? AboutEmoji(ref random) : talk.Talk(ref random));
    }

    /// <summary>
    /// A scene told in one word for each part, and asked for part by part: the words stand as far apart as a picture's rows and the words
    /// that are answered about them.
    /// </summary>
    /// <param name="seed">of all</param>
    /// <param name="row">its number</param>
    public static CauldronRow PartByPart(ulong seed, int row)
    {
        var random = new SplitMix64(SplitMix64.Mix(seed + ((ulong)row * SplitMix64.Increment)));
        Scene scene;
        do
        {
            scene = Scene.Draw(ref random, heldOut: null);
        }
        while (IsKept(scene, scene.Counted is not null));

        (string told, SceneTurn turn) = ChineseQuestions.PartByPart(scene, ref random);
        return Row([turn with { User = $"{told}。\n{turn.User}" }]);
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
        Scene scene;
        bool fits;
        do
        {
            scene = Scene.Draw(ref random, heldOut: null);

            // the test's things make up no scene of either kind that is trained on
            fits = heldOut ? IsKept(scene, counted: true) && IsKept(scene, counted: false) : !IsKept(scene, scene.Counted is not null);
        }
        while (!fits);

        Told told = SceneTelling.Tell(scene, ref random);
        SceneTurn[] turns = [.. SceneQuestions.Chinese.Ask(scene, heldOutOnly: false, ref random).Where(turn => told.Answers(scene, turn.Kind))];
        turns = Chance.Is(0.7, ref random) ? turns : turns[..Chance.Within(1, turns.Length, ref random)];
        turns[0] = turns[0] with { User = $"{told.Text}\n{turns[0].User}" };
        return turns;
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
