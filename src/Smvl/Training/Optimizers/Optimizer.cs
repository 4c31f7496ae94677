using Smvl.Formats;
using Smvl.Models;
using Smvl.Tensors;

namespace Smvl.Training.Optimizers;

/// <summary>
/// A model's trainable parameters and how each is updated (key <c>optim</c>), with the rate and the decay of its <see cref="ParameterGroup"/>.
/// </summary>
internal sealed class Optimizer : IDisposable
{
    public const string FileName = "optimizer.safetensors";

    private readonly Backend backend;
    private readonly List<ParameterUpdate> updates = [];

    public Optimizer(VisionLanguageModel model, TrainingArguments arguments)
        : this(model.Backend, arguments, ParameterGroup.Of(model, arguments))
    {
    }

    /// <param name="backend">where the parameters lie</param>
    /// <param name="arguments">optim and its constants</param>
    /// <param name="groups">every trainable parameter once</param>
    public Optimizer(Backend backend, TrainingArguments arguments, IEnumerable<ParameterGroup> groups)
    {
        this.backend = backend;
        foreach (ParameterGroup group in groups)
        {
            updates.AddRange(group.Parameters.Select(parameter => New(arguments, parameter, group)));
        }
    }

    /// <summary>Bytes that it keeps between updates.</summary>
    public long StateBytes => State().Sum(each => each.Tensor.ByteLength);

    public void ZeroGradients()
    {
        foreach (ParameterUpdate update in updates)
        {
            backend.Fill(update.Parameter.Gradient!, 0f);
        }
    }

    /// <summary>The global L2 norm of all gradients.</summary>
    public double GradientNorm() => Math.Sqrt(backend.SumOfSquares(updates.Select(update => update.Parameter.Gradient!)));

    /// <summary>The first parameter, by name, whose gradient is not finite.</summary>
    public string? FirstNotFinite() =>
        updates.FirstOrDefault(update => !double.IsFinite(backend.SumOfSquares(update.Parameter.Gradient!)))?.Parameter.Name;

    /// <summary>Moves every parameter; the gradients are used up and mean nothing behind it.</summary>
    /// <param name="multiplier">the schedule's share of every group's learning rate in this update</param>
    /// <param name="step">updates with this one, from 1</param>
    /// <param name="gradientScale">the clipping factor</param>
    public void Update(double multiplier, int step, float gradientScale)
    {
        foreach (ParameterUpdate update in updates)
        {
            update.Apply(new UpdateStep(update.Group.LearningRate * multiplier, step, gradientScale));
        }
    }

    /// <summary>Writes <see cref="FileName"/>: what each update keeps, under its parameter's name.</summary>
    public void Write(string folder) => SafetensorsWriter.Write(Path.Combine(folder, FileName), State().Select(each => TensorSource.From(each.Name, each.Tensor)));

    /// <summary>Reads <see cref="FileName"/>; it must hold exactly what these updates keep.</summary>
    /// <exception cref="SmvlException">it is of another optimizer, or of other trained tensors</exception>
    public void Read(string folder)
    {
        const string Hint = "continue with the same optim and trained tensors, or start a new run in another output_dir";
        using SafetensorsFile file = SafetensorsFile.Open(Path.Combine(folder, FileName));
        int expected = 0;
        foreach ((string name, Tensor tensor) in State())
        {
            if (!file.Tensors.TryGetValue(name, out Tensor? stored) || stored.Shape != tensor.Shape || stored.DType != tensor.DType)
            {
                throw new SmvlException($"the optimizer's state lacks {name}", file.Path, $"{tensor}", stored?.ToString() ?? "none", Hint);
            }

            using Tensor imported = backend.Import(stored);
            backend.Copy(tensor, imported);
            expected++;
        }

        if (file.Tensors.Count != expected)
        {
            throw new SmvlException(
                "the optimizer's state is of another optimizer or another set of trained tensors", file.Path, $"{expected} tensors", $"{file.Tensors.Count}", Hint);
        }
    }

    public void Dispose()
    {
        foreach ((_, Tensor tensor) in State())
        {
            tensor.Dispose();
        }
    }

    private ParameterUpdate New(TrainingArguments arguments, Parameter parameter, ParameterGroup group) => arguments.Optim switch
    {
        OptimizerName.AdamwTorch or OptimizerName.AdamwTorchFused => new AdamWUpdate(backend, arguments, parameter, group),
        OptimizerName.AdamwBnb8bit or OptimizerName.Adamw8bit => AdamW8BitUpdate.Serves(parameter)
            ? new AdamW8BitUpdate(backend, arguments, parameter, group)
            : new AdamWUpdate(backend, arguments, parameter, group),
        OptimizerName.Lion32bit => new LionUpdate(backend, arguments, parameter, group),
        OptimizerName.Muon => MuonUpdate.Serves(parameter)
            ? new MuonUpdate(backend, parameter, group)
            : new AdamWUpdate(backend, arguments, parameter, group),
        _ => throw new InvalidOperationException($"no optimizer {arguments.Optim}"),
    };

    private IEnumerable<(string Name, Tensor Tensor)> State() =>
        updates.SelectMany(update => update.State.Select(each => ($"{each.Name}.{update.Parameter.Name}", each.Tensor)));
}
