namespace Smvl.Formats.Parquet;

/// <summary>
/// The levels of a column <c>list&lt;struct&lt;byte arrays&gt;&gt;</c>, and the assembly of its rows. A column without a list is read as one
/// of exactly one element, a column without a struct as one of a single field.
/// The element may be called anything (<c>element</c>, <c>item</c>); lists of three levels, the older two-level ones and bare
/// repeated groups are read. Source: parquet-format, LogicalTypes.md, "Lists" with its backward-compatibility rules.
/// </summary>
internal sealed class StructList
{
    private readonly int listLevel;     // definition level from which on the list is not null
    private readonly int elementLevel;  // ... from which on there is an element
    private readonly int structLevel;   // ... from which on the element is not null

    private StructList(SchemaNode list, SchemaNode? repeated, SchemaNode element, SchemaNode?[] fields)
    {
        Name = list.Name;
        IsList = repeated is not null;
        elementLevel = repeated?.MaxDefinition ?? 0;
        listLevel = elementLevel - 1;
        structLevel = element.MaxDefinition;
        Fields = fields;
    }

    public string Name { get; }

    /// <summary>False: every row has exactly one element.</summary>
    public bool IsList { get; }

    /// <summary>The struct's columns in the order asked for; null for an optional field that the file lacks.</summary>
    public SchemaNode?[] Fields { get; }

    /// <param name="root">the schema's root</param>
    /// <param name="name">a column</param>
    /// <param name="required">fields that must be there</param>
    /// <param name="optional">fields that are null in every row if they are not there</param>
    /// <exception cref="InvalidDataException">no such column, or it is something else</exception>
    public static StructList Find(SchemaNode root, string name, IReadOnlyList<string> required, IReadOnlyList<string> optional)
    {
        SchemaNode list = root.Child(name) ?? throw new InvalidDataException(
            $"column {name} is missing, the file has {(root.Children.Length == 0 ? "none" : string.Join(", ", root.Children.Select(c => c.Name)))}");
        SchemaNode? repeated = list.Element.Repetition == Repetition.Repeated ? list : list.Children.Length == 1 ? list.Children[0] : null;
        SchemaNode? element = repeated is null || IsElement(list, repeated) ? repeated : repeated.Children[0];
        string expected = $"list of structs with {string.Join(", ", required)}";
        if (repeated is null || element is null || repeated.Element.Repetition != Repetition.Repeated || element.LeafIndex >= 0 || element.MaxRepetition != 1)
        {
            throw new InvalidDataException($"column {name} is no {expected}");
        }

        var fields = new List<SchemaNode?>();
        foreach (string field in required.Concat(optional))
        {
            SchemaNode? leaf = element.Child(field);
            if (leaf is null && !required.Contains(field))
            {
                fields.Add(null);
                continue;
            }

            if (leaf is null || leaf.Element.Type != PhysicalType.ByteArray || leaf.MaxRepetition != 1)
            {
                throw new InvalidDataException(
                    $"column {name} is no {expected}: {(leaf is null ? $"it has {string.Join(", ", element.Children.Select(c => c.Name))}" : $"{field} holds no strings or bytes")}");
            }

            fields.Add(leaf);
        }

        return new(list, repeated, element, [.. fields]);
    }

    /// <summary>
    /// A column of strings, bytes or numbers, of pictures (structs with <c>bytes</c>), or of lists of either: one field, or <c>bytes</c> alone.
    /// </summary>
    /// <exception cref="InvalidDataException">no such column, or it is something else</exception>
    public static StructList FindColumn(SchemaNode root, string name)
    {
        SchemaNode column = root.Child(name) ?? throw new InvalidDataException(
            $"column {name} is missing, the file has {(root.Children.Length == 0 ? "none" : string.Join(", ", root.Children.Select(c => c.Name)))}");
        SchemaNode? repeated = column.Element.Repetition == Repetition.Repeated ? column
            : column.Children is [{ Element.Repetition: Repetition.Repeated } inner] ? inner : null;
        SchemaNode element = repeated is null || repeated.LeafIndex >= 0 || IsElement(column, repeated) ? repeated ?? column : repeated.Children[0];
        SchemaNode? leaf = element.LeafIndex >= 0 ? element : element.Child("bytes");
        return leaf is { LeafIndex: >= 0, MaxRepetition: <= 1, Element.Type: not (PhysicalType.Boolean or PhysicalType.Int96 or PhysicalType.FixedLengthByteArray) }
            ? new(column, repeated, element, [leaf])
            : throw new InvalidDataException($"column {name} holds no strings, bytes, numbers or pictures, and no lists of them");
    }

    /// <summary>
    /// One row: null for a null list; in it null for a null struct, else the fields in the order of <see cref="Fields"/>, null where they are.
    /// </summary>
    /// <param name="columns">each field's entries of that row; null for a field that the file lacks</param>
    /// <exception cref="InvalidDataException">the fields disagree about the list</exception>
    public ReadOnlyMemory<byte>?[]?[]? Assemble(List<ColumnEntry>?[] columns)
    {
        List<ColumnEntry> shape = columns.First(c => c is not null)!;
        if (shape.Count == 1 && shape[0].Definition < elementLevel)
        {
            int empty = shape[0].Definition;
            if (columns.Any(c => c is not null && (c.Count != 1 || c[0].Definition != empty)))
            {
                throw Disagreement();
            }

            return empty < listLevel ? null : [];
        }

        var elements = new ReadOnlyMemory<byte>?[]?[shape.Count];
        for (int i = 0; i < elements.Length; i++)
        {
            if (shape[i].Definition < elementLevel)
            {
                throw new InvalidDataException($"column {Name}: an empty list among elements");
            }

            bool isNull = shape[i].Definition < structLevel;
            ReadOnlyMemory<byte>?[]? element = isNull ? null : new ReadOnlyMemory<byte>?[columns.Length];
            for (int f = 0; f < columns.Length; f++)
            {
                if (columns[f] is not List<ColumnEntry> column)
                {
                    continue;
                }

                if (column.Count != shape.Count || column[i].Definition < elementLevel || column[i].Definition < structLevel != isNull)
                {
                    throw Disagreement();
                }

                if (element is not null && column[i].Definition == Fields[f]!.MaxDefinition)
                {
                    element[f] = column[i].Value;
                }
            }

            elements[i] = element;
        }

        return elements;
    }

    private InvalidDataException Disagreement() => new($"column {Name}: its fields disagree about the list's length or nulls");

    // A repeated group is itself the element if it has several fields or one of the names old writers gave it.
    private static bool IsElement(SchemaNode list, SchemaNode repeated) =>
        repeated == list || repeated.Children.Length != 1 || repeated.Name == "array" || repeated.Name == $"{list.Name}_tuple";
}
