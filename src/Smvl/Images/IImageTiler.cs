namespace Smvl.Images;

/// <summary>Turns a picture into the tiles of one model.</summary>
public interface IImageTiler
{
    /// <param name="image">(height, width, 3)</param>
    /// <exception cref="SmvlException">this model takes no picture, or none of this shape</exception>
    ProcessedImage Process(RgbImage image);
}
