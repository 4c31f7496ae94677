namespace Smvl.Images;

/// <summary>
/// What preprocessor_config.json and processor_config.json say, with transformers' defaults (SmolVLMImageProcessor,
/// SmolVLMProcessor) for what they leave out. <see cref="Read"/> and <see cref="Write"/> are in ImageProcessorConfigFile.cs.
/// </summary>
public sealed partial record ImageProcessorConfig
{
    /// <summary><c>do_resize</c>: whether the longest edge is brought to <see cref="LongestEdge"/> first.</summary>
    public bool DoResize { get; init; } = true;

    /// <summary><c>size.longest_edge</c>, pixels</summary>
    public int LongestEdge { get; init; } = 4 * 364;

    /// <summary><c>do_image_splitting</c></summary>
    public bool DoImageSplitting { get; init; } = true;

    /// <summary><c>max_image_size.longest_edge</c>: pixels along an edge of a tile, the vision tower's image_size</summary>
    public int TileSize { get; init; } = 364;

    /// <summary><c>resample</c></summary>
    public ResampleFilter Resample { get; init; } = ResampleFilter.Lanczos;

    /// <summary><c>do_rescale</c></summary>
    public bool DoRescale { get; init; } = true;

    /// <summary><c>rescale_factor</c></summary>
    public double RescaleFactor { get; init; } = 1.0 / 255;

    /// <summary><c>do_normalize</c></summary>
    public bool DoNormalize { get; init; } = true;

    /// <summary><c>image_mean</c>: red, green, blue</summary>
    public IReadOnlyList<double> ImageMean { get; init; } = [0.5, 0.5, 0.5];

    /// <summary><c>image_std</c>: red, green, blue</summary>
    public IReadOnlyList<double> ImageStd { get; init; } = [0.5, 0.5, 0.5];

    /// <summary><c>image_seq_len</c>: tokens per tile</summary>
    public int ImageSeqLen { get; init; } = 169;

    /// <summary>
    /// The vision tower's input of a channel is byte × scale + offset = (byte × rescale_factor − mean) / std, where the steps that are
    /// switched off are left out.
    /// </summary>
    /// <param name="channel">0 red, 1 green, 2 blue</param>
    public float NormalizationScale(int channel) => (float)(Factor / (DoNormalize ? ImageStd[channel] : 1));

    /// <inheritdoc cref="NormalizationScale"/>
    public float NormalizationOffset(int channel) => DoNormalize ? (float)(-ImageMean[channel] / ImageStd[channel]) : 0;

    private double Factor => DoRescale ? RescaleFactor : 1;
}
