namespace Smvl.Tensors.Cpu;

/// <summary>
/// The 256 values of dynamic quantization: for each power of ten from 1e-6 to 1 twice as many as for the one below, then 0 and 1; with
/// negative ones, or with twice as many positive ones. Source: Dettmers 2016; bitsandbytes, create_dynamic_map.
/// </summary>
internal sealed class DynamicMap
{
    public static readonly DynamicMap Signed = new(signed: true);
    public static readonly DynamicMap Unsigned = new(signed: false);

    private const int Exponents = 7;

    private readonly float[] values;
    private readonly float[] borders;

    private DynamicMap(bool signed)
    {
        List<float> all = [0, 1];
        for (int exponent = 0; exponent < Exponents; exponent++)
        {
            float power = (float)Math.Pow(10, exponent - (Exponents - 1));
            foreach (float mean in Means(1 << (signed ? exponent : exponent + 1)))
            {
                all.Add(power * mean);
                if (signed)
                {
                    all.Add(-power * mean);
                }
            }
        }

        values = [.. all.Order()];
        borders = [.. Enumerable.Range(0, values.Length - 1).Select(i => (values[i] + values[i + 1]) / 2)];
    }

    /// <summary>By code, ascending.</summary>
    public ReadOnlySpan<float> Values => values;

    /// <summary>Halfway between neighbouring values: one fewer.</summary>
    public ReadOnlySpan<float> Borders => borders;

    /// <summary>The code of the nearest value; of two as near, the lower one's.</summary>
    public byte Code(float value)
    {
        // how many borders lie below the value, a bit at a time: there are 255
        ReadOnlySpan<float> all = borders;
        int code = 0;
        for (int bit = 128; bit > 0; bit >>= 1)
        {
            if (all[code + bit - 1] < value)
            {
                code += bit;
            }
        }

        return (byte)code;
    }

    // middles of equal parts of 0.1 to 1, as torch.linspace rounds their ends
    private static IEnumerable<float> Means(int parts)
    {
        const float Start = 0.1f, End = 1;
        float step = (End - Start) / parts;
        float[] ends = [.. Enumerable.Range(0, parts + 1).Select(i => i < (parts + 1) / 2 ? Start + (step * i) : End - (step * (parts - i)))];
        return Enumerable.Range(0, parts).Select(i => (ends[i] + ends[i + 1]) / 2);
    }
}
