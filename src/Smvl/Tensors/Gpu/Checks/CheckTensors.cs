using Smvl.Tensors.Cpu;
using Smvl.Tensors.Quantization;

namespace Smvl.Tensors.Gpu.Checks;

/// <summary>Tensors of one run of an operation on one of two backends: the same numbers on both, disposed together.</summary>
internal sealed class CheckTensors(Backend backend) : IDisposable
{
    private readonly List<Tensor> tensors = [];

    public Backend Backend => backend;

    /// <summary>Normal numbers (Box and Muller 1958).</summary>
    public static float[] Normal(int seed, int count)
    {
        SplitMix64 random = new((ulong)seed);
        float[] values = new float[count];
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = (float)(Math.Sqrt(-2 * Math.Log(1 - random.NextUnit())) * Math.Cos(2 * Math.PI * random.NextUnit()));
        }

        return values;
    }

    /// <summary>Normal numbers, behind a row that is none of the tensor's: a view is not aligned unless its rows are.</summary>
    public Tensor Random(int seed, params ReadOnlySpan<long> dims) => Put(Normal(seed, (int)new Shape(dims).Count), dims);

    /// <summary>NaN, so that an element that is not written shows.</summary>
    public Tensor Unwritten(params ReadOnlySpan<long> dims)
    {
        float[] values = new float[new Shape(dims).Count];
        Array.Fill(values, float.NaN);
        return Put(values, dims);
    }

    public Tensor Put(float[] values, params ReadOnlySpan<long> dims)
    {
        long[] larger = dims.ToArray();
        larger[0]++;
        Tensor whole = Keep(backend.Zeros(larger)), view = whole.Slice(1, (int)dims[0]);
        backend.Upload<float>(values, view);
        return view;
    }

    /// <summary>A matrix as a file has it: numbers in [-1, 1) in any type that a weight has.</summary>
    public Tensor Weight(int seed, DType dtype, int rows, int width) => Keep(backend.Import(Keep(Matrix(seed, dtype, rows, width))));

    /// <summary>A weight on a device, and on the CPU the numbers that its blocks stand for: its own products of blocks round the activations.</summary>
    public Tensor WeightOfValues(int seed, DType dtype, int rows, int width)
    {
        if (backend is GpuBackend || !dtype.IsQuantized())
        {
            return Weight(seed, dtype, rows, width);
        }

        using Tensor blocks = Matrix(seed, dtype, rows, width);
        Tensor values = Keep(Host(DType.F32, rows, width));
        BlockFormat.Dequantize(dtype, blocks.Bytes(0, rows * width), values.Span<float>());
        return values;
    }

    /// <summary>The same elements in another type.</summary>
    public Tensor As(DType dtype, Tensor tensor)
    {
        Tensor narrow = Keep(backend.Allocate(dtype, tensor.Shape));
        backend.Copy(narrow, tensor);
        return narrow;
    }

    public float[] Floats(Tensor tensor)
    {
        float[] values = new float[tensor.Count];
        backend.Download<float>(tensor.DType == DType.F32 ? tensor : As(DType.F32, tensor), values);
        return values;
    }

    public Tensor Keep(Tensor tensor)
    {
        tensors.Add(tensor);
        return tensor;
    }

    public void Dispose() => tensors.ForEach(tensor => tensor.Dispose());

    private static unsafe Tensor Matrix(int seed, DType dtype, int rows, int width)
    {
        Tensor values = Host(DType.F32, rows, width);
        SplitMix64 random = new((ulong)seed);
        foreach (ref float value in values.Span<float>())
        {
            value = (2 * (float)random.NextUnit()) - 1;
        }

        if (dtype == DType.F32)
        {
            return values;
        }

        using Tensor done = values;
        Tensor narrow = Host(dtype, rows, width);
        if (dtype.IsQuantized())
        {
            BlockFormat.Quantize(dtype, values.Span<float>(), new Span<byte>(narrow.Origin(), checked((int)narrow.ByteLength)));
            return narrow;
        }

        using CpuBackend cpu = new(1);
        cpu.Copy(narrow, values);
        return narrow;
    }

    private static Tensor Host(DType dtype, params ReadOnlySpan<long> dims)
    {
        Shape shape = new(dims);
        return new Tensor(NativeStorage.Allocate(dtype.Bytes(shape.Count)), 0, dtype, shape, owner: true);
    }
}
