using Smvl.Tensors;

namespace Smvl.Models;

/// <summary>
/// Rows of a frozen (V, D) matrix that are trained alone: the embedding's rows of the image markers, and the head's. They have float32
/// masters; the matrix, in memory of its own now, holds them rounded to its type, so that the forward, and the file, need nothing else.
/// Every other row keeps its bytes.
/// </summary>
internal sealed class TrainedRows : IDisposable
{
    private readonly Backend backend;
    private readonly Parameter whole;
    private readonly int[] ids;
    private readonly Dictionary<int, int> rowOf;

    /// <param name="backend">where the matrix lies</param>
    /// <param name="whole">frozen, in memory that may be written</param>
    /// <param name="ids">the rows, each once</param>
    public TrainedRows(Backend backend, Parameter whole, IReadOnlyList<int> ids)
    {
        this.backend = backend;
        this.whole = whole;
        this.ids = [.. ids];
        rowOf = this.ids.Index().ToDictionary(pair => pair.Item, pair => pair.Index);
        Tensor rows = backend.Allocate(ids.Count, whole.Shape.Width);
        backend.Gather(rows, whole.Value, this.ids);
        Masters = new Parameter($"{whole.Name}.rows", $"{whole.HuggingFace}.rows", rows, DType.F32, isMatrix: true);
        Masters.Unfreeze(backend);
    }

    /// <summary>(n, D), trainable.</summary>
    public Parameter Masters { get; }

    /// <summary>(n) which rows they are.</summary>
    public IReadOnlyList<int> Ids => ids;

    /// <summary>Puts the masters into the matrix, rounded to nearest even.</summary>
    public void Store() => whole.PutRows(backend, ids, Masters.Value);

    /// <summary>Takes other values, (n, D), for masters and matrix.</summary>
    public void Replace(Tensor values)
    {
        backend.Copy(Masters.Value, values);
        Store();
    }

    /// <summary>The share of these rows in the backward of an embedding.</summary>
    /// <param name="dx">(T, D)</param>
    /// <param name="embedded">(T) ids</param>
    public void GatherBackward(Tensor dx, ReadOnlySpan<int> embedded)
    {
        List<int> places = [], rows = [];
        for (int t = 0; t < embedded.Length; t++)
        {
            if (rowOf.TryGetValue(embedded[t], out int row))
            {
                places.Add(t);
                rows.Add(row);
            }
        }

        if (places.Count > 0)
        {
            using Tensor dRows = backend.Allocate(places.Count, dx.Shape.Width);
            backend.Gather(dRows, dx, [.. places]);
            backend.GatherBackward(Masters.Gradient!, dRows, [.. rows]);
        }
    }

    /// <summary>The share of these rows in the backward of a head.</summary>
    /// <param name="dLogits">(T, V)</param>
    /// <param name="x">(T, D) what the head read</param>
    public void LinearBackward(Tensor dLogits, Tensor x)
    {
        using Tensor columns = backend.Allocate(dLogits.Shape.Rows, ids.Length);
        backend.GatherColumns(columns, dLogits, ids);
        backend.LinearBackwardParameters(Masters.Gradient!, null, columns, x);
    }

    public void Dispose()
    {
        Masters.Value.Dispose();
        Masters.Gradient!.Dispose();
    }
}
