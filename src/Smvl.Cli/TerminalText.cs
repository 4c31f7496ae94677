namespace Smvl.Cli;

/// <summary>What a model writes may hold any character; a terminal must not take some of them for commands.</summary>
internal static class TerminalText
{
    /// <summary>Whether what is written there is redrawn before someone's eyes.</summary>
    public static bool IsTerminal(TextWriter output) => ReferenceEquals(output, Console.Out) && !Console.IsOutputRedirected;

    /// <summary>Whether what is written there may have colors: a terminal, and nobody set NO_COLOR.</summary>
    public static bool HasColors(TextWriter output) => IsTerminal(output) && string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR"));

    /// <summary>The text with control characters other than line breaks and tabs as U+FFFD.</summary>
    public static string Printable(string text) => string.Create(text.Length, text, (chars, source) =>
    {
        for (int i = 0; i < chars.Length; i++)
        {
            chars[i] = char.IsControl(source[i]) && source[i] is not ('\n' or '\t') ? '\uFFFD' : source[i];
        }
    });
}
