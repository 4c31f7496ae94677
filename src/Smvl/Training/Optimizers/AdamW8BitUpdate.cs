using Smvl.Models;
using Smvl.Tensors;

namespace Smvl.Training.Optimizers;

/// <summary>
/// AdamW whose moments are one byte an element: blocks of 256 elements share a scale, and a byte chooses one of 256 values that lie
/// dense near 0 (<see cref="Tensors.Cpu.DynamicMap"/>). A moment is widened, updated and used in float32, then rounded to the nearest value.
/// Small tensors keep float32 moments, as in bitsandbytes. Source: Dettmers et al. 2022, "8-bit Optimizers via Block-wise Quantization".
/// </summary>
internal sealed class AdamW8BitUpdate(Backend backend, TrainingArguments arguments, Parameter parameter, ParameterGroup group)
    : ParameterUpdate(parameter, group)
{
    /// <summary>bitsandbytes' min_8bit_size.</summary>
    private const int LeastElements = 4096;

    private readonly BlockMoment first = New(backend, parameter, signed: true);
    private readonly BlockMoment second = New(backend, parameter, signed: false);

    public override IReadOnlyList<(string Name, Tensor Tensor)> State =>
        [("state1", first.Codes), ("absmax1", first.Scales), ("state2", second.Codes), ("absmax2", second.Scales)];

    /// <summary>Whether the parameter is large enough.</summary>
    public static bool Serves(Parameter parameter) => parameter.Shape.Count >= LeastElements;

    public override void Apply(UpdateStep step) =>
        backend.AdamW8Bit(Parameter.Value, Parameter.Gradient!, first, second, AdamWUpdate.Step(arguments, Group, step));

    private static BlockMoment New(Backend backend, Parameter parameter, bool signed)
    {
        BlockMoment moment = new(
            backend.Allocate(DType.U8, parameter.Shape, MemoryPurpose.OptimizerState),
            backend.Zeros(new Shape((parameter.Shape.Count + BlockMoment.BlockSize - 1) / BlockMoment.BlockSize), MemoryPurpose.OptimizerState),
            signed);

        // with a scale of 0 every code means 0
        byte[] zeros = new byte[parameter.Shape.Count];
        backend.Upload<byte>(zeros, moment.Codes);
        return moment;
    }
}
