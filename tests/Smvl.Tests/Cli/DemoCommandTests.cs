using Smvl.Cli;
using static Smvl.Tests.Cli.CommandLine;

namespace Smvl.Tests.Cli;

public sealed class DemoCommandTests
{
    [Fact]
    public async Task TheDemoRunsTwiceIntoOneFolder()
    {
        using TemporaryFolder temporary = new();
        for (int i = 0; i < 2; i++)
        {
            (int code, string output, string error) = await Run("demo", "--output", temporary["demo"], "--max_steps", "2");
            Assert.Equal((0, ""), (code, error));
            Assert.Contains("step 2/2", output);
            Assert.Equal(6, output.Split("   ok  ").Length - 1);
            Assert.Contains("   scenes_zh.color ", output);
            Assert.Contains("visual_gain  ", output);
            Assert.Contains("byte for byte the same", output);
            Assert.Equal(6, output.Split("      answer    ").Length - 1);
            Assert.Contains("s in all", output);
            Assert.Contains($"smvl chat {temporary["demo", "run"]} --image {temporary["demo", "pictures", "1.jpg"]} ", output);
            Assert.DoesNotContain('\u001b', output);
        }

        Assert.Equal(12, Directory.GetFiles(temporary["demo", "pictures"]).Length);
        Assert.True(File.Exists(temporary["demo", "report.html"]));
    }

    [Fact]
    public async Task AFolderOfSomethingElseIsNotReplaced()
    {
        using TemporaryFolder temporary = new();
        temporary.Write("demo/spliced/thesis.txt", "mine");
        Assert.Contains("not empty", await Fails("demo", "--output", temporary["demo"], "--max_steps", "1"));
        Assert.Equal("mine", File.ReadAllText(temporary["demo", "spliced", "thesis.txt"]));
    }

    [Theory, InlineData(1), InlineData(5), InlineData(60), InlineData(61), InlineData(1000)]
    public void TheChartShowsTheLosses(int count)
    {
        double[] losses = [.. Enumerable.Range(0, count).Select(i => 6.0 - (i / (double)count))];
        string[] lines = LossChart.Draw(losses, width: 60).Split('\n');
        Assert.Equal(8, lines.Length);
        Assert.Equal(count > 1, lines[0][10] == '█'); // one loss alone has no height
        Assert.All(lines[..6], line => Assert.Equal(10 + Math.Min(count, 60), line.Length));

        // falling: no column is higher than the one before
        int[] heights = [.. Enumerable.Range(10, Math.Min(count, 60)).Select(c => lines[..6].Sum(line => " ▁▂▃▄▅▆▇█".IndexOf(line[c], StringComparison.Ordinal)))];
        Assert.Equal(heights.OrderDescending(), heights);
        Assert.EndsWith($"{count}", lines[7]);
    }
}
