using System.Runtime.Intrinsics;
using Smvl.Tensors;
using Smvl.Tensors.Cpu;

namespace Smvl.Tests.Tensors.Cpu;

/// <summary>Tensors for kernel tests, and the widths that a kernel is compiled for.</summary>
internal static unsafe class KernelData
{
    /// <summary>Every size around a vector, a tile or a cache block that has ever been wrong in somebody's kernel.</summary>
    public static readonly int[] Awkward = [1, 2, 7, 8, 9, 15, 16, 17, 31, 33, 63, 64, 65, 100];

    /// <summary>Uniform in [-1, 1), from <paramref name="seed"/>.</summary>
    public static Tensor Random(int seed, DType dtype, params ReadOnlySpan<long> dims)
    {
        Tensor tensor = Empty(dtype, dims);
        Random random = new(seed);
        for (int i = 0; i < tensor.Count; i++)
        {
            float value = (2 * random.NextSingle()) - 1;
            switch (dtype)
            {
                case DType.F32:
                    tensor.Pointer<float>()[i] = value;
                    break;
                case DType.BF16:
                    tensor.Pointer<ushort>()[i] = (ushort)(BitConverter.SingleToUInt32Bits(value) >> 16);
                    break;
                default:
                    tensor.Pointer<Half>()[i] = (Half)value;
                    break;
            }
        }

        return tensor;
    }

    public static Tensor Empty(DType dtype, params ReadOnlySpan<long> dims)
    {
        Shape shape = new(dims);
        return new Tensor(NativeStorage.Allocate(dtype.Bytes(shape.Count)), 0, dtype, shape, owner: true);
    }

    /// <summary>F32 filled with NaN, so that an element that is not written shows.</summary>
    public static Tensor Unwritten(params ReadOnlySpan<long> dims)
    {
        Tensor tensor = Empty(DType.F32, dims);
        tensor.Span<float>().Fill(float.NaN);
        return tensor;
    }

    public static double[] Doubles(Tensor tensor)
    {
        double[] values = new double[tensor.Count];
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = tensor.DType switch
            {
                DType.F32 => tensor.Pointer<float>()[i],
                DType.BF16 => BitConverter.UInt32BitsToSingle((uint)tensor.Pointer<ushort>()[i] << 16),
                _ => (double)tensor.Pointer<Half>()[i],
            };
        }

        return values;
    }

    /// <summary>Fails on the worst element; NaN fails.</summary>
    public static void Close(double[] expected, Tensor actual, double tolerance, string what)
    {
        Assert.Equal(expected.Length, actual.Count);
        int worst = 0;
        double error = -1;
        for (int i = 0; i < expected.Length; i++)
        {
            double e = Math.Abs(expected[i] - actual.Pointer<float>()[i]);
            if (double.IsNaN(e) || e > error)
            {
                (worst, error) = (i, e);
            }

            if (double.IsNaN(e))
            {
                break;
            }
        }

        Assert.True(
            error <= tolerance,
            $"{what}: element {worst} is {actual.Pointer<float>()[worst]}, expected {expected[worst]}, error {error:G3} > {tolerance:G3}");
    }

    /// <summary>Skips where the machine lacks the width; the widths are tested by name so that a skip shows.</summary>
    public static void RequireWidth(int width)
    {
        bool supported = width switch
        {
            512 => Simd512.IsSupported,
            256 => Simd256.IsSupported,
            128 => Simd128.IsSupported,
            _ => true,
        };
        if (!supported)
        {
            Assert.Skip($"no {width}-bit vectors here");
        }
    }

    public static MatMul.Product Product(string path) => path switch
    {
        "12 x 512" => MatMulBlocked<Tile12<Simd512, Vector512<float>>>.Run,
        "6 x 256" => MatMulBlocked<Tile6<Simd256, Vector256<float>>>.Run,
        "6 x 128" => MatMulBlocked<Tile6Runs<Simd128, Vector128<float>>>.Run,
        "12 x 128" => MatMulBlocked<Tile12<Simd128, Vector128<float>>>.Run,
        _ => MatMulBlocked<Tile6Runs<SimdScalar, float>>.Run,
    };
}
