namespace Smvl.Images;

/// <summary>Stands for a tiler where no picture can be taken.</summary>
/// <param name="reason">why, and what to do</param>
internal sealed class NoPictures(Func<SmvlException> reason) : IImageTiler
{
    public (int Fewest, int Most) TileRange => (0, 0);

    public ProcessedImage Process(RgbImage image, int? maxTiles = null) => throw reason();
}
