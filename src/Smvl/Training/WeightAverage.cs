using Smvl.Formats;
using Smvl.Models;
using Smvl.Tensors;

namespace Smvl.Training;

/// <summary>
/// An exponential moving average of the trained weights (key <c>use_ema</c>): after update n, average += (1 − d) · (weights − average),
/// with d = min(ema_decay, (1 + n) / (10 + n)), so that an average of few updates is not one of the beginning. What is evaluated and
/// saved is the average; the weights that training goes on with lie beside it in a checkpoint.
/// Source: Polyak and Juditsky 1992; the warmup of d is that of TensorFlow's ExponentialMovingAverage and of diffusers' EMAModel.
/// </summary>
internal sealed class WeightAverage : IDisposable
{
    /// <summary>The weights that training goes on with; the model beside it is the average.</summary>
    public const string FileName = "training_weights.safetensors";

    private readonly VisionLanguageModel model;
    private readonly Backend backend;
    private readonly double decay;
    private readonly List<(Parameter Parameter, Tensor Other)> states = [];

    /// <summary>Begins with the weights as they are.</summary>
    public WeightAverage(VisionLanguageModel model, double decay)
    {
        this.model = model;
        backend = model.Backend;
        this.decay = decay;
        foreach (Parameter parameter in model.Trained)
        {
            Tensor other = backend.Allocate(DType.F32, parameter.Shape, MemoryPurpose.OptimizerState);
            backend.Copy(other, parameter.Value);
            states.Add((parameter, other));
        }
    }

    /// <param name="updates">optimizer steps done, from 1</param>
    public void Update(int updates)
    {
        double kept = Math.Min(decay, (1.0 + updates) / (10.0 + updates));
        foreach ((Parameter parameter, Tensor average) in states)
        {
            backend.Lerp(average, parameter.Value, (float)(1 - kept));
        }
    }

    /// <summary>The model has the average until the result is disposed.</summary>
    public IDisposable InModel()
    {
        Exchange();
        return new Back(this);
    }

    /// <summary>The model has the average from here on.</summary>
    public void Exchange()
    {
        for (int i = 0; i < states.Count; i++)
        {
            states[i] = (states[i].Parameter, states[i].Parameter.Exchange(states[i].Other));
        }

        model.StoreTrainedRows();
    }

    /// <summary>Writes <see cref="FileName"/> while the model has the average.</summary>
    public void Write(string folder) =>
        SafetensorsWriter.Write(Path.Combine(folder, FileName), states.Select(state => TensorSource.From(state.Parameter.Name, state.Other)));

    /// <summary>Continues from a checkpoint, whose average the model has and this was made of.</summary>
    /// <exception cref="SmvlException">the checkpoint keeps no such weights, or others</exception>
    public void Read(string folder)
    {
        string path = Path.Combine(folder, FileName);
        if (!File.Exists(path))
        {
            throw new SmvlException("the checkpoint is of a run without use_ema", folder, FileName, "none", "continue it without, or start a new run in another output_dir");
        }

        using SafetensorsFile file = SafetensorsFile.Open(path);
        foreach ((Parameter parameter, _) in states)
        {
            if (!file.Tensors.TryGetValue(parameter.Name, out Tensor? stored) || stored.Shape != parameter.Shape || stored.DType != DType.F32)
            {
                throw new SmvlException(
                    $"the checkpoint's weights lack {parameter.Name}", path, $"F32{parameter.Shape}", stored?.ToString() ?? "none", "start a new run in another output_dir");
            }

            using Tensor imported = backend.Import(stored);
            backend.Copy(parameter.Value, imported);
        }

        model.StoreTrainedRows();
    }

    /// <exception cref="SmvlException">the checkpoint is of a run with use_ema: its model is an average, with which training cannot go on</exception>
    public static void CheckNone(string folder)
    {
        if (File.Exists(Path.Combine(folder, FileName)))
        {
            throw new SmvlException("the checkpoint is of a run with use_ema", folder, "use_ema true", "false", "continue with use_ema, or start a new run in another output_dir");
        }
    }

    public void Dispose() => states.ForEach(state => state.Other.Dispose());

    private sealed class Back(WeightAverage average) : IDisposable
    {
        public void Dispose() => average.Exchange();
    }
}
