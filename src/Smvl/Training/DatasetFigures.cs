using Smvl.Data;

namespace Smvl.Training;

/// <summary>A sample as a run would train on it.</summary>
/// <param name="Where">file, row group and row</param>
/// <param name="Ids">(T)</param>
/// <param name="Labels">(T), <see cref="Batch.Ignored"/> where there is none</param>
public sealed record ReportedSample(string Where, IReadOnlyList<int> Ids, IReadOnlyList<int> Labels);

/// <summary>What <see cref="DataReport"/> counts of a dataset.</summary>
/// <param name="name">as <c>train_data</c> names it</param>
/// <param name="rows">in all its files</param>
public sealed class DatasetFigures(string name, int rows)
{
    private readonly List<ReportedSample> samples = [];
    private readonly List<(int Width, int Height)> sizes = [];
    private readonly List<int> tiles = [];
    private readonly List<int> turns = [];
    private readonly List<int> lengths = [];

    public string Name { get; } = name;

    /// <summary>Rows of the dataset.</summary>
    public int Rows { get; } = rows;

    /// <summary>Rows that were looked at and can be used.</summary>
    public int Good => lengths.Count;

    /// <summary>Rows that were looked at and cannot be used.</summary>
    public int Bad { get; private set; }

    /// <summary>Why the first of those cannot.</summary>
    public string? FirstBad { get; private set; }

    /// <summary>Turns of each row, those that are not trained on too.</summary>
    public IReadOnlyList<int> Turns => turns;

    /// <summary>Turns that are trained on.</summary>
    public int TrainedTurns { get; private set; }

    /// <summary>Pixels of each picture that is shown, upright.</summary>
    public IReadOnlyList<(int Width, int Height)> Sizes => sizes;

    /// <summary>Tiles of each picture that is shown.</summary>
    public IReadOnlyList<int> Tiles => tiles;

    /// <summary>Rows without a picture.</summary>
    public int TextOnly { get; private set; }

    /// <summary>Pictures that are not shown.</summary>
    public int Dropped { get; private set; }

    /// <summary>Pictures that are cut into fewer tiles than their size asks for.</summary>
    public int Shrunk { get; private set; }

    /// <summary>Tokens of each sample, as it is trained on.</summary>
    public IReadOnlyList<int> Lengths => lengths;

    /// <summary>Tokens that image rows take the places of.</summary>
    public long ImageRows { get; private set; }

    /// <summary>Tokens around image rows: markers and line breaks.</summary>
    public long Layout { get; private set; }

    /// <summary>All other tokens.</summary>
    public long Text { get; private set; }

    /// <summary>Tokens with a label that is predicted.</summary>
    public long Labels { get; private set; }

    /// <summary>Tokens that max_length cuts off.</summary>
    public long Cut { get; private set; }

    /// <summary>The first rows.</summary>
    public IReadOnlyList<ReportedSample> Samples => samples;

    internal void Add(CauldronSample row, IReadOnlyList<(int Width, int Height)> pictures, SampleLayout layout, int layoutTokens, int imageTokenId)
    {
        int[] ids = layout.Text.Ids;
        int imageRows = ids.Count(id => id == imageTokenId);
        turns.Add(row.Turns.Count + row.TurnsLeft);
        TrainedTurns += layout.Turns;
        sizes.AddRange(pictures.Take(layout.Plans.Count));
        tiles.AddRange(layout.Plans.Select(plan => plan.TileCount));
        TextOnly += layout.Plans.Count == 0 ? 1 : 0;
        Dropped += row.PicturesLeft + layout.Dropped;
        Shrunk += layout.Shrunk;
        lengths.Add(ids.Length);
        ImageRows += imageRows;
        Layout += layoutTokens;
        Text += ids.Length - imageRows - layoutTokens;
        Labels += layout.Text.Labels.Skip(1).Count(label => label != Batch.Ignored);
        Cut += layout.Text.Cut;
    }

    internal void AddBad(string reason)
    {
        Bad++;
        FirstBad ??= reason;
    }

    internal void Keep(ReportedSample sample) => samples.Add(sample);
}
