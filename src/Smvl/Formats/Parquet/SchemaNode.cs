namespace Smvl.Formats.Parquet;

/// <summary>
/// The schema as a tree. Levels are those of Dremel: <see cref="MaxDefinition"/> counts the optional and repeated nodes on the
/// way from the root to this node inclusive, <see cref="MaxRepetition"/> the repeated ones.
/// Source: Melnik et al., "Dremel", section 4.1.
/// </summary>
internal sealed class SchemaNode
{
    private const int MaxDepth = 64;

    private SchemaNode(SchemaElement element, string path, int maxRepetition, int maxDefinition, int leafIndex, SchemaNode[] children)
    {
        Element = element;
        Path = path;
        MaxRepetition = maxRepetition;
        MaxDefinition = maxDefinition;
        LeafIndex = leafIndex;
        Children = children;
    }

    public SchemaElement Element { get; }

    public string Name => Element.Name;

    /// <summary>Names from below the root, joined by dots, as column chunks give them.</summary>
    public string Path { get; }

    public int MaxRepetition { get; }

    public int MaxDefinition { get; }

    /// <summary>The column's place in a row group; -1 for a group.</summary>
    public int LeafIndex { get; }

    public SchemaNode[] Children { get; }

    public SchemaNode? Child(string name) => Array.Find(Children, c => c.Name == name);

    /// <summary>Builds the tree from the footer's depth-first list; <paramref name="leafCount"/> is the number of columns.</summary>
    public static SchemaNode Build(SchemaElement[] elements, out int leafCount)
    {
        int next = 0;
        leafCount = 0;
        SchemaNode root = Build(elements, ref next, ref leafCount, null, 0);
        return next == elements.Length ? root : throw new InvalidDataException("footer's schema has elements outside its tree");
    }

    private static SchemaNode Build(SchemaElement[] elements, ref int next, ref int leaves, (string Path, int Rep, int Def)? above, int depth)
    {
        if (next >= elements.Length || depth > MaxDepth || elements[next].ChildCount > elements.Length - next)
        {
            throw new InvalidDataException("footer's schema is not a tree");
        }

        SchemaElement element = elements[next++];
        string path = "";
        int repetition = 0;
        int definition = 0;
        if (above is (string parent, int rep, int def))
        {
            path = parent.Length == 0 ? element.Name : $"{parent}.{element.Name}";
            repetition = rep + (element.Repetition == Repetition.Repeated ? 1 : 0);
            definition = def + (element.Repetition == Repetition.Required ? 0 : 1);
        }

        int leaf = element.Type is null ? -1 : leaves++;
        var children = new SchemaNode[element.ChildCount];
        for (int i = 0; i < children.Length; i++)
        {
            children[i] = Build(elements, ref next, ref leaves, (path, repetition, definition), depth + 1);
        }

        return new(element, path, repetition, definition, leaf, children);
    }
}
