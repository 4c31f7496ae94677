namespace Smvl.Images;

/// <summary>
/// Resizing as Pillow's <c>Image.resize</c> does it, byte for byte: along the rows first, rounded to bytes, then along the columns;
/// an axis that keeps its size is left alone.
/// </summary>
public static unsafe class Resampler
{
    /// <param name="image">(height, width, 3)</param>
    /// <param name="width">pixels wanted, at least 1</param>
    /// <param name="height">pixels wanted, at least 1</param>
    /// <param name="filter">which kernel</param>
    /// <returns>a new picture, or a view of <paramref name="image"/> when it has that size</returns>
    public static RgbImage Resize(RgbImage image, int width, int height, ResampleFilter filter)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        RgbImage wide = image.Width == width ? image.View() : ResizeRows(image, width, filter);
        if (wide.Height == height)
        {
            return wide;
        }

        using (wide)
        {
            return ResizeColumns(wide, height, filter);
        }
    }

    /// <summary>
    /// 8 rows at a time are turned on their side, so that a pixel is 3 × 8 bytes in line, the same channel of 8 rows side by side, and
    /// the sum along the rows is the same sum of rows as along the columns.
    /// </summary>
    private static RgbImage ResizeRows(RgbImage image, int width, ResampleFilter filter)
    {
        const int pixel = RgbImage.Channels * ByteTranspose.Rows;
        int sourceStride = image.Width * RgbImage.Channels, targetStride = width * RgbImage.Channels;
        using ResampleWeights weights = new(image.Width, width, filter);
        using NativeBytes sourceColumns = new(image.Width * pixel), targetColumns = new(width * pixel);
        using NativeBytes padded = new(image.Height % ByteTranspose.Rows == 0 ? 0 : ByteTranspose.Rows * Math.Max(sourceStride, targetStride));
        var result = new NativeBytes(checked(targetStride * image.Height));
        fixed (byte* source = image.Pixels, target = result.Span, columns = sourceColumns.Span, sums = targetColumns.Span, eight = padded.Span)
        {
            for (int y = 0; y < image.Height; y += ByteTranspose.Rows)
            {
                int rows = Math.Min(ByteTranspose.Rows, image.Height - y);
                if (rows == ByteTranspose.Rows)
                {
                    ByteTranspose.ToColumns(source + ((nint)y * sourceStride), sourceStride, sourceStride, columns);
                    SumColumns(columns, weights, sums, width, pixel);
                    ByteTranspose.ToRows(sums, target + ((nint)y * targetStride), targetStride, targetStride);
                    continue;
                }

                // the last rows, filled up to 8 with rows that nobody reads
                image.Pixels.Slice(y * sourceStride, rows * sourceStride).CopyTo(padded.Span);
                ByteTranspose.ToColumns(eight, sourceStride, sourceStride, columns);
                SumColumns(columns, weights, sums, width, pixel);
                ByteTranspose.ToRows(sums, eight, targetStride, targetStride);
                padded.Span[..(rows * targetStride)].CopyTo(result.Span[(y * targetStride)..]);
            }
        }

        // a caller may have let go of it
        GC.KeepAlive(image);
        return new RgbImage(width, image.Height, result);
    }

    private static void SumColumns(byte* columns, ResampleWeights weights, byte* sums, int width, int pixel)
    {
        for (int x = 0; x < width; x++)
        {
            WeightedRows.Sum(columns + ((nint)weights.Start(x) * pixel), pixel, weights.Of(x), sums + ((nint)x * pixel), pixel);
        }
    }

    private static RgbImage ResizeColumns(RgbImage image, int height, ResampleFilter filter)
    {
        int stride = image.Width * RgbImage.Channels;
        using ResampleWeights weights = new(image.Height, height, filter);
        var result = new NativeBytes(checked(stride * height));
        fixed (byte* source = image.Pixels, target = result.Span)
        {
            for (int y = 0; y < height; y++)
            {
                WeightedRows.Sum(source + ((nint)weights.Start(y) * stride), stride, weights.Of(y), target + ((nint)y * stride), stride);
            }
        }

        return new RgbImage(image.Width, height, result);
    }
}
