namespace Smvl.Training;

/// <summary>
/// Keys on the command line, as HfArgumentParser (transformers 5.12.1, hf_argparser.py) takes them: <c>--key value</c>, <c>--key=value</c>,
/// <c>--ke-y</c> for <c>ke_y</c>; a flag alone means true, <c>--no_key</c> turns off a flag that is on by default. Each key once.
/// </summary>
internal static class CommandLineConfig
{
    /// <summary>What errors call the command line.</summary>
    public const string Where = "command line";

    /// <exception cref="SmvlException">an unknown key, a key without its value, or a value without its key</exception>
    public static IReadOnlyList<RawEntry> Read(IReadOnlyList<string> arguments)
    {
        var entries = new List<RawEntry>();
        for (int i = 0; i < arguments.Count; i++)
        {
            string argument = arguments[i];
            if (!IsKey(argument))
            {
                throw new SmvlException($"unexpected argument {argument}", Where, "--key value", hint: "a configuration file goes first, then the keys");
            }

            int equals = argument.IndexOf('=', StringComparison.Ordinal);
            string name = (equals < 0 ? argument[2..] : argument[2..equals]).Replace('-', '_');
            if (equals < 0 && NegatedFlag(name) is { } flag)
            {
                entries.Add(Entry(flag.Name, "false"));
                continue;
            }

            TrainingKey key = TrainingKeys.Find(name, Where);
            bool valueFollows = equals < 0 && i + 1 < arguments.Count && !IsKey(arguments[i + 1]);
            if (equals < 0 && !valueFollows && !key.IsFlag)
            {
                throw new SmvlException($"--{name} has no value", Where, key.Expected);
            }

            string value = equals >= 0 ? argument[(equals + 1)..] : valueFollows ? arguments[++i] : "true";
            entries.Add(Entry(key.Name, value));
        }

        return entries;
    }

    private static bool IsKey(string argument) => argument.StartsWith("--", StringComparison.Ordinal);

    private static TrainingKey? NegatedFlag(string name) =>
        name.StartsWith("no_", StringComparison.Ordinal)
            ? TrainingKeys.All.FirstOrDefault(key => key.Name == name[3..] && key.IsFlag && key.Default is true)
            : null;

    private static RawEntry Entry(string name, string value) =>
        new(name, new RawValue(Where) { Text = value is "null" or "~" ? null : value });
}
