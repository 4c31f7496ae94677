using Smvl.Data;

namespace Smvl.Cli.TinyBases;

/// <summary>What the Chinese base is trained on: dialogues_zh.</summary>
internal static class ChineseData
{
    /// <summary>For so many dialogues to train on there is one more to test.</summary>
    public const int TestEvery = 50;

    /// <summary>What the Chinese base is trained on.</summary>
    public const int DefaultRows = 160_000;

    /// <summary>Writes a train and a test file.</summary>
    /// <param name="samples">the folder of the sample data</param>
    /// <param name="output">made if it is not there; files of these names are replaced</param>
    /// <param name="rows">dialogues to train on</param>
    /// <param name="byShape">share of the dialogues that ask for things by their shape</param>
    /// <param name="seed">of everything</param>
    /// <param name="parallel">makes the rows</param>
    /// <param name="log">a line for each file</param>
    public static void Write(string samples, string output, int rows, double byShape, ulong seed, ParallelRows parallel, TextWriter log)
    {
        using CauldronDataset emoji = SamplePacker.OpenSplit(samples, SamplePacker.EmojiSubset, EmojiTable.Train);
        var dialogues = new TextDialogues(Enumerable.Range(0, emoji.Count).Select(emoji.ReadRow), byShape);
        SamplePacker.WriteSplit(output, TextDialogues.Subset, EmojiTable.Train, parallel.Make(rows, row => dialogues.Train(seed, row)), log);
        SamplePacker.WriteSplit(
            output, TextDialogues.Subset, EmojiTable.Test, parallel.Make(rows / TestEvery, row => TextDialogues.Test(seed, row)), log);
    }
}
