namespace Smvl.Images;

/// <summary>Turns a picture into the tiles of one model.</summary>
public interface IImageTiler
{
    /// <summary>The fewest and the most tiles of a picture, the global one counted; the most may be less where memory is short.</summary>
    (int Fewest, int Most) TileRange { get; }

    /// <param name="image">(height, width, 3)</param>
    /// <param name="maxTiles">what would be more becomes a coarser grid; null for no limit</param>
    /// <exception cref="SmvlException">this model takes no picture, none of this shape, or none in so few tiles</exception>
    ProcessedImage Process(RgbImage image, int? maxTiles = null);
}
