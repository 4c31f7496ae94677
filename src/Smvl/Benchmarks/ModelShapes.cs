namespace Smvl.Benchmarks;

/// <summary>A matrix product of a linear layer.</summary>
/// <param name="Rows">M: tokens, patches or image rows</param>
/// <param name="Inputs">K</param>
/// <param name="Outputs">N</param>
internal readonly record struct ProductShape(int Rows, int Inputs, int Outputs)
{
    /// <summary>Of the forward, of the backward to the input and of that to the weight alike.</summary>
    public double Operations => 2.0 * Rows * Inputs * Outputs;
}

/// <summary>Attention over one sequence.</summary>
internal readonly record struct AttentionShape(string Name, int Tokens, int Heads, int KeyValueHeads, int HeadDim, bool Causal)
{
    public const int ForwardProducts = 2, BackwardProducts = 5;

    /// <summary>Of one product of all heads over the scores that are seen.</summary>
    public double ProductOperations => 2.0 * Heads * HeadDim * (Causal ? Tokens * (Tokens + 1.0) / 2 : (double)Tokens * Tokens);
}

/// <summary>
/// The full-size model's shapes: rows of the fine-tuning step that <see cref="StepWork"/> measures, of one tile, and of a short text.
/// </summary>
internal static class ModelShapes
{
    /// <summary>Text, head, tower and connector at 256 rows and more: what the rows gemm.* sum over.</summary>
    public static readonly ProductShape[] Products =
    [
        new(256, 1024, 1024), new(256, 1024, 2048), new(256, 2048, 1024), new(256, 1024, 3072), new(256, 3072, 1024),
        new(1288, 1024, 1024), new(1288, 1024, 3072), new(1288, 3072, 1024),
        new(256, 1024, 151936),
        new(1024, 768, 768), new(1024, 768, 3072), new(1024, 3072, 768), new(4096, 768, 3072),
        new(1088, 12288, 1024),
    ];

    /// <summary>The same at 64 rows, one tile's.</summary>
    public static readonly ProductShape[] FewerRows =
    [
        new(64, 1024, 2048), new(64, 1024, 3072), new(64, 3072, 1024), new(64, 1024, 151936), new(64, 12288, 1024),
    ];

    /// <summary>The tower's full attention over one tile, the decoder's causal one over a long and a short sequence.</summary>
    public static readonly AttentionShape[] Attention =
    [
        new("tower", 1024, 12, 12, 64, Causal: false), new("text", 1288, 16, 8, 128, Causal: true), new("text", 256, 16, 8, 128, Causal: true),
    ];
}
