using Smvl.Models;
using Smvl.Tensors;

namespace Smvl.Training.Optimizers;

/// <summary>
/// Muon: a matrix moves along its Nesterov momentum, made nearly orthogonal by five Newton-Schulz steps, so that all its directions move
/// alike. The step is 0.2·√(the longer side) times the learning rate, at which it is as large as AdamW's and takes AdamW's learning
/// rate and weight decay (torch.optim.Muon's <c>match_rms_adamw</c>). Products are float32, where torch's are bfloat16.
/// Source: Jordan et al. 2024, "Muon: An optimizer for hidden layers"; Liu et al. 2025, "Muon is Scalable for LLM Training"; torch 2.14.
/// </summary>
internal sealed class MuonUpdate(Backend backend, Parameter parameter, ParameterGroup group) : ParameterUpdate(parameter, group)
{
    private const float Momentum = 0.95f;
    private const int Steps = 5;
    private const double Epsilon = 1e-7;

    // x ← a·x + b·(x·xᵀ)·x + c·(x·xᵀ)²·x
    private const float A = 3.4445f;
    private const float B = -4.7750f;
    private const float C = 2.0315f;

    private readonly Tensor momentum = backend.Zeros(parameter.Shape, MemoryPurpose.OptimizerState);

    public override IReadOnlyList<(string Name, Tensor Tensor)> State => [("momentum_buffer", momentum)];

    /// <summary>Matrices of layers; embeddings, the head, convolutions and vectors are left to AdamW, as Muon's authors have it.</summary>
    public static bool Serves(Parameter parameter) =>
        parameter.Shape.Rank == 2 && parameter.Name is not ("text.embedding" or "text.embedding.rows" or "head" or "head.rows" or "vision.position_embedding");

    public override void Apply(UpdateStep step)
    {
        // m ← β m + (1 − β) g, then the direction β m + (1 − β) g, in the gradient's place
        Tensor direction = Parameter.Gradient!;
        backend.Scale(direction, step.GradientScale);
        backend.Lerp(momentum, direction, 1 - Momentum);
        backend.Lerp(direction, momentum, Momentum);
        Orthogonalise(direction);
        int longer = Math.Max(Parameter.Shape[0], Parameter.Shape[1]);
        backend.Scale(Parameter.Value, (float)(1 - (step.LearningRate * Group.WeightDecay)));
        backend.Scale(direction, (float)(-0.2 * Math.Sqrt(longer) * step.LearningRate));
        backend.Add(Parameter.Value, direction);
    }

    /// <summary>In place: singular values near 1, singular vectors as they were.</summary>
    private void Orthogonalise(Tensor x)
    {
        backend.Scale(x, (float)(1 / Math.Max(Epsilon, Math.Sqrt(backend.SumOfSquares(x)))));
        bool tall = x.Shape[0] > x.Shape[1];
        int shorter = Math.Min(x.Shape[0], x.Shape[1]);
        using Tensor gram = backend.Allocate(shorter, shorter);
        using Tensor square = backend.Allocate(shorter, shorter);
        using Tensor turned = backend.Allocate(DType.F32, x.Shape);
        for (int i = 0; i < Steps; i++)
        {
            Gram(gram, x, tall);
            backend.Linear(square, gram, gram, null);   // symmetric, and so its own transpose
            backend.Scale(square, C);
            backend.Scale(gram, B);
            backend.Add(gram, square);
            if (tall)
            {
                backend.Linear(turned, x, gram, null);
            }
            else
            {
                backend.LinearBackwardInput(turned, gram, x, accumulate: false);
            }

            backend.Scale(x, A);
            backend.Add(x, turned);
        }
    }

    // x·xᵀ of a wide matrix, xᵀ·x of a tall one: the smaller of the two
    private void Gram(Tensor gram, Tensor x, bool tall)
    {
        if (tall)
        {
            backend.Fill(gram, 0f);
            backend.LinearBackwardParameters(gram, null, x, x);
        }
        else
        {
            backend.Linear(gram, x, x, null);
        }
    }
}
