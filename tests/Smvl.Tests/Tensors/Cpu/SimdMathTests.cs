using System.Runtime.Intrinsics;
using Smvl.Tensors.Cpu;

namespace Smvl.Tests.Tensors.Cpu;

/// <summary>The exponential of every width against double precision.</summary>
public sealed unsafe class SimdMathTests
{
    [Theory]
    [InlineData(512), InlineData(256), InlineData(128), InlineData(0)]
    public void ExpIsWithinTwoUlp(int width)
    {
        KernelData.RequireWidth(width);
        Func<float, float> exp = width switch
        {
            512 => Exp<Simd512, Vector512<float>>,
            256 => Exp<Simd256, Vector256<float>>,
            128 => Exp<Simd128, Vector128<float>>,
            _ => Exp<SimdScalar, float>,
        };
        for (float x = -87.2f; x < 87.9f; x += 0.0037f)
        {
            double right = Math.Exp(x);
            double ulp = MathF.BitIncrement((float)right) - (float)right;
            double error = Math.Abs(exp(x) - right) / ulp;
            Assert.True(error <= 2, $"e^{x}: {error} ulp");
        }

        Assert.Equal(1f, exp(0f));
        Assert.InRange(exp(float.NegativeInfinity), 0f, 1.3e-38f);
        Assert.InRange(exp(-200f), 0f, 1.3e-38f);
    }

    private static float Exp<TSimd, TVector>(float x)
        where TSimd : ISimd<TVector>
        where TVector : unmanaged
    {
        float* lanes = stackalloc float[16];
        TSimd.Store(lanes, SimdMath.Exp<TSimd, TVector>(TSimd.Broadcast(x)));
        return lanes[TSimd.Width - 1];
    }
}
