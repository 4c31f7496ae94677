namespace Smvl.Cli.TinyBases;

/// <summary>A scene in words, and what of it they give away beside shapes and colors.</summary>
/// <param name="Text">the words</param>
/// <param name="Sizes">whether every thing's size can be read from them</param>
/// <param name="Places">whether every thing's place can</param>
/// <param name="Ordered">whether the things stand in the order of their cells</param>
internal readonly record struct Told(string Text, bool Sizes, bool Places, bool Ordered)
{
    /// <summary>Whether a question of that kind has its answer in the words.</summary>
    public bool Answers(Scene scene, string kind) => kind switch
    {
        SceneQuestions.Size => Sizes,
        SceneQuestions.Position => Places,
        SceneQuestions.Describe => scene.Counted is null ? Sizes && Places : Ordered || Places,
        _ => true,
    };
}
