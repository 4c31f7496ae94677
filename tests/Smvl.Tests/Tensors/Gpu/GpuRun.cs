using Smvl.Tensors;
using Smvl.Tensors.Cpu;
using Smvl.Tensors.Quantization;
using Smvl.Tests.Tensors.Cpu;

namespace Smvl.Tests.Tensors.Gpu;

/// <summary>Tensors of one run of an operation on one of two backends: the same numbers on both, disposed together.</summary>
internal sealed class GpuRun(Backend backend) : IDisposable
{
    private readonly List<Tensor> tensors = [];

    public Backend Backend => backend;

    /// <summary>Normal numbers, behind a row that is none of the tensor's: a view is not aligned unless its rows are.</summary>
    public Tensor Random(int seed, params ReadOnlySpan<long> dims) => Put(FiniteDifference.Values(seed, (int)new Shape(dims).Count), dims);

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
    public Tensor Weight(int seed, DType dtype, int rows, int width)
    {
        Tensor host = Keep(KernelData.Random(seed, dtype.IsQuantized() ? DType.F32 : dtype, rows, width));
        return Keep(backend.Import(dtype.IsQuantized() ? Keep(Quantized(host, dtype)) : host));
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
        if (tensor.DType == DType.F32)
        {
            backend.Download<float>(tensor, values);
        }
        else
        {
            backend.Download<float>(As(DType.F32, tensor), values);
        }

        return values;
    }

    public Tensor Keep(Tensor tensor)
    {
        tensors.Add(tensor);
        return tensor;
    }

    public void Dispose() => tensors.ForEach(tensor => tensor.Dispose());

    /// <summary>Blocks as GGUF has them, in host memory.</summary>
    public static unsafe Tensor Quantized(Tensor values, DType dtype)
    {
        Tensor blocks = KernelData.Empty(dtype, values.Shape.Dims);
        BlockFormat.Quantize(dtype, values.Span<float>(), new Span<byte>(blocks.Origin(), checked((int)blocks.ByteLength)));
        return blocks;
    }
}
