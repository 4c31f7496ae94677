using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using Smvl.Formats.Parquet;

namespace Smvl.Evaluation;

/// <summary>Rows of a parquet file with a column for each part of a question.</summary>
internal static class ParquetRows
{
    /// <param name="path">the file</param>
    /// <param name="columns">those that are read; all must be there</param>
    /// <param name="opened">gets the file, which must stay open as long as its rows are read</param>
    /// <exception cref="SmvlException">no parquet file, or a column missing or of a type that is not read</exception>
    public static IEnumerable<TaskRow> Read(string path, IReadOnlyList<string> columns, ICollection<IDisposable> opened)
    {
        ParquetFile file = ParquetFile.Open(path, new PageCache(), root => [.. columns.Select(column => StructList.FindColumn(root, column))]);
        opened.Add(file);
        for (long row = 0; row < file.RowCount; row++)
        {
            yield return new Row(file, columns, row);
        }
    }

    private sealed class Row(ParquetFile file, IReadOnlyList<string> columns, long row) : TaskRow
    {
        private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

        private readonly Lazy<ReadOnlyMemory<byte>?[]?[]?[]> cells = new(() => file.ReadRow(row));

        public override string Where => $"{file.Path}, row {row}";

        public override bool IsList(string column) => Column(column).IsList;

        public override IReadOnlyList<string>? Texts(string column)
        {
            StructList list = Column(column);
            SchemaNode leaf = list.Fields[0]!;
            ReadOnlyMemory<byte>[]? values = Values(column);
            return values is null || (values.Length == 0 && !list.IsList) ? null : [.. values.Select(bytes => Text(column, leaf.Element.Type!.Value, bytes))];
        }

        public override IReadOnlyList<ReadOnlyMemory<byte>> Pictures(string column) => [.. (Values(column) ?? []).Where(bytes => bytes.Length > 0)];

        /// <summary>Those that are not null.</summary>
        private ReadOnlyMemory<byte>[]? Values(string column) =>
            cells.Value[IndexOf(column)]?.Where(element => element?[0] is not null).Select(element => element![0]!.Value).ToArray();

        private StructList Column(string column) => file.Columns[IndexOf(column)];

        private int IndexOf(string column) => columns.ToList().IndexOf(column);

        private string Text(string column, PhysicalType type, ReadOnlyMemory<byte> bytes)
        {
            try
            {
                return type switch
                {
                    PhysicalType.Int32 => BinaryPrimitives.ReadInt32LittleEndian(bytes.Span).ToString(CultureInfo.InvariantCulture),
                    PhysicalType.Int64 => BinaryPrimitives.ReadInt64LittleEndian(bytes.Span).ToString(CultureInfo.InvariantCulture),
                    PhysicalType.Float => BinaryPrimitives.ReadSingleLittleEndian(bytes.Span).ToString(CultureInfo.InvariantCulture),
                    PhysicalType.Double => BinaryPrimitives.ReadDoubleLittleEndian(bytes.Span).ToString(CultureInfo.InvariantCulture),
                    _ => Utf8.GetString(bytes.Span),
                };
            }
            catch (DecoderFallbackException e)
            {
                throw new SmvlException($"column {column} is no UTF-8 text", Where, inner: e);
            }
        }
    }
}
