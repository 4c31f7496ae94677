namespace Smvl.Tensors.Cpu;

/// <summary>
/// Tiles (n, 3, S, S) cut into patches (n·P, 3·p·p): one patch a row, elements in (channel, y, x) order, so that the patch
/// convolution (stride = kernel = p) is a matrix product. U8 values are normalised on the way.
/// </summary>
internal static class Patches
{
    public static void Forward(
        CpuThreads threads, Tensor patches, Tensor tiles, int patchSize, ReadOnlySpan<float> scale, ReadOnlySpan<float> offset)
    {
        int channels = tiles.Shape[1];
        int size = tiles.Shape[2];
        int grid = size / patchSize;
        float[] factor = scale.ToArray();
        float[] shift = offset.ToArray();

        // one part: one row of patches of one tile
        threads.For(tiles.Shape[0] * grid, part =>
        {
            int tile = part / grid;
            int patchRow = part % grid;
            for (int c = 0; c < channels; c++)
            {
                for (int y = 0; y < patchSize; y++)
                {
                    int from = ((((tile * channels) + c) * size) + (patchRow * patchSize) + y) * size;
                    for (int patchColumn = 0; patchColumn < grid; patchColumn++)
                    {
                        Span<float> to = patches.Row<float>((part * grid) + patchColumn)
                            .Slice(((c * patchSize) + y) * patchSize, patchSize);
                        int at = from + (patchColumn * patchSize);
                        if (tiles.DType == DType.F32)
                        {
                            tiles.Span<float>().Slice(at, patchSize).CopyTo(to);
                            continue;
                        }

                        ReadOnlySpan<byte> run = tiles.Span<byte>().Slice(at, patchSize);
                        for (int x = 0; x < to.Length; x++)
                        {
                            to[x] = (run[x] * factor[c]) + shift[c];
                        }
                    }
                }
            }
        });
    }
}
