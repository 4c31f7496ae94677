using Smvl.Cli.Demo;
using Smvl.Data;

namespace Smvl.Tests.Cli.Demo;

public sealed class DemoExampleTests
{
    [Fact]
    public void KindsTakeTurnsAndNoPictureIsShownTwice()
    {
        ScoredPicture[] pictures = [.. Enumerable.Range(0, 4).Select(i => new ScoredPicture(new byte[1], $"{i}"))];
        ScoredQuestion[] questions =
        [
            Ask("color", 0), Ask("shape", 0), Ask("color", 1), Ask("shape", 1), Ask("color", 2), Ask("shape", 2), Ask("count", 3), new("text", null, "", ""),
        ];
        Assert.Equal(
            ["color 0", "shape 1", "count 3", "color 2"],
            DemoExample.Choose(questions, 6).Select(question => $"{question.Kind} {question.Picture!.Where}"));
        Assert.Equal(2, DemoExample.Choose(questions, 2).Count);

        ScoredQuestion Ask(string kind, int picture) => new(kind, pictures[picture], "", "");
    }

    [Fact]
    public void TheKindsNameIsBehindTheDatasets()
    {
        Assert.Equal("color", new ScoredQuestion("scenes_zh.color", null, "", "").KindName);
        Assert.Equal("photos_zh", new ScoredQuestion("photos_zh", null, "", "").KindName);
    }

    [Fact]
    public void ATableIsAligned() => Assert.Equal(
        ["kind    n  share", "----------------", "color   5    1 %", "a      12   90 %"],
        TextTable.Draw(["kind", "n", "share"], [["color", "5", "1 %"], ["a", "12", "90 %"]]));
}
