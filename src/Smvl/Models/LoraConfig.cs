namespace Smvl.Models;

/// <summary>The shape of a model's adapters, under PEFT's names (LoraConfig).</summary>
/// <param name="Rank">r</param>
/// <param name="Alpha">lora_alpha</param>
/// <param name="Modules">names of the linear layers that have one, as a Hugging Face model has them, without .weight</param>
internal sealed record LoraConfig(int Rank, double Alpha, IReadOnlyList<string> Modules)
{
    /// <summary>lora_dropout: share of the adapters' inputs that is left out in training.</summary>
    public double Dropout { get; init; }

    /// <summary>use_dora: see <see cref="DoraMagnitude"/>.</summary>
    public bool UseDora { get; init; }

    /// <summary>use_rslora: the update is scaled by lora_alpha / sqrt(r) (Kalajdzievski 2023).</summary>
    public bool RankStabilized { get; init; }

    /// <summary>Factor of the product of the two matrices.</summary>
    public float Scaling => (float)(Alpha / (RankStabilized ? Math.Sqrt(Rank) : Rank));
}
