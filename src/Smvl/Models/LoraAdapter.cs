using Smvl.Tensors;

namespace Smvl.Models;

/// <summary>
/// The low-rank update beside one frozen linear layer: y += scaling · B · A · dropout(x). Shapes: T rows, K inputs, N outputs, r rank.
/// Sources: Hu et al. 2021, "LoRA: Low-Rank Adaptation of Large Language Models"; PEFT, tuners/lora/layer.py, Linear.
/// </summary>
internal sealed class LoraAdapter
{
    private readonly Backend backend;
    private readonly float scaling;
    private readonly LoraDropout dropout;

    /// <param name="backend">where the parameters lie</param>
    /// <param name="weight">the layer's own, (N, K)</param>
    /// <param name="config">rank and scaling</param>
    /// <param name="dropout">the model's</param>
    /// <param name="seed">of A; B begins as zeros, so that a new adapter changes nothing</param>
    public LoraAdapter(Backend backend, Parameter weight, LoraConfig config, LoraDropout dropout, long seed)
    {
        this.backend = backend;
        this.dropout = dropout;
        scaling = config.Scaling;
        Weight = weight;
        Module = ModuleOf(weight);
        A = New("lora_A", config.Rank, weight.Shape[1]);
        B = New("lora_B", weight.Shape[0], config.Rank);

        // PEFT's kaiming_uniform_(a = sqrt 5) is uniform within 1/sqrt(K)
        float[] values = new float[A.Shape.Count];
        new CounterRandom(seed, A.Name).Uniform(values, 0, 1 / Math.Sqrt(weight.Shape[1]));
        backend.Upload<float>(values, A.Value);
        backend.Fill(B.Value, 0f);
    }

    /// <summary>The frozen weight that it stands beside.</summary>
    public Parameter Weight { get; }

    /// <summary>The layer's name in a Hugging Face model.</summary>
    public string Module { get; }

    /// <summary>(r, K)</summary>
    public Parameter A { get; }

    /// <summary>(N, r)</summary>
    public Parameter B { get; }

    /// <summary>The name of a weight's layer in a Hugging Face model.</summary>
    public static string ModuleOf(Parameter weight) => weight.HuggingFace[..weight.HuggingFace.LastIndexOf('.')];

    /// <summary>y (T, N) += the update of x (T, K).</summary>
    public void Forward(Tensor y, Tensor x)
    {
        using Tensor? dropped = Dropped(x);
        using Tensor low = Low(dropped ?? x);
        using Tensor update = backend.Allocate(DType.F32, y.Shape);
        backend.Linear(update, low, B.Value, null);
        backend.Add(y, update);
    }

    /// <summary>Adds to the gradients of A and B, and to dx (T, K) unless it is null.</summary>
    /// <param name="dx">+=</param>
    /// <param name="dy">(T, N)</param>
    /// <param name="x">(T, K) the forward's</param>
    public void Backward(Tensor? dx, Tensor dy, Tensor x)
    {
        using Tensor? dropped = Dropped(x);
        using Tensor low = Low(dropped ?? x);
        backend.LinearBackwardParameters(B.Gradient, null, dy, low);

        // forward: low = scaling · A x, so dLow carries the scaling on to A and x
        using Tensor dLow = backend.Allocate(DType.F32, low.Shape);
        backend.LinearBackwardInput(dLow, dy, B.Value, accumulate: false);
        backend.Scale(dLow, scaling);
        backend.LinearBackwardParameters(A.Gradient, null, dLow, dropped ?? x);
        if (dx is null)
        {
            return;
        }

        if (dropped is null)
        {
            backend.LinearBackwardInput(dx, dLow, A.Value, accumulate: true);
            return;
        }

        using Tensor dDropped = backend.Allocate(DType.F32, x.Shape);
        backend.LinearBackwardInput(dDropped, dLow, A.Value, accumulate: false);
        dropout.Apply(dDropped, dDropped, Module);
        backend.Add(dx, dDropped);
    }

    /// <summary>The frozen weight with the update added, (N, K) in float32.</summary>
    public Tensor Merged()
    {
        Tensor merged = backend.Allocate(DType.F32, Weight.Shape);
        backend.Copy(merged, Weight.Value);
        using Tensor scaled = backend.Allocate(DType.F32, B.Shape);
        backend.Copy(scaled, B.Value);
        backend.Scale(scaled, scaling);
        backend.LinearBackwardInput(merged, scaled, A.Value, accumulate: true);   // += B · A
        return merged;
    }

    /// <summary>scaling · A x, (T, r).</summary>
    private Tensor Low(Tensor x)
    {
        Tensor low = backend.Allocate(x.Shape.Rows, A.Shape[0]);
        backend.Linear(low, x, A.Value, null);
        backend.Scale(low, scaling);
        return low;
    }

    private Tensor? Dropped(Tensor x)
    {
        if (!dropout.IsActive)
        {
            return null;
        }

        Tensor dropped = backend.Allocate(DType.F32, x.Shape);
        dropout.Apply(dropped, x, Module);
        return dropped;
    }

    private Parameter New(string kind, long rows, long columns) => new(
        $"{Weight.Name}.{kind}", $"{AdapterFolder.Prefix}{Module}.{kind}.weight", backend.Allocate(rows, columns), DType.F32, isMatrix: true)
    {
        IsAdapter = true,
    };
}
