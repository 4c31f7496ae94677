using Smvl.Data;
using Smvl.Text;

namespace Smvl.Cli.TinyBases;

/// <summary>A base's tokenizer, learnt from the texts of its data.</summary>
internal static class TokenizerLearning
{
    /// <summary>The sizes that the presets of the bases are made for.</summary>
    public const int ChineseSize = 2000, EnglishSize = 640;

    private const string Breaks = "\n\n";

    /// <summary>Learns it.</summary>
    /// <param name="chinese">the Chinese base's, else the English one's</param>
    /// <param name="folders">subsets, all of whose turns to train on are read</param>
    /// <param name="output">gets the tokenizer's files</param>
    /// <param name="log">a line</param>
    /// <param name="cancellation">leaves nothing behind</param>
    /// <exception cref="SmvlException">too few texts, or none</exception>
    public static void Learn(bool chinese, string[] folders, string output, TextWriter log, CancellationToken cancellation)
    {
        IEnumerable<string> texts = folders.SelectMany(folder => Texts(folder, cancellation));
        LearntTokens learnt = BpeTrainer.Train(chinese ? texts.SelectMany(TokenizerTexts.Pieces) : texts, chinese ? ChineseSize : EnglishSize, [Breaks]);
        Directory.CreateDirectory(output);
        TokenizerWriter.Write(output, learnt);
        log.WriteLine($"{output}: {learnt.Vocabulary.Count} tokens, {learnt.Merges.Count} merges");
    }

    private static IEnumerable<string> Texts(string folder, CancellationToken cancellation)
    {
        using CauldronDataset rows = SamplePacker.OpenSplit(Path.GetDirectoryName(Path.GetFullPath(folder))!, Path.GetFileName(Path.GetFullPath(folder)), EmojiTable.Train);
        for (int row = 0; row < rows.Count; row++)
        {
            cancellation.ThrowIfCancellationRequested();
            foreach (CauldronTurn? turn in rows.ReadRow(row).Texts ?? [])
            {
                yield return turn?.User ?? "";
                yield return turn?.Assistant ?? "";
            }
        }
    }
}
