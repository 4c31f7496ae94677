namespace Smvl.Data;

/// <summary>A sample without its pixels: all that its memory and time follow from.</summary>
/// <param name="Ids">(T)</param>
/// <param name="Labels">(T)</param>
/// <param name="TileCount">of all its pictures</param>
/// <param name="LargestPicture">pixels of its largest picture, before it is cut</param>
/// <param name="FileBytes">of its pictures as they are stored</param>
internal sealed record SampleShape(int[] Ids, int[] Labels, int TileCount, long LargestPicture, long FileBytes)
{
    /// <summary>Tokens with a label that is predicted.</summary>
    public int TargetCount { get; } = Labels.Skip(1).Count(label => label != Batch.Ignored);
}
