using Smvl.Tensors;

namespace Smvl.Models;

/// <summary>
/// The lengths that DoRA gives to the rows of V = W + scaling · B · A: the layer's weight is m · V / ‖V‖ row by row, and m is trained. ‖V‖
/// follows the training but counts as a constant in the backward (section 4.3). Shapes: K inputs, N outputs.
/// Sources: Liu et al. 2024, "DoRA: Weight-Decomposed Low-Rank Adaptation"; PEFT, tuners/lora/dora.py, DoraLinearLayer.
/// </summary>
internal sealed class DoraMagnitude
{
    private readonly Backend backend;
    private readonly Func<Tensor> directions;
    private Tensor? inverseLengths;
    private Tensor? factors;

    /// <param name="backend">where the parameter lies</param>
    /// <param name="weight">the layer's own, (N, K)</param>
    /// <param name="huggingFace">the parameter's name</param>
    /// <param name="directions">makes V, (N, K); m begins as its lengths, so that a new adapter changes nothing</param>
    public DoraMagnitude(Backend backend, Parameter weight, string huggingFace, Func<Tensor> directions)
    {
        this.backend = backend;
        this.directions = directions;
        Value = new Parameter($"{weight.Name}.lora_magnitude_vector", huggingFace, backend.Allocate(weight.Shape[0]), DType.F32, isMatrix: false) { IsAdapter = true };
        float[] lengths = new float[Value.Shape.Count];
        backend.Download<float>(InverseLengths, lengths);
        backend.Upload<float>([.. lengths.Select(inverse => 1 / inverse)], Value.Value);
        Forget();
    }

    /// <summary>m, (N)</summary>
    public Parameter Value { get; }

    /// <summary>m / ‖V‖, (N), kept until <see cref="Forget"/>.</summary>
    public Tensor Factors
    {
        get
        {
            if (factors is null)
            {
                factors = backend.Allocate(DType.F32, Value.Shape);
                backend.Multiply(factors, Value.Value, InverseLengths);
            }

            return factors;
        }
    }

    private Tensor InverseLengths => inverseLengths ??= MeasureDirections();

    /// <summary>Weights change: what was made of them is wrong from here on.</summary>
    public void Forget()
    {
        inverseLengths?.Dispose();
        factors?.Dispose();
        (inverseLengths, factors) = (null, null);
    }

    /// <summary>Adds to m's gradient, and gives that of V x, (T, N).</summary>
    /// <param name="dy">(T, N)</param>
    /// <param name="product">V x, (T, N); used up</param>
    public Tensor Backward(Tensor dy, Tensor product)
    {
        // forward: y = (m / ‖V‖) V x
        backend.Multiply(product, product, InverseLengths);
        backend.MultiplyBackwardFactors(Value.Gradient!, dy, product);
        Tensor dProduct = backend.Allocate(DType.F32, dy.Shape);
        backend.Multiply(dProduct, dy, Factors);
        return dProduct;
    }

    /// <summary>1 / ‖V‖, (N): an RMS norm divides by the root of a mean of K squares.</summary>
    private Tensor MeasureDirections()
    {
        using Tensor v = directions(), normalised = backend.Allocate(DType.F32, v.Shape), ones = backend.Allocate(v.Shape.Width);
        backend.Fill(ones, 1f);
        Tensor inverse = backend.Allocate(DType.F32, Value.Shape);
        backend.RmsNorm(normalised, inverse, v, ones, eps: 0);
        backend.Scale(inverse, (float)(1 / Math.Sqrt(v.Shape.Width)));
        return inverse;
    }
}
