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
        var random = new SplitMix64(SplitMix64.Mix(seed + ((ulong)row * SplitMix64.Increment)));
        var scene = Scene.Draw(ref random, heldOut);
        SceneTurn[] turns = heldOut ? questions.Ask(scene, heldOutOnly: true, ref random) : questions.AskToTrain(scene, ref random);
        using RgbImage picture = SceneRenderer.Draw(scene, ref random);
        return new CauldronRow(
            [new CauldronImage(LibGd.EncodeJpeg(picture, JpegQuality), null)],
            [.. turns.Select(turn => new CauldronTurn(turn.User, turn.Assistant, $"{subset}.{turn.Kind}"))]);
    }
}
