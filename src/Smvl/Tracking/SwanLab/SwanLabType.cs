namespace Smvl.Tracking.SwanLab;

/// <summary>What a column holds; numbers as in the protobuf records.</summary>
internal enum SwanLabType
{
    Scalar = 1,
    Image = 2,
    Text = 4,

    /// <summary>A table; SwanLab draws it with ECharts.</summary>
    Table = 6,
}
