using Smvl.Images;

namespace Smvl.Tests.Images;

/// <summary>Resizing as one reads it in a book, pixel by pixel with weights in double, rounded to fixed point as Pillow rounds.</summary>
internal static class NaiveResampler
{
    private const int One = 1 << 22;

    public static RgbImage Resize(RgbImage image, int width, int height, ResampleFilter filter)
    {
        RgbImage wide = image.Width == width ? image : Transpose(ResizeHeight(Transpose(image), width, filter));
        return wide.Height == height ? wide : ResizeHeight(wide, height, filter);
    }

    private static RgbImage ResizeHeight(RgbImage image, int height, ResampleFilter filter)
    {
        byte[] result = new byte[image.Width * height * RgbImage.Channels];
        double ratio = (double)image.Height / height, stretch = Math.Max(1, ratio);
        for (int y = 0; y < height; y++)
        {
            double center = (y + 0.5) * ratio, reach = Radius(filter) * stretch;
            int first = Math.Max(0, (int)(center - reach + 0.5)), end = Math.Min(image.Height, (int)(center + reach + 0.5));
            double[] weights = [.. Enumerable.Range(first, end - first).Select(s => Kernel(filter, (s + 0.5 - center) / stretch))];
            double total = weights.Sum();
            for (int i = 0; i < image.Width * RgbImage.Channels; i++)
            {
                long sum = One / 2;
                for (int k = 0; k < weights.Length; k++)
                {
                    sum += (long)Math.Round(weights[k] / total * One, MidpointRounding.AwayFromZero)
                        * image.Pixels[((first + k) * image.Width * RgbImage.Channels) + i];
                }

                result[(y * image.Width * RgbImage.Channels) + i] = (byte)Math.Clamp(Math.Floor((double)sum / One), 0, 255);
            }
        }

        return new RgbImage(image.Width, height, result);
    }

    private static RgbImage Transpose(RgbImage image)
    {
        byte[] result = new byte[image.Pixels.Length];
        for (int i = 0; i < result.Length; i++)
        {
            int channel = i % RgbImage.Channels, x = i / RgbImage.Channels % image.Width, y = i / RgbImage.Channels / image.Width;
            result[(((x * image.Height) + y) * RgbImage.Channels) + channel] = image.Pixels[i];
        }

        return new RgbImage(image.Height, image.Width, result);
    }

    private static int Radius(ResampleFilter filter) => filter switch
    {
        ResampleFilter.Lanczos => 3,
        ResampleFilter.Bicubic => 2,
        _ => 1,
    };

    private static double Kernel(ResampleFilter filter, double x)
    {
        double d = Math.Abs(x);
        return filter switch
        {
            ResampleFilter.Bilinear => d < 1 ? 1 - d : 0,
            ResampleFilter.Bicubic when d < 1 => (1.5 * d * d * d) - (2.5 * d * d) + 1,
            ResampleFilter.Bicubic => d < 2 ? (-0.5 * d * d * d) + (2.5 * d * d) - (4 * d) + 2 : 0,
            _ when d == 0 => 1,
            _ => d < 3 ? 3 * Math.Sin(Math.PI * d) * Math.Sin(Math.PI * d / 3) / (Math.PI * Math.PI * d * d) : 0,
        };
    }
}
