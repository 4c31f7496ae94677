using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Smvl.Training;

/// <summary>
/// A flat YAML file of <c>key: value</c> lines, as written values with their lines. What the values mean is left to the keys: YAML's own
/// ideas of numbers and booleans are not applied, but plain <c>null</c>, <c>~</c> and nothing are nulls.
/// </summary>
internal static class YamlConfig
{
    // a map of lists is the deepest that any key takes; a file whose aliases form a circle would go on for ever
    private const int MaxDepth = 4;

    /// <exception cref="SmvlException">the file is missing, is no YAML, holds no mapping, or holds a key twice</exception>
    public static IReadOnlyList<RawEntry> Read(string path)
    {
        if (!File.Exists(path))
        {
            throw new SmvlException("the configuration file does not exist", path, hint: "give the path of a YAML file, or keys as --key value");
        }

        return Parse(Text(path), path);
    }

    /// <param name="text">a file's content</param>
    /// <param name="path">what errors call it</param>
    /// <exception cref="SmvlException">it is no YAML, holds no mapping, or holds a key twice</exception>
    public static IReadOnlyList<RawEntry> Parse(string text, string path)
    {
        YamlNode root = Load(text, path) ?? throw new SmvlException("the file holds no configuration", path, "lines of key: value", "an empty file");
        if (root is not YamlMappingNode mapping)
        {
            throw new SmvlException("the file holds no configuration", Where(path, root), "lines of key: value", root.NodeType.ToString().ToLowerInvariant());
        }

        return [.. mapping.Children.Select(child => new RawEntry(Name(child.Key, path), Value(child.Value, path, MaxDepth)))];
    }

    /// <summary>A value in YAML's flow style, which JSON is part of.</summary>
    public static RawValue ReadValue(string text, string where) =>
        Load(text, where) is { } node ? Value(node, where, MaxDepth) with { Where = where } : new RawValue(where);

    private static string Text(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new SmvlException($"the configuration file cannot be read: {exception.Message}", path, hint: "check its rights", inner: exception);
        }
    }

    private static YamlNode? Load(string text, string path)
    {
        var stream = new YamlStream();
        try
        {
            stream.Load(new StringReader(text));
        }
        catch (YamlException exception)
        {
            throw new SmvlException(
                $"this is no YAML that can be read: {exception.Message}", $"{path}:{exception.Start.Line}", hint: "write one key: value a line, each key once", inner: exception);
        }

        if (stream.Documents.Count > 1)
        {
            throw new SmvlException("the file holds several documents", path, "one", $"{stream.Documents.Count}", "remove the lines of ---");
        }

        return stream.Documents.Count == 0 ? null : stream.Documents[0].RootNode;
    }

    private static RawValue Value(YamlNode node, string path, int depth)
    {
        var raw = new RawValue(Where(path, node));
        if (depth == 0)
        {
            throw new SmvlException("the value is nested too deep", raw.Where, $"at most {MaxDepth} levels");
        }

        return node switch
        {
            YamlScalarNode { Style: ScalarStyle.Plain, Value: null or "" or "~" or "null" or "Null" or "NULL" } => raw,
            YamlScalarNode scalar => raw with { Text = scalar.Value ?? "" },
            YamlSequenceNode sequence => raw with { Items = [.. sequence.Children.Select(item => Value(item, path, depth - 1))] },
            YamlMappingNode mapping => raw with
            {
                Fields = mapping.Children.ToDictionary(field => Name(field.Key, path), field => Value(field.Value, path, depth - 1), StringComparer.Ordinal),
            },
            _ => throw new SmvlException("the value is no text, list or map", raw.Where, actual: node.NodeType.ToString()),
        };
    }

    private static string Name(YamlNode key, string path) =>
        key is YamlScalarNode { Value: { } name } ? name : throw new SmvlException("a key is no plain name", Where(path, key));

    private static string Where(string path, YamlNode node) => $"{path}:{node.Start.Line}";
}
