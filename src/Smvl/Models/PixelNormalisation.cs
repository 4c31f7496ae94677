namespace Smvl.Models;

/// <summary>
/// How a stored byte becomes the tower's input, per channel: value · Scale + Offset, which is (value · rescale_factor − mean) / std
/// of preprocessor_config.json.
/// </summary>
/// <param name="Scale">(3)</param>
/// <param name="Offset">(3)</param>
public sealed record PixelNormalisation(float[] Scale, float[] Offset);
