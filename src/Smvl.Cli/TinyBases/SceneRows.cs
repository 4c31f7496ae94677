using Smvl.Data;
using Smvl.Images;

namespace Smvl.Cli.TinyBases;

/// <summary>Rows of a data set of drawn scenes: a picture and all that is asked about it.</summary>
internal static class SceneRows
{
    public const int JpegQuality = 90;

    /// <summary>Row <paramref name="row"/>, which depends on nothing but what is given here.</summary>
    /// <param name="subset">the data set's name, which turns' sources begin with</param>
    /// <param name="questions">the language</param>
    /// <param name="heldOut">whether the scene has and asks about held-out pairs, or has none</param>
    /// <param name="seed">of the data set</param>
    /// <param name="row">its number</param>
    public static CauldronRow Make(string subset, SceneQuestions questions, bool heldOut, ulong seed, int row)
    {
        SplitMix64 random = Random(seed, row);
        var scene = Scene.Draw(ref random, heldOut);
        SceneTurn[] turns = heldOut ? questions.Ask(scene, heldOutOnly: true, ref random) : questions.AskToTrain(scene, ref random);
        return Row(subset, scene, turns, ref random);
    }

    /// <summary>The same with a color without a name for each kind of thing, and Chinese questions that name none.</summary>
    /// <param name="subset">the data set's name, which turns' sources begin with</param>
    /// <param name="seed">of the data set</param>
    /// <param name="row">its number</param>
    public static CauldronRow MakeUnnamed(string subset, ulong seed, int row)
    {
        SplitMix64 random = Random(seed, row);
        var scene = Scene.Draw(ref random, heldOut: false);
        SceneTurn[] turns = ChineseQuestions.AskWithoutColors(scene, ref random);
        var colors = new Dictionary<SceneShape, (double R, double G, double B)>();
        foreach ((SceneObject first, _) in SceneQuestions.Kinds(scene))
        {
            colors[first.Shape] = UnnamedColor.Draw(ref random);
        }

        return Row(subset, scene, turns, ref random, [.. scene.Objects.Select(thing => colors[thing.Shape])]);
    }

    /// <summary>What a row of a data set draws its chances from.</summary>
    public static SplitMix64 Random(ulong seed, int row) => new(SplitMix64.Mix(seed + ((ulong)row * SplitMix64.Increment)));

    /// <summary>A scene's picture and turns about it.</summary>
    /// <param name="subset">the data set's name, which turns' sources begin with</param>
    /// <param name="scene">is drawn</param>
    /// <param name="turns">about it</param>
    /// <param name="random">the only source of chance</param>
    /// <param name="colors">a color for each thing instead of its own; null for their own</param>
    public static CauldronRow Row(
        string subset, Scene scene, IEnumerable<SceneTurn> turns, ref SplitMix64 random, IReadOnlyList<(double R, double G, double B)>? colors = null)
    {
        using RgbImage picture = SceneRenderer.Draw(scene, ref random, colors);
        return new CauldronRow(
            [new CauldronImage(LibGd.EncodeJpeg(picture, JpegQuality), null)],
            [.. turns.Select(turn => new CauldronTurn(turn.User, turn.Assistant, $"{subset}.{turn.Kind}"))]);
    }
}
