using Smvl.Tensors;

namespace Smvl.Models;

/// <summary>
/// The low-rank update beside one frozen linear layer: y += scaling · B · A · dropout(x), and with DoRA the lengths of the rows of the
/// sum. Shapes: T rows, K inputs, N outputs, r rank.
/// Sources: Hu et al. 2021, "LoRA: Low-Rank Adaptation of Large Language Models"; PEFT, tuners/lora/layer.py, Linear, and
/// tuners/lora/variants.py, DoraLinearVariant.
/// </summary>
internal sealed class LoraAdapter
{
    private readonly Backend backend;
    private readonly float scaling;
    private readonly LoraDropout dropout;
    private readonly DoraMagnitude? magnitude;

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
        Parameters = [A, B];

        // PEFT's kaiming_uniform_(a = sqrt 5) is uniform within 1/sqrt(K)
        float[] values = new float[A.Shape.Count];
        new CounterRandom(seed, A.Name).Uniform(values, 0, 1 / Math.Sqrt(weight.Shape[1]));
        backend.Upload<float>(values, A.Value);
        backend.Fill(B.Value, 0f);
        if (config.UseDora)
        {
            magnitude = new DoraMagnitude(backend, weight, $"{AdapterFolder.Prefix}{Module}{AdapterFolder.MagnitudeSuffix}", Directions);
            Parameters = [A, B, magnitude.Value];
        }
    }

    /// <summary>The frozen weight that it stands beside.</summary>
    public Parameter Weight { get; }

    /// <summary>The layer's name in a Hugging Face model.</summary>
    public string Module { get; }

    /// <summary>(r, K)</summary>
    public Parameter A { get; }

    /// <summary>(N, r)</summary>
    public Parameter B { get; }

    /// <summary>All that it trains: with DoRA the lengths (N) too.</summary>
    public IReadOnlyList<Parameter> Parameters { get; }

    /// <summary>Whether it changes what is in y already, so that a bias is to be added behind it.</summary>
    public bool ScalesOutput => magnitude is not null;

    /// <summary>The name of a weight's layer in a Hugging Face model.</summary>
    public static string ModuleOf(Parameter weight) => weight.HuggingFace[..weight.HuggingFace.LastIndexOf('.')];

    /// <summary>From what the frozen weight makes of x (T, K) to what the layer does.</summary>
    /// <param name="y">(T, N) W x, without a bias where <see cref="ScalesOutput"/></param>
    /// <param name="x">(T, K)</param>
    public void Forward(Tensor y, Tensor x)
    {
        using Tensor? dropped = Dropped(x);
        using Tensor low = Low(dropped ?? x);
        if (magnitude is null || dropped is null)
        {
            AddUpdate(y, low);
            if (magnitude is not null)
            {
                backend.Multiply(y, y, magnitude.Factors);
            }

            return;
        }

        // as PEFT: y = W x + ((m / ‖V‖) V − W) dropped
        using Tensor frozen = Frozen(dropped), directed = backend.Allocate(DType.F32, y.Shape);
        backend.Copy(directed, frozen);
        AddUpdate(directed, low);
        backend.Multiply(directed, directed, magnitude.Factors);
        backend.Scale(frozen, -1);
        backend.Add(y, frozen);
        backend.Add(y, directed);
    }

    /// <summary>Adds to the gradients of its parameters, and gives the whole layer's dx unless that is null.</summary>
    /// <param name="dx">(T, K); += with <paramref name="accumulate"/></param>
    /// <param name="dy">(T, N)</param>
    /// <param name="x">(T, K) the forward's</param>
    /// <param name="accumulate">whether dx holds something already</param>
    public void Backward(Tensor? dx, Tensor dy, Tensor x, bool accumulate)
    {
        using Tensor? dropped = Dropped(x);
        using Tensor low = Low(dropped ?? x);
        using Tensor? dDirected = DirectedBackward(dy, dropped ?? x, low);
        Tensor dUpdate = dDirected ?? dy;
        backend.LinearBackwardParameters(B.Gradient, null, dUpdate, low);

        // forward: low = scaling · A x, so dLow carries the scaling on to A and x
        using Tensor dLow = backend.Allocate(DType.F32, low.Shape);
        backend.LinearBackwardInput(dLow, dUpdate, B.Value, accumulate: false);
        backend.Scale(dLow, scaling);
        backend.LinearBackwardParameters(A.Gradient, null, dLow, dropped ?? x);
        if (dx is null)
        {
            return;
        }

        if (dropped is null)
        {
            backend.LinearBackwardInput(dx, dUpdate, Weight.Value, accumulate);
            backend.LinearBackwardInput(dx, dLow, A.Value, accumulate: true);
            return;
        }

        backend.LinearBackwardInput(dx, dy, Weight.Value, accumulate);
        using Tensor dDropped = backend.Allocate(DType.F32, x.Shape);
        if (dDirected is not null)
        {
            // forward: y = W x + (directed − W dropped), so that W's share of dDropped is that of dDirected − dy
            backend.Scale(dDirected, -1);
            backend.Add(dDirected, dy);
            backend.Scale(dDirected, -1);
            backend.LinearBackwardInput(dDropped, dDirected, Weight.Value, accumulate: false);
        }

        backend.LinearBackwardInput(dDropped, dLow, A.Value, accumulate: dDirected is not null);
        dropout.Apply(dDropped, dDropped, Module);
        backend.Add(dx, dDropped);
    }

    /// <summary>One weight that does what the frozen one and the adapter do, (N, K) in float32.</summary>
    public Tensor Merged()
    {
        Tensor merged = Directions();
        if (magnitude is not null)
        {
            backend.Multiply(merged, merged, magnitude.Factors.View(Weight.Shape[0], 1));
        }

        return merged;
    }

    /// <summary>Weights change: what was made of them for DoRA is made anew.</summary>
    public void Forget() => magnitude?.Forget();

    /// <summary>V = W + scaling · B · A, (N, K).</summary>
    private Tensor Directions()
    {
        Tensor sum = backend.Allocate(DType.F32, Weight.Shape);
        backend.Copy(sum, Weight.Value);
        using Tensor scaled = backend.Allocate(DType.F32, B.Shape);
        backend.Copy(scaled, B.Value);
        backend.Scale(scaled, scaling);
        backend.LinearBackwardInput(sum, scaled, A.Value, accumulate: true);   // += B · A
        return sum;
    }

    /// <summary>The gradient of V x with DoRA, and that of its lengths on the way; null without.</summary>
    private Tensor? DirectedBackward(Tensor dy, Tensor x, Tensor low)
    {
        if (magnitude is null)
        {
            return null;
        }

        using Tensor product = Frozen(x);
        AddUpdate(product, low);
        return magnitude.Backward(dy, product);
    }

    /// <summary>W x, (T, N).</summary>
    private Tensor Frozen(Tensor x)
    {
        Tensor y = backend.Allocate(x.Shape.Rows, Weight.Shape[0]);
        backend.Linear(y, x, Weight.Value, null);
        return y;
    }

    /// <summary>y (T, N) += B low.</summary>
    private void AddUpdate(Tensor y, Tensor low)
    {
        using Tensor update = backend.Allocate(DType.F32, y.Shape);
        backend.Linear(update, low, B.Value, null);
        backend.Add(y, update);
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
