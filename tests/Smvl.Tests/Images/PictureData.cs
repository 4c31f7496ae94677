using Smvl.Formats;
using Smvl.Images;
using Smvl.Tensors;
using Smvl.Tensors.Cpu;

namespace Smvl.Tests.Images;

/// <summary>The small pictures in data/, and what Pillow makes of them (data/make.py).</summary>
internal static class PictureData
{
    private static readonly string Folder = Path.Combine(Golden.Root, "tests", "Smvl.Tests", "Images", "data");

    public static string PathOf(string name) => Path.Combine(Folder, name);

    public static byte[] Bytes(string name) => File.ReadAllBytes(PathOf(name));

    /// <summary>The names in a .safetensors file of the folder.</summary>
    public static string[] Names(string file)
    {
        using SafetensorsFile tensors = SafetensorsFile.Open(PathOf(file));
        return [.. tensors.Tensors.Keys];
    }

    /// <summary>A tensor of (height, width, 3).</summary>
    public static RgbImage Expected(string file, string name)
    {
        using SafetensorsFile tensors = SafetensorsFile.Open(PathOf(file));
        Tensor tensor = tensors.Tensors[name];
        return new RgbImage((int)tensor.Shape[1], (int)tensor.Shape[0], tensor.Span<byte>().ToArray());
    }
}
