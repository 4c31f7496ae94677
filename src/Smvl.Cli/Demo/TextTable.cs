using System.Text;

namespace Smvl.Cli.Demo;

/// <summary>A table of plain lines: the first column to the left, numbers to the right.</summary>
internal static class TextTable
{
    private const string Gap = "  ";

    /// <param name="columns">their names</param>
    /// <param name="rows">as many cells each; characters one column wide</param>
    public static IReadOnlyList<string> Draw(IReadOnlyList<string> columns, IReadOnlyList<string[]> rows)
    {
        int[] widths = [.. columns.Select((name, i) => rows.Select(row => row[i].Length).Append(name.Length).Max())];
        return [Line([.. columns]), new string('-', widths.Sum() + (Gap.Length * (widths.Length - 1))), .. rows.Select(Line)];

        string Line(string[] cells)
        {
            var line = new StringBuilder(cells[0].PadRight(widths[0]));
            for (int i = 1; i < cells.Length; i++)
            {
                line.Append(Gap).Append(cells[i].PadLeft(widths[i]));
            }

            return line.ToString();
        }
    }
}
