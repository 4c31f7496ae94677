namespace Smvl.Data;

/// <summary>One file of a dataset, whatever its form. Rows are counted from 0. Any thread may read.</summary>
internal interface IRowFile : IDisposable
{
    string Path { get; }

    long RowCount { get; }

    /// <summary>The row group of a row; null where the file has none.</summary>
    int? RowGroupOf(long row);

    /// <summary>The whole row in the_cauldron's schema.</summary>
    /// <exception cref="SmvlException">the row cannot be read; names file and row</exception>
    CauldronRow ReadRow(long row);

    /// <summary>The row's first pictures and turns; a row without pictures is text only.</summary>
    /// <exception cref="SmvlException">the row cannot be read, or is incomplete; names file and row</exception>
    CauldronSample ReadSample(long row, int turns = 1, int pictures = 1);
}
