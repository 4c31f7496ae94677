namespace Smvl.Images;

/// <summary>Resampling filters, with the numbers that <c>resample</c> in preprocessor_config.json gives them (Pillow's).</summary>
public enum ResampleFilter
{
    Lanczos = 1,
    Bilinear = 2,
    Bicubic = 3,
}

/// <summary>The filters' kernels. Source: the definitions behind Pillow's Image.Resampling; bicubic is Keys' with a = −1/2.</summary>
internal static class ResampleKernel
{
    /// <summary>Pixels on each side of the centre beyond which the kernel is 0.</summary>
    public static double Support(this ResampleFilter filter) => filter switch
    {
        ResampleFilter.Lanczos => 3,
        ResampleFilter.Bilinear => 1,
        ResampleFilter.Bicubic => 2,
        _ => throw new ArgumentOutOfRangeException(nameof(filter)),
    };

    /// <param name="filter">which kernel</param>
    /// <param name="x">distance from the centre in (source or target, whichever are larger) pixels</param>
    public static double Weight(this ResampleFilter filter, double x) => filter switch
    {
        ResampleFilter.Lanczos => Lanczos(x),
        ResampleFilter.Bilinear => Math.Max(0, 1 - Math.Abs(x)),
        ResampleFilter.Bicubic => Bicubic(Math.Abs(x)),
        _ => throw new ArgumentOutOfRangeException(nameof(filter)),
    };

    private static double Lanczos(double x) => x is >= -3 and < 3 ? Sinc(x) * Sinc(x / 3) : 0;

    private static double Sinc(double x) => x == 0 ? 1 : Math.Sin(x * Math.PI) / (x * Math.PI);

    private static double Bicubic(double x)
    {
        const double a = -0.5;
        return x < 1 ? ((((a + 2) * x) - (a + 3)) * x * x) + 1
            : x < 2 ? ((((x - 5) * x) + 8) * x - 4) * a
            : 0;
    }
}
