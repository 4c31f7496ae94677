using Smvl.Images;
using Smvl.Text;

namespace Smvl.Data;

/// <summary>How a row lies among the tokens, before any pixel is computed.</summary>
/// <param name="Text">ids and labels</param>
/// <param name="Turns">those of the row that it holds</param>
/// <param name="Plans">how each picture that is shown is cut</param>
/// <param name="Shrunk">pictures among them that are cut into fewer tiles than their size asks for</param>
/// <param name="Dropped">pictures behind them that are not shown, as not even one tile of each would fit</param>
public sealed record SampleLayout(TrainingText Text, int Turns, IReadOnlyList<TilePlan> Plans, int Shrunk, int Dropped)
{
    /// <summary>Tiles of all pictures.</summary>
    public int TileCount => Plans.Sum(plan => plan.TileCount);
}
