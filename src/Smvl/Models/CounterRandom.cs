using System.Text;

namespace Smvl.Models;

/// <summary>
/// Random numbers by position: element i of a stream depends on the seed, the stream's name and i alone, so that any part of it can
/// be made on any thread, and a tensor does not change when another is added.
/// Sources: <see cref="SplitMix64"/>, used as a hash of the counter; Box and Muller, "A note on the generation of random normal deviates", 1958.
/// </summary>
internal readonly struct CounterRandom
{
    public CounterRandom(long seed, string name)
    {
        // FNV-1a of the name
        ulong hash = 0xCBF29CE484222325;
        foreach (byte letter in Encoding.UTF8.GetBytes(name))
        {
            hash = (hash ^ letter) * 0x100000001B3;
        }

        Key = SplitMix64.Mix(hash + SplitMix64.Mix((ulong)seed + SplitMix64.Increment));
    }

    /// <summary>What seed and name come to.</summary>
    public ulong Key { get; }

    /// <summary>Elements <paramref name="start"/> and following of the normal stream: mean 0, the given deviation.</summary>
    /// <param name="values">overwritten</param>
    /// <param name="start">an even position, as elements come in pairs</param>
    /// <param name="deviation">standard deviation</param>
    public void Normal(Span<float> values, long start, double deviation)
    {
        for (int i = 0; i < values.Length; i += 2)
        {
            ulong bits = Bits((start + i) / 2);
            double first = ((uint)(bits >> 32) + 0.5) / 4294967296.0;   // in (0, 1): the logarithm is finite
            double second = (uint)bits / 4294967296.0;
            double radius = deviation * Math.Sqrt(-2 * Math.Log(first));
            (double sin, double cos) = Math.SinCos(2 * Math.PI * second);
            values[i] = (float)(radius * cos);
            if (i + 1 < values.Length)
            {
                values[i + 1] = (float)(radius * sin);
            }
        }
    }

    /// <summary>Elements <paramref name="start"/> and following of the stream that is uniform in [−bound, bound).</summary>
    /// <param name="values">overwritten</param>
    /// <param name="start">position of the first</param>
    /// <param name="bound">the largest absolute value</param>
    public void Uniform(Span<float> values, long start, double bound)
    {
        for (int i = 0; i < values.Length; i++)
        {
            double unit = (Bits(start + i) >> 11) / 9007199254740992.0;   // 53 bits
            values[i] = (float)(bound * ((2 * unit) - 1));
        }
    }

    private ulong Bits(long index) => SplitMix64.Mix(Key + ((ulong)index * SplitMix64.Increment));
}
