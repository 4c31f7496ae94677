using System.Globalization;

namespace Smvl.Tensors.Quantization;

/// <summary>
/// What a GGUF file is asked to be stored as: a name for its matrices' type, of which some tensors differ. The mixture is
/// llama-quantize's for the architecture qwen3, and its converter's for an mmproj.
/// Source: llama.cpp, src/llama-quant.cpp, llama_tensor_get_type, and convert_hf_to_gguf.py.
/// </summary>
public sealed class FileType
{
    private FileType(string name, int number, DType matrices)
    {
        Name = name;
        Number = number;
        Matrices = matrices;
    }

    public static FileType F32 { get; } = new("f32", 0, DType.F32);

    public static FileType F16 { get; } = new("f16", 1, DType.F16);

    public static FileType Q4_0 { get; } = new("q4_0", 2, DType.Q4_0);

    public static FileType Q8_0 { get; } = new("q8_0", 7, DType.Q8_0);

    public static FileType Q4_K_M { get; } = new("q4_k_m", 15, DType.Q4_K);

    /// <summary>All of them, the most exact first.</summary>
    public static IReadOnlyList<FileType> All { get; } = [F32, F16, Q8_0, Q4_0, Q4_K_M];

    /// <summary>As the command line names it.</summary>
    public string Name { get; }

    /// <summary>The value of <c>general.file_type</c>.</summary>
    public int Number { get; }

    /// <summary>The type of most matrices.</summary>
    public DType Matrices { get; }

    /// <summary>The type of a name of <see cref="All"/>; null for any other.</summary>
    public static FileType? Find(string name) => All.FirstOrDefault(type => type.Name == name);

    /// <summary>
    /// The element type of a text model's tensor: norms stay F32; the head, be it the embedding, has more bits, and so have
    /// q4_k_m's values and down projections in some layers.
    /// </summary>
    /// <param name="name">its GGUF name, <c>blk.0.attn_v.weight</c></param>
    /// <param name="shape">as PyTorch has it: the last extent is a row</param>
    /// <param name="layerCount">layers of the model</param>
    /// <param name="tied">the embedding is the head as well</param>
    /// <exception cref="SmvlException">llama-quantize would use Q5_0, which is not written here</exception>
    public DType TextTensor(string name, Shape shape, int layerCount, bool tied)
    {
        if (IsVector(name, shape))
        {
            return DType.F32;
        }

        DType dtype = Matrices;
        if (dtype.IsQuantized())
        {
            if (name == "output.weight" || (tied && name == "token_embd.weight"))
            {
                dtype = shape.Width % dtype.BlockSize() != 0 || dtype == DType.Q8_0 ? DType.Q8_0 : DType.Q6_K;
            }
            else if (this == Q4_K_M && HasMoreBits(name, layerCount))
            {
                dtype = DType.Q6_K;
            }
        }

        return ForRows(name, shape.Width, dtype);
    }

    /// <summary>The element type of an mmproj's tensor: biases, norms and both embeddings stay F32.</summary>
    /// <param name="name">its GGUF name, <c>v.blk.0.attn_q.weight</c></param>
    /// <param name="shape">as PyTorch has it: the last extent is a row</param>
    /// <exception cref="SmvlException">an mmproj is not stored as this type</exception>
    public DType VisionTensor(string name, Shape shape)
    {
        if (Matrices is not (DType.F32 or DType.F16 or DType.Q8_0))
        {
            throw new SmvlException("is no type of an mmproj", Name, "f32, f16 or q8_0");
        }

        return IsVector(name, shape) || name is "v.patch_embd.weight" or "v.position_embd.weight" ? DType.F32
            : shape.Width % Matrices.BlockSize() != 0 ? DType.F16
            : Matrices;
    }

    public override string ToString() => Name;

    private static bool IsVector(string name, Shape shape) =>
        shape.Rank < 2 || !name.EndsWith(".weight", StringComparison.Ordinal) || name.EndsWith("_norm.weight", StringComparison.Ordinal);

    /// <summary>Values and down projections of the first eighth of the layers, of the last one, and of every third between.</summary>
    private static bool HasMoreBits(string name, int layerCount)
    {
        string[] parts = name.Split('.');
        if (parts is not ["blk", string number, "attn_v" or "ffn_down", "weight"])
        {
            return false;
        }

        int layer = int.Parse(number, NumberStyles.None, CultureInfo.InvariantCulture);
        int eighth = layerCount / 8;
        return layer < eighth || layer >= 7 * layerCount / 8 || (layer - eighth) % 3 == 2;
    }

    /// <summary>The type itself where its blocks fill the rows, else the one that llama-quantize falls back to.</summary>
    private DType ForRows(string name, int width, DType dtype) =>
        width % dtype.BlockSize() == 0 ? dtype
        : width % DType.Q8_0.BlockSize() != 0 ? DType.F16
        : dtype == DType.Q6_K ? DType.Q8_0
        : throw new SmvlException(
            $"cannot be stored as {Name}", name, $"rows of a multiple of {dtype.BlockSize()} elements", $"{width}", "use q4_0 or q8_0");
}
