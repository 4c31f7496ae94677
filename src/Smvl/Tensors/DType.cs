namespace Smvl.Tensors;

/// <summary>Element types of a <see cref="Tensor"/>, as safetensors names them, and the quantized block types, as GGUF names them.</summary>
public enum DType
{
    F32,
    F16,
    BF16,
    I64,
    I32,
    U8,
    Bool,

    /// <summary>Blocks of 32 values: an F16 scale and 32 signed bytes.</summary>
    Q8_0,

    /// <summary>Blocks of 32 values: an F16 scale and 32 half bytes.</summary>
    Q4_0,

    /// <summary>Blocks of 256 values in 8 parts with 6-bit scales and minima, values of 4 bits.</summary>
    Q4_K,

    /// <summary>Blocks of 256 values in 16 parts with 8-bit scales, values of 6 bits.</summary>
    Q6_K,
}

/// <summary>Sizes and names of element types.</summary>
public static class DTypes
{
    /// <summary>Bytes of one element; quantized types have none of their own, see <see cref="BlockBytes"/>.</summary>
    public static int Size(this DType dtype) => dtype switch
    {
        DType.I64 => 8,
        DType.F32 or DType.I32 => 4,
        DType.F16 or DType.BF16 => 2,
        DType.U8 or DType.Bool => 1,
        _ => throw new ArgumentOutOfRangeException(nameof(dtype), dtype, "a quantized type has blocks, not elements"),
    };

    /// <summary>Elements that are stored together: a row is a multiple of them long. 1 unless quantized.</summary>
    public static int BlockSize(this DType dtype) => dtype switch
    {
        DType.Q8_0 or DType.Q4_0 => 32,
        DType.Q4_K or DType.Q6_K => 256,
        _ => 1,
    };

    /// <summary>Bytes of <see cref="BlockSize"/> elements.</summary>
    public static int BlockBytes(this DType dtype) => dtype switch
    {
        DType.Q8_0 => 34,
        DType.Q4_0 => 18,
        DType.Q4_K => 144,
        DType.Q6_K => 210,
        _ => dtype.Size(),
    };

    /// <summary>Bytes of as many elements, whole blocks.</summary>
    public static long Bytes(this DType dtype, long count) => checked(count / dtype.BlockSize() * dtype.BlockBytes());

    /// <summary>True for the types that an unquantized weight may be stored in.</summary>
    public static bool IsFloat(this DType dtype) => dtype is DType.F32 or DType.F16 or DType.BF16;

    /// <summary>True for GGUF's block types.</summary>
    public static bool IsQuantized(this DType dtype) => dtype.BlockSize() > 1;
}
