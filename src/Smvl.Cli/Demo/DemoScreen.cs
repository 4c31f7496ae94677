using System.Globalization;
using Smvl.Images;
using Spectre.Console;

namespace Smvl.Cli.Demo;

/// <summary>Shows the demo: on a terminal with colors, a table and pictures; elsewhere, and where NO_COLOR is set, as plain lines.</summary>
internal abstract class DemoScreen
{
    private int part;

    /// <summary>The screen that fits the writer.</summary>
    public static DemoScreen For(TextWriter output) =>
        TerminalText.HasColors(output) ? new Terminal() : new Plain(output);

    /// <summary>The next part begins.</summary>
    public void Begin(string heading) => Heading((++part).ToString(CultureInfo.InvariantCulture), heading);

    public abstract void Line(string text);

    /// <summary>A promise that was kept.</summary>
    public abstract void Tick(string text);

    /// <summary>A command to type.</summary>
    public abstract void Command(string text);

    public abstract void Scores(IReadOnlyList<ScoreRow> rows);

    public abstract void Examples(IReadOnlyList<DemoExample> examples);

    protected abstract void Heading(string number, string text);

    /// <summary>Lines that can be piped and logged.</summary>
    private sealed class Plain(TextWriter output) : DemoScreen
    {
        public override void Line(string text) => output.WriteLine($"   {text}");

        public override void Tick(string text) => output.WriteLine($"   ok  {text}");

        public override void Command(string text) => output.WriteLine($"   {text}");

        public override void Scores(IReadOnlyList<ScoreRow> rows)
        {
            foreach (string line in TextTable.Draw(DemoText.ScoreColumns, [.. rows.Select(DemoText.Cells)]))
            {
                output.WriteLine($"   {line}");
            }
        }

        public override void Examples(IReadOnlyList<DemoExample> examples)
        {
            foreach (DemoExample example in examples)
            {
                output.WriteLine($"   {example.File}");
                output.WriteLine($"      question  {TerminalText.Printable(example.Asked.Question)}");
                output.WriteLine($"      expected  {TerminalText.Printable(example.Asked.Answer)}");
                output.WriteLine($"      answer    {DemoText.Given(example)} ({(example.Right ? "right" : "wrong")})");
            }
        }

        protected override void Heading(string number, string text) => output.WriteLine($"{number}. {text}");
    }

    /// <summary>Colors as the console library finds the terminal to have them.</summary>
    private sealed class Terminal : DemoScreen
    {
        private const int PictureColumns = 24, Gap = 2, MostAbreast = 3;
        private const string Indent = "   ";

        public override void Line(string text) => Indented(Markup.Escape(text));

        public override void Tick(string text)
        {
            Grid grid = new();
            grid.AddColumn(new GridColumn { Padding = new Padding(Indent.Length, 0, 1, 0), NoWrap = true }).AddColumn(new GridColumn { Padding = new Padding(0) });
            grid.AddRow("[green]✓[/]", Markup.Escape(text));
            AnsiConsole.Write(grid);
        }

        /// <summary>In one line, however long, so that it can be copied.</summary>
        public override void Command(string text) => Console.Out.WriteLine(Indent + text);

        public override void Scores(IReadOnlyList<ScoreRow> rows)
        {
            Table table = new() { Border = TableBorder.Rounded };
            foreach (string name in DemoText.ScoreColumns)
            {
                TableColumn column = new(new Markup(Markup.Escape(name)));
                table.AddColumn(table.Columns.Count == 0 ? column : column.RightAligned());
            }

            int after = DemoText.ScoreColumns.ToList().IndexOf("after");
            foreach (ScoreRow row in rows)
            {
                string color = row.After > row.Baseline ? "green" : "red";
                table.AddRow([.. DemoText.Cells(row).Select((cell, i) => new Markup(i == after ? $"[bold {color}]{Markup.Escape(cell)}[/]" : Markup.Escape(cell)))]);
            }

            AnsiConsole.Write(table);
        }

        public override void Examples(IReadOnlyList<DemoExample> examples)
        {
            BlockColors colors = AnsiConsole.Profile.Capabilities.ColorSystem switch
            {
                ColorSystem.TrueColor => BlockColors.True,
                ColorSystem.EightBit => BlockColors.Indexed,
                _ => BlockColors.Shades,
            };
            int abreast = Math.Clamp((AnsiConsole.Profile.Width - Indent.Length + Gap) / (PictureColumns + Gap), 1, MostAbreast);
            int number = 0;
            foreach (DemoExample[] row in examples.Chunk(abreast))
            {
                DrawPictures(row, colors);
                foreach (DemoExample example in row)
                {
                    string mark = example.Right ? "[green]✓[/]" : $"[red]✗[/] (expected {Markup.Escape(TerminalText.Printable(example.Asked.Answer))})";
                    Indented(
                        $"{++number}  {Markup.Escape(TerminalText.Printable(example.Asked.Question))}  [bold]{Markup.Escape(DemoText.Given(example))}[/] {mark}");
                }

                AnsiConsole.WriteLine();
            }
        }

        protected override void Heading(string number, string text) => AnsiConsole.MarkupLine($"[bold]{number}. {Markup.Escape(text)}[/]");

        /// <summary>Lines that are broken begin where the first one does.</summary>
        private static void Indented(string markup) => AnsiConsole.Write(new Padder(new Markup(markup), new Padding(Indent.Length, 0, 0, 0)));

        /// <summary>Side by side; escape sequences go to the console as they are.</summary>
        private static void DrawPictures(DemoExample[] examples, BlockColors colors)
        {
            string[][] pictures = [.. examples.Select(example =>
            {
                using RgbImage picture = ImageDecoder.DecodeFile(example.File);
                return PictureBlocks.Draw(picture, PictureColumns, colors);
            })];
            for (int line = 0; line < pictures.Max(picture => picture.Length); line++)
            {
                Console.Out.WriteLine(Indent + string.Join(
                    new string(' ', Gap), pictures.Select(picture => line < picture.Length ? picture[line] : new string(' ', PictureColumns))));
            }
        }
    }
}
