using Smvl.Tensors;

namespace Smvl.Formats.Gguf;

/// <summary>Element types of tensors by their numbers in GGUF. Source: ggml.h, enum ggml_type.</summary>
internal static class GgmlType
{
    private static readonly (DType DType, uint Number)[] Numbers =
    [
        (DType.F32, 0), (DType.F16, 1), (DType.Q4_0, 2), (DType.Q8_0, 8), (DType.Q4_K, 12), (DType.Q6_K, 14), (DType.I32, 26), (DType.I64, 27), (DType.BF16, 30),
    ];

    /// <summary>All that are read, for messages.</summary>
    public static string Known { get; } = string.Join(", ", Numbers.Select(row => $"{row.Number} ({row.DType})"));

    public static DType? FromNumber(uint number) =>
        Array.Find(Numbers, row => row.Number == number) is { } row && row.Number == number ? row.DType : null;

    /// <exception cref="ArgumentException">a type that GGUF has not</exception>
    public static uint NumberOf(DType dtype) =>
        Array.Exists(Numbers, row => row.DType == dtype)
            ? Array.Find(Numbers, row => row.DType == dtype).Number
            : throw new ArgumentException($"GGUF has no {dtype}", nameof(dtype));
}
