namespace Smvl.Tensors;

/// <summary>Element types of a <see cref="Tensor"/>, as safetensors names them.</summary>
public enum DType
{
    F32,
    F16,
    BF16,
    I64,
    I32,
    U8,
    Bool,
}

/// <summary>Sizes and names of element types.</summary>
public static class DTypes
{
    /// <summary>Bytes of one element.</summary>
    public static int Size(this DType dtype) => dtype switch
    {
        DType.I64 => 8,
        DType.F32 or DType.I32 => 4,
        DType.F16 or DType.BF16 => 2,
        _ => 1,
    };

    /// <summary>True for the types that a weight may be stored in.</summary>
    public static bool IsFloat(this DType dtype) => dtype is DType.F32 or DType.F16 or DType.BF16;
}
