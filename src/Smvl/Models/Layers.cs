using System.Diagnostics;
using Smvl.Tensors;

namespace Smvl.Models;

/// <summary>
/// The three layers that own parameters. Forward returns a new tensor that the caller disposes; Backward adds to the gradients of
/// trainable parameters and writes dx, or skips it when dx is null (nothing trainable lies before). A weight may have an adapter beside it.
/// </summary>
internal sealed class LinearLayer(Backend backend, Parameter weight, Parameter? bias = null)
{
    private readonly Backend backend = backend;
    private readonly Parameter weight = weight;
    private readonly Parameter? bias = bias;

    /// <summary>y (T, N) = x (T, K) · weightᵀ + bias.</summary>
    public Tensor Forward(Tensor x)
    {
        Tensor y = backend.Allocate(x.Shape.Rows, weight.Shape[0]);
        bool biasLast = weight.Adapter is { ScalesOutput: true };
        backend.Linear(y, x, Matrix(weight.Value), biasLast ? null : bias?.Value);
        weight.Adapter?.Forward(y, x);
        if (biasLast && bias is not null)
        {
            backend.AddGathered(y, bias.Value.View(1, bias.Value.Count), new int[y.Shape.Rows]);
        }

        return y;
    }

    /// <summary>What each of some layers without bias makes of the same x.</summary>
    public static Tensor[] Forward(Tensor x, params ReadOnlySpan<LinearLayer> layers)
    {
        Backend backend = layers[0].backend;
        var outputs = new Tensor[layers.Length];
        var weights = new Tensor[layers.Length];
        for (int i = 0; i < layers.Length; i++)
        {
            Debug.Assert(layers[i].bias is null, "a group has no biases");
            weights[i] = Matrix(layers[i].weight.Value);
            outputs[i] = backend.Allocate(x.Shape.Rows, weights[i].Shape.Rows);
        }

        backend.LinearGroup(outputs, x, weights);
        for (int i = 0; i < layers.Length; i++)
        {
            layers[i].weight.Adapter?.Forward(outputs[i], x);
        }

        return outputs;
    }

    /// <summary>True when Backward needs the forward's x.</summary>
    public bool Trainable => weight.Trainable || bias is { Trainable: true } || weight.Adapter is not null;

    public void Backward(Tensor? dx, Tensor dy, Tensor? x, bool accumulate = false)
    {
        if (weight.Trainable || bias is { Trainable: true })
        {
            backend.LinearBackwardParameters(weight.Gradient is { } gradient ? Matrix(gradient) : null, bias?.Gradient, dy, x!);
        }

        if (weight.Adapter is not null)
        {
            weight.Adapter.Backward(dx, dy, x!, accumulate);
        }
        else if (dx is not null)
        {
            backend.LinearBackwardInput(dx, dy, Matrix(weight.Value), accumulate);
        }
    }

    /// <summary>A convolution kernel (N, C, p, p) is the matrix (N, C·p·p).</summary>
    private static Tensor Matrix(Tensor weight) => weight.View(weight.Shape[0], weight.Count / weight.Shape[0]);
}

/// <summary>RMS normalisation of rows <paramref name="weight"/> wide; a wider x is read as several rows (the heads).</summary>
internal sealed class RmsNormLayer(Backend backend, Parameter weight, float epsilon)
{
    /// <param name="x">(T, n·D)</param>
    /// <param name="rstd">(T·n) for Backward; null when none follows</param>
    public Tensor Forward(Tensor x, Tensor? rstd)
    {
        Tensor y = backend.Allocate(DType.F32, x.Shape);
        backend.RmsNorm(Rows(y), rstd, Rows(x), weight.Value, epsilon);
        return y;
    }

    /// <summary>Memory for the rstd of <paramref name="x"/>.</summary>
    public Tensor NewStatistic(Tensor x) => backend.Allocate(x.Count / weight.Shape[0]);

    public void Backward(Tensor dx, Tensor dy, Tensor x, Tensor rstd, bool accumulate) =>
        backend.RmsNormBackward(Rows(dx), weight.Gradient, Rows(dy), Rows(x), weight.Value, rstd, accumulate);

    private Tensor Rows(Tensor x) => x.View(x.Count / weight.Shape[0], weight.Shape[0]);
}

/// <summary>Layer normalisation of rows.</summary>
internal sealed class LayerNormLayer(Backend backend, Parameter weight, Parameter bias, float epsilon)
{
    public Tensor Forward(Tensor x, Tensor? mean, Tensor? rstd)
    {
        Tensor y = backend.Allocate(DType.F32, x.Shape);
        backend.LayerNorm(y, mean, rstd, x, weight.Value, bias.Value, epsilon);
        return y;
    }

    public Tensor NewStatistic(Tensor x) => backend.Allocate(x.Shape.Rows);

    public void Backward(Tensor dx, Tensor dy, Tensor x, Tensor mean, Tensor rstd, bool accumulate) =>
        backend.LayerNormBackward(dx, weight.Gradient, bias.Gradient, dy, x, weight.Value, mean, rstd, accumulate);
}
