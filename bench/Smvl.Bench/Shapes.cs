using Smvl.Tensors;
using Smvl.Tensors.Cpu;

namespace Smvl.Bench;

/// <summary>The full-size model's shapes, and tensors of small random values.</summary>
internal static unsafe class Shapes
{
    /// <summary>(M rows, K inputs, N outputs): text, head, tower, connector.</summary>
    public static readonly (int M, int K, int N)[] MatMul =
    [
        (64, 1024, 2048), (64, 1024, 3072), (64, 3072, 1024),
        (256, 1024, 1024), (256, 1024, 2048), (256, 2048, 1024), (256, 1024, 3072), (256, 3072, 1024),
        (1288, 1024, 1024), (1288, 1024, 3072), (1288, 3072, 1024),
        (64, 1024, 151936), (256, 1024, 151936),
        (1024, 768, 768), (1024, 768, 3072), (1024, 3072, 768), (4096, 768, 3072),
        (64, 12288, 1024), (1088, 12288, 1024),
    ];

    /// <summary>Few rows of x by the head, the largest matrix, so that the weights come from memory.</summary>
    public static readonly (int M, DType DType, int K, int N)[] Few =
    [
        (1, DType.BF16, 1024, 151936), (1, DType.F32, 1024, 151936), (1, DType.F16, 1024, 151936), (1, DType.BF16, 3072, 32768),
        (2, DType.BF16, 1024, 151936), (4, DType.BF16, 1024, 151936), (8, DType.BF16, 1024, 151936),
        (16, DType.BF16, 1024, 151936), (17, DType.BF16, 1024, 151936), (32, DType.BF16, 1024, 151936),
    ];

    /// <summary>The tower's full attention over one tile, the decoder's causal one over a long and a short sequence.</summary>
    public static readonly (string Name, int Tokens, int Heads, int KeyValueHeads, int HeadDim, bool Causal)[] Attention =
    [
        ("tower", 1024, 12, 12, 64, false), ("text", 1288, 16, 8, 128, true), ("text", 256, 16, 8, 128, true),
    ];

    public static Tensor Random(DType dtype, params ReadOnlySpan<long> dims)
    {
        Shape shape = new(dims);
        Tensor tensor = new(NativeStorage.Allocate(shape.Count * dtype.Size()), 0, dtype, shape, owner: true);
        Random random = new(0);
        for (long i = 0; i < shape.Count; i++)
        {
            float value = random.NextSingle() - 0.5f;
            if (dtype == DType.F32)
            {
                tensor.Pointer<float>()[i] = value;
            }
            else
            {
                tensor.Pointer<ushort>()[i] = (ushort)(BitConverter.SingleToUInt32Bits(value) >> 16);
            }
        }

        return tensor;
    }
}
