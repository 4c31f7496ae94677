namespace Smvl.Tensors.Gpu;

/// <summary>
/// What one workgroup of matmul.comp computes: a tile of the product, 4·RowQuads by 4·ColumnQuads of it an invocation, slices of some
/// depth at a time. Every element is one sum in the order of the depth, so the choice of a tile never changes a result.
/// </summary>
internal readonly record struct MatrixTile(uint Rows, uint Columns, uint Depth, uint RowQuads, uint ColumnQuads)
{
    /// <summary>From small products to large ones.</summary>
    public static readonly IReadOnlyList<MatrixTile> All =
    [
        new(32, 32, 16, 1, 1),
        new(64, 64, 16, 2, 2),
        new(64, 128, 16, 2, 2),
        new(128, 128, 16, 2, 2),
    ];

    public uint Threads => Rows / (4 * RowQuads) * (Columns / (4 * ColumnQuads));

    /// <summary>Bytes that a workgroup shares: a slice of each side, a quad more in each row of them.</summary>
    public uint SharedBytes => 16 * Depth * ((Rows / 4) + (Columns / 4) + 2);

    /// <summary>As the file of choices has it.</summary>
    public override string ToString() => $"{Rows}x{Columns}x{Depth}/{4 * RowQuads}x{4 * ColumnQuads}";
}
