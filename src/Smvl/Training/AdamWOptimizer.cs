using Smvl.Formats;
using Smvl.Models;
using Smvl.Tensors;

namespace Smvl.Training;

/// <summary>
/// AdamW over a model's trainable parameters, with the rate and the decay of each one's <see cref="ParameterGroup"/>. Moments are float32.
/// </summary>
internal sealed class AdamWOptimizer : IDisposable
{
    public const string FileName = "optimizer.safetensors";

    private const string FirstPrefix = "exp_avg.";
    private const string SecondPrefix = "exp_avg_sq.";

    private readonly Backend backend;
    private readonly TrainingArguments arguments;
    private readonly List<(Parameter Parameter, ParameterGroup Group, Tensor First, Tensor Second)> states = [];

    public AdamWOptimizer(VisionLanguageModel model, TrainingArguments arguments)
    {
        backend = model.Backend;
        this.arguments = arguments;
        foreach (Parameter parameter in model.Parameters.Where(p => p.Trainable))
        {
            long[] dims = parameter.Shape.Dims.ToArray();
            states.Add((parameter, ParameterGroup.Of(parameter, arguments), backend.Zeros(dims), backend.Zeros(dims)));
        }
    }

    public void ZeroGradients()
    {
        foreach ((Parameter parameter, _, _, _) in states)
        {
            backend.Fill(parameter.Gradient!, 0f);
        }
    }

    /// <summary>The global L2 norm of all gradients.</summary>
    public double GradientNorm() => Math.Sqrt(states.Sum(state => backend.SumOfSquares(state.Parameter.Gradient!)));

    /// <summary>The first parameter, by name, whose gradient is not finite.</summary>
    public string? FirstNotFinite() =>
        states.FirstOrDefault(state => !double.IsFinite(backend.SumOfSquares(state.Parameter.Gradient!))).Parameter?.Name;

    /// <param name="multiplier">the schedule's share of every group's learning rate in this update</param>
    /// <param name="step">updates with this one, from 1</param>
    /// <param name="gradientScale">the clipping factor</param>
    public void Update(double multiplier, int step, float gradientScale)
    {
        foreach ((Parameter parameter, ParameterGroup group, Tensor first, Tensor second) in states)
        {
            backend.AdamW(parameter.Value, parameter.Gradient!, first, second, new AdamWStep(
                group.LearningRate * multiplier, arguments.AdamBeta1, arguments.AdamBeta2, arguments.AdamEpsilon, group.WeightDecay, step, gradientScale));
        }
    }

    /// <summary>Writes <see cref="FileName"/>: both moments of every trainable parameter, under its name.</summary>
    public void Write(string folder) => SafetensorsWriter.Write(Path.Combine(folder, FileName), Named().Select(m => TensorSource.From(m.Name, m.Moment)));

    /// <summary>Reads <see cref="FileName"/>; it must hold exactly these moments.</summary>
    public void Read(string folder)
    {
        using SafetensorsFile file = SafetensorsFile.Open(Path.Combine(folder, FileName));
        int expected = 0;
        foreach ((string name, Tensor moment) in Named())
        {
            if (!file.Tensors.TryGetValue(name, out Tensor? stored) || stored.Shape != moment.Shape || stored.DType != DType.F32)
            {
                throw new SmvlException(
                    $"the optimizer's state lacks {name}", file.Path, $"F32{moment.Shape}", stored?.ToString() ?? "none", "start a new run in another output_dir");
            }

            backend.Copy(moment, backend.Import(stored));
            expected++;
        }

        if (file.Tensors.Count != expected)
        {
            throw new SmvlException(
                "the optimizer's state is of another set of trained tensors", file.Path, $"{expected} tensors", $"{file.Tensors.Count}",
                "start a new run in another output_dir");
        }
    }

    public void Dispose()
    {
        foreach ((_, Tensor moment) in Named())
        {
            moment.Dispose();
        }
    }

    private IEnumerable<(string Name, Tensor Moment)> Named() =>
        states.SelectMany(state => new[] { (FirstPrefix + state.Parameter.Name, state.First), (SecondPrefix + state.Parameter.Name, state.Second) });
}
