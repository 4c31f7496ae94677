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
    /// <returns>a new picture, or <paramref name="image"/> itself when it has that size</returns>
    public static RgbImage Resize(RgbImage image, int width, int height, ResampleFilter filter)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        if (image.Width != width)
        {
            image = ResizeRows(image, width, new ResampleWeights(image.Width, width, filter));
        }

        return image.Height == height ? image : ResizeColumns(image, height, new ResampleWeights(image.Height, height, filter));
    }

    /// <summary>
    /// 8 rows at a time are turned on their side, so that a pixel is 3 × 8 bytes in line, the same channel of 8 rows side by side, and
    /// the sum along the rows is the same sum of rows as along the columns.
    /// </summary>
    private static RgbImage ResizeRows(RgbImage image, int width, ResampleWeights weights)
    {
        const int pixel = RgbImage.Channels * ByteTranspose.Rows;
        int sourceStride = image.Width * RgbImage.Channels, targetStride = width * RgbImage.Channels;
        byte[] result = GC.AllocateUninitializedArray<byte>(checked(targetStride * image.Height));
        byte[] sourceColumns = GC.AllocateUninitializedArray<byte>(image.Width * pixel);
        byte[] targetColumns = GC.AllocateUninitializedArray<byte>(width * pixel);
        byte[] padded = image.Height % ByteTranspose.Rows == 0 ? [] : new byte[ByteTranspose.Rows * Math.Max(sourceStride, targetStride)];
        fixed (byte* source = image.Pixels, target = result, columns = sourceColumns, sums = targetColumns)
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
                fixed (byte* eight = padded)
                {
                    image.Pixels.AsSpan(y * sourceStride, rows * sourceStride).CopyTo(padded);
                    ByteTranspose.ToColumns(eight, sourceStride, sourceStride, columns);
                    SumColumns(columns, weights, sums, width, pixel);
                    ByteTranspose.ToRows(sums, eight, targetStride, targetStride);
                    padded.AsSpan(0, rows * targetStride).CopyTo(result.AsSpan(y * targetStride));
                }
            }
        }

        return new RgbImage(width, image.Height, result);
    }

    private static void SumColumns(byte* columns, ResampleWeights weights, byte* sums, int width, int pixel)
    {
        for (int x = 0; x < width; x++)
        {
            WeightedRows.Sum(columns + ((nint)weights.Starts[x] * pixel), pixel, weights.Of(x), sums + ((nint)x * pixel), pixel);
        }
    }

    private static RgbImage ResizeColumns(RgbImage image, int height, ResampleWeights weights)
    {
        int stride = image.Width * RgbImage.Channels;
        byte[] result = GC.AllocateUninitializedArray<byte>(checked(stride * height));
        fixed (byte* source = image.Pixels, target = result)
        {
            for (int y = 0; y < height; y++)
            {
                WeightedRows.Sum(source + ((nint)weights.Starts[y] * stride), stride, weights.Of(y), target + ((nint)y * stride), stride);
            }
        }

        return new RgbImage(image.Width, height, result);
    }
}
