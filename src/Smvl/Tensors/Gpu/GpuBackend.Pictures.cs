namespace Smvl.Tensors.Gpu;

/// <summary>Tiles to patches, and patches shuffled together.</summary>
public sealed partial class GpuBackend
{
    public override void Patches(Tensor patches, Tensor tiles, int patchSize, ReadOnlySpan<float> scale, ReadOnlySpan<float> offset)
    {
        SameCount(patches, tiles);
        int channels = tiles.Shape[1];
        bool bytes = tiles.DType == DType.U8;
        float[] factors = new float[2 * channels];
        for (int c = 0; c < channels && bytes; c++)
        {
            factors[2 * c] = scale[c];
            factors[(2 * c) + 1] = offset[c];
        }

        // bytes are read in words: from the word that holds the first one
        ulong address = Address(tiles), first = bytes ? address % 4 : 0;
        var constants = new PatchesConstants(
            Address(patches), address - first, Constant<float>(factors), Elements(patches), (uint)channels, (uint)tiles.Shape[2], (uint)patchSize, (uint)first);
        DispatchElements(device.Kernel("patches", ElementThreads, bytes ? 1u : 0), constants, patches.Count, GpuUse.Write(patches), GpuUse.Read(tiles));
    }

    public override void PixelShuffle(Tensor y, Tensor x, int gridWidth, int gridHeight, int factor) =>
        Shuffle(y, x, x.Shape.Width, gridWidth, gridHeight, factor, toGrid: false);

    public override void PixelShuffleBackward(Tensor dx, Tensor dy, int gridWidth, int gridHeight, int factor) =>
        Shuffle(dx, dy, dx.Shape.Width, gridWidth, gridHeight, factor, toGrid: true);

    private void Shuffle(Tensor to, Tensor from, int width, int gridWidth, int gridHeight, int factor, bool toGrid)
    {
        SameCount(to, from);
        var constants = new PixelShuffleConstants(
            Address(to), Address(from), Elements(to), (uint)width, (uint)gridWidth, (uint)gridHeight, (uint)factor, toGrid ? 1u : 0);
        DispatchElements(device.Kernel("pixel_shuffle", ElementThreads), constants, to.Count, GpuUse.Write(to), GpuUse.Read(from));
    }

    private readonly record struct PatchesConstants(
        ulong Patches, ulong Tiles, ulong Factors, uint Count, uint Channels, uint Size, uint PatchSize, uint FirstByte);

    private readonly record struct PixelShuffleConstants(
        ulong To, ulong From, uint Count, uint Width, uint GridWidth, uint GridHeight, uint Factor, uint ToGrid);
}
