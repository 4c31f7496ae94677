using Smvl.Tensors.Cpu;

namespace Smvl.Tensors.Gpu;

/// <summary>Updates in place, with the constants that the CPU computes in double.</summary>
public sealed partial class GpuBackend
{
    /// <summary>Invocations of a workgroup of adamw8bit.comp: each has four of a block's elements.</summary>
    private const uint BlockThreads = BlockMoment.BlockSize / 4;

    // by whether values have signs: 256 values of a code, then the borders between them
    private readonly Dictionary<bool, Tensor> maps = [];

    public override void AdamW(Tensor parameter, Tensor gradient, Tensor moment1, Tensor moment2, in AdamWStep step)
    {
        SameCount(parameter, gradient);
        var constants = new AdamWConstants(
            Address(parameter), Address(gradient), Address(moment1), Address(moment2), Elements(parameter), Cpu.AdamW.Constants.Of(step));
        DispatchElements(
            device.Kernel("adamw", ElementThreads), constants, parameter.Count,
            GpuUse.Write(parameter), GpuUse.Read(gradient), GpuUse.Write(moment1), GpuUse.Write(moment2));
    }

    public override void AdamW8Bit(Tensor parameter, Tensor gradient, in BlockMoment moment1, in BlockMoment moment2, in AdamWStep step)
    {
        SameCount(parameter, gradient);
        Tensor map1 = MapOf(moment1), map2 = MapOf(moment2);
        var constants = new AdamW8BitConstants(
            Address(parameter), Address(gradient), Address(moment1.Codes), Address(moment2.Codes), Address(moment1.Scales), Address(moment2.Scales),
            Address(map1), Address(map2), Elements(parameter), Cpu.AdamW.Constants.Of(step));
        DispatchRows(
            device.Kernel("adamw8bit", BlockThreads), constants, moment1.Scales.Count,
            GpuUse.Write(parameter), GpuUse.Read(gradient), GpuUse.Write(moment1.Codes), GpuUse.Write(moment2.Codes), GpuUse.Write(moment1.Scales),
            GpuUse.Write(moment2.Scales), GpuUse.Read(map1), GpuUse.Read(map2));
    }

    public override void Lion(Tensor parameter, Tensor gradient, Tensor moment, in LionStep step)
    {
        SameCount(parameter, gradient);
        var constants = new LionConstants(
            Address(parameter), Address(gradient), Address(moment), Elements(parameter), step.GradientScale,
            (float)(1 - (step.LearningRate * step.WeightDecay)), (float)step.LearningRate,
            (float)step.Beta1, (float)(1 - step.Beta1), (float)step.Beta2, (float)(1 - step.Beta2));
        DispatchElements(
            device.Kernel("lion", ElementThreads), constants, parameter.Count, GpuUse.Write(parameter), GpuUse.Read(gradient), GpuUse.Write(moment));
    }

    private Tensor MapOf(BlockMoment moment)
    {
        if (!maps.TryGetValue(moment.Signed, out Tensor? map))
        {
            DynamicMap values = moment.Signed ? DynamicMap.Signed : DynamicMap.Unsigned;
            map = Allocate(values.Values.Length + values.Borders.Length);
            Upload<float>([.. values.Values, .. values.Borders], map);
            maps[moment.Signed] = map;
        }

        return map;
    }

    private readonly record struct AdamWConstants(
        ulong Parameter, ulong Gradient, ulong Moment1, ulong Moment2, uint Count, AdamW.Constants Step);

    private readonly record struct AdamW8BitConstants(
        ulong Parameter, ulong Gradient, ulong Codes1, ulong Codes2, ulong Scales1, ulong Scales2, ulong Map1, ulong Map2, uint Count, AdamW.Constants Step);

    private readonly record struct LionConstants(
        ulong Parameter, ulong Gradient, ulong Moment, uint Count, float GradientScale, float Keep, float Rate, float Beta1, float Rest1, float Beta2, float Rest2);
}
