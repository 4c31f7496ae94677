using System.Globalization;
using Smvl.Tensors;

namespace Smvl.Models;

/// <summary>
/// Dropout of the adapters' inputs. What is left out depends on the seed, the layer and the place in the run alone, so that the backward,
/// a recomputed forward and a continued run leave out the same.
/// </summary>
internal sealed class LoraDropout(Backend backend, double probability, long seed)
{
    private bool isTraining;

    /// <summary>Optimizer steps done, and micro-batches of this one.</summary>
    public (int Step, int Batch) Place { get; set; }

    /// <summary>Which of several passes through the same layers: the tower's groups of tiles. Elsewhere there is one, 0.</summary>
    public int Pass { get; set; }

    public bool IsActive => isTraining && probability > 0;

    /// <summary>A batch begins.</summary>
    /// <param name="training">false for an evaluation, which leaves nothing out</param>
    public void Begin(bool training) => (isTraining, Pass) = (training, 0);

    /// <summary>y = x without a share of its elements, the others scaled up by as much; y may be x.</summary>
    public void Apply(Tensor y, Tensor x, string layer)
    {
        string stream = string.Create(CultureInfo.InvariantCulture, $"{layer}.lora_dropout/{Place.Step}/{Place.Batch}/{Pass}");
        backend.Dropout(y, x, (float)probability, new CounterRandom(seed, stream).Key);
    }
}
