using Smvl.Images;

namespace Smvl.Cli.TinyBases;

/// <summary>
/// An emoji cut out of its white background, from which pictures that differ in place, size, proportions, turn, color and background are
/// made, some with a piece covered: few emoji, seen often, are learnt by heart otherwise.
/// What is white and reached from the picture's border without crossing anything else is background; the pixels beside it are a mixture.
/// </summary>
internal sealed class EmojiPicture
{
    private const int White = 255;
    private const int NearWhite = 250; // what lossy coding may have made of white
    private const double MaxTurn = 20 * Math.PI / 180;
    private const double MaxStretch = 0.18; // of the logarithm of the proportions
    private const double PlainShare = 0.4, HoleShare = 0.4;

    private readonly int width;
    private readonly int height;
    private readonly float[] cut; // (height, width, 4): red, green and blue times coverage, coverage 0 to 1

    private EmojiPicture(int width, int height, float[] cut)
    {
        this.width = width;
        this.height = height;
        this.cut = cut;
    }

    /// <summary>Cuts it out.</summary>
    /// <param name="picture">on white</param>
    public static EmojiPicture Cut(RgbImage picture)
    {
        int width = picture.Width, height = picture.Height;
        ReadOnlySpan<byte> pixels = picture.Pixels;
        bool[] outside = Outside(pixels, width, height);
        var cut = new float[width * height * 4];
        for (int y = 0; y < height; y++)
        {
            for (int x = 0; x < width; x++)
            {
                int at = (y * width) + x;
                float coverage = outside[at] ? 0 : Coverage(pixels, outside, x, y, width, height);
                for (int c = 0; c < RgbImage.Channels; c++)
                {
                    // a mixture of the emoji and white, of which the white is taken away
                    cut[(at * 4) + c] = outside[at] ? 0 : Math.Max(0, pixels[(at * RgbImage.Channels) + c] - ((1 - coverage) * White));
                }

                cut[(at * 4) + 3] = coverage;
            }
        }

        return new EmojiPicture(width, height, cut);
    }

    /// <summary>A picture that differs from all others of it.</summary>
    /// <param name="mayFlip">whether its mirror image is the same thing</param>
    /// <param name="random">the only source of chance</param>
    /// <returns>(64, 64, 3)</returns>
    public RgbImage Vary(bool mayFlip, ref SplitMix64 random)
    {
        const int size = SceneRenderer.Size;
        double scale = Background.Between(0.7, 1.1, ref random) * size / Math.Max(width, height);
        double move = 0.5 * Math.Abs(size - (scale * Math.Max(width, height))) + 3;
        double moveX = Background.Between(-move, move, ref random), moveY = Background.Between(-move, move, ref random);
        (double sine, double cosine) = Math.SinCos(Background.Between(-MaxTurn, MaxTurn, ref random));
        double mirror = random.NextUnit() < 0.5 && mayFlip ? -1 : 1;
        double stretch = Math.Exp(Background.Between(-MaxStretch, MaxStretch, ref random));
        double light = Background.Between(0.75, 1.1, ref random);
        double red = light * Background.Between(0.88, 1.12, ref random);
        double green = light * Background.Between(0.88, 1.12, ref random);
        double blue = light * Background.Between(0.88, 1.12, ref random);
        var hole = Hole.Draw(size, ref random);
        bool plain = random.NextUnit() < PlainShare;
        double paper = Background.Between(235, White, ref random);
        var background = Background.Draw(ref random);
        var pixels = new double[size * size * RgbImage.Channels];
        for (int y = 0, at = 0; y < size; y++)
        {
            for (int x = 0; x < size; x++, at += RgbImage.Channels)
            {
                (double r, double g, double b, double coverage) = (0, 0, 0, 0);
                for (int sample = 0; sample < 4; sample++)
                {
                    double u = x + 0.25 + (0.5 * (sample & 1)) - (size / 2.0) - moveX, v = y + 0.25 + (0.5 * (sample >> 1)) - (size / 2.0) - moveY;
                    double sourceX = (mirror * ((u * cosine) + (v * sine)) / (scale * stretch)) + (width / 2.0) - 0.5;
                    double sourceY = (((v * cosine) - (u * sine)) * stretch / scale) + (height / 2.0) - 0.5;
                    if (!hole.Contains(x, y))
                    {
                        AddSample(sourceX, sourceY, ref r, ref g, ref b, ref coverage);
                    }
                }

                (double R, double G, double B) behind = plain ? (paper, paper, paper) : background.At(x, y, size);
                double rest = 1 - (coverage / 4);
                pixels[at] = (red * r / 4) + (rest * behind.R);
                pixels[at + 1] = (green * g / 4) + (rest * behind.G);
                pixels[at + 2] = (blue * b / 4) + (rest * behind.B);
            }
        }

        return new RgbImage(size, size, SceneRenderer.Finish(pixels, ref random));
    }

    /// <summary>(height, width): what is connected with the border through white.</summary>
    private static bool[] Outside(ReadOnlySpan<byte> pixels, int width, int height)
    {
        var outside = new bool[width * height];
        var open = new Stack<int>();
        for (int x = 0; x < width; x++)
        {
            Visit(x, 0, pixels);
            Visit(x, height - 1, pixels);
        }

        for (int y = 0; y < height; y++)
        {
            Visit(0, y, pixels);
            Visit(width - 1, y, pixels);
        }

        while (open.TryPop(out int at))
        {
            Visit((at % width) - 1, at / width, pixels);
            Visit((at % width) + 1, at / width, pixels);
            Visit(at % width, (at / width) - 1, pixels);
            Visit(at % width, (at / width) + 1, pixels);
        }

        return outside;

        void Visit(int x, int y, ReadOnlySpan<byte> pixels)
        {
            int at = (y * width) + x;
            if (x < 0 || y < 0 || x >= width || y >= height || outside[at])
            {
                return;
            }

            ReadOnlySpan<byte> pixel = pixels.Slice(at * RgbImage.Channels, RgbImage.Channels);
            if (Math.Min(pixel[0], Math.Min(pixel[1], pixel[2])) >= NearWhite)
            {
                outside[at] = true;
                open.Push(at);
            }
        }
    }

    /// <summary>
    /// How much of a pixel the emoji covers: 1 inside; beside the background, how far the pixel is on the way from white to the
    /// neighbour that differs most from white.
    /// </summary>
    private static float Coverage(ReadOnlySpan<byte> pixels, bool[] outside, int x, int y, int width, int height)
    {
        bool isBorder = false;
        int farthest = 0;
        int own = FromWhite(pixels, (y * width) + x);
        for (int dy = -1; dy <= 1; dy++)
        {
            for (int dx = -1; dx <= 1; dx++)
            {
                int nx = x + dx, ny = y + dy;
                if (nx >= 0 && ny >= 0 && nx < width && ny < height)
                {
                    int at = (ny * width) + nx;
                    isBorder |= outside[at];
                    farthest = Math.Max(farthest, FromWhite(pixels, at));
                }
            }
        }

        return isBorder ? own / (float)farthest : 1;
    }

    private static int FromWhite(ReadOnlySpan<byte> pixels, int at) =>
        (3 * White) + 1 - pixels[at * 3] - pixels[(at * 3) + 1] - pixels[(at * 3) + 2];

    /// <summary>Between the four pixels around a place; nothing beyond the border.</summary>
    private void AddSample(double x, double y, ref double r, ref double g, ref double b, ref double coverage)
    {
        int left = (int)Math.Floor(x), top = (int)Math.Floor(y);
        for (int corner = 0; corner < 4; corner++)
        {
            int px = left + (corner & 1), py = top + (corner >> 1);
            if (px < 0 || py < 0 || px >= width || py >= height)
            {
                continue;
            }

            double share = (1 - Math.Abs(x - px)) * (1 - Math.Abs(y - py));
            int at = ((py * width) + px) * 4;
            r += share * cut[at];
            g += share * cut[at + 1];
            b += share * cut[at + 2];
            coverage += share * cut[at + 3];
        }
    }

    /// <summary>A rectangle in which the background is seen instead of the emoji; empty in most pictures.</summary>
    private readonly record struct Hole(double Left, double Top, double Width, double Height)
    {
        public static Hole Draw(int size, ref SplitMix64 random) => random.NextUnit() < HoleShare
            ? new Hole(
                Background.Between(0, 0.8 * size, ref random), Background.Between(0, 0.8 * size, ref random),
                Background.Between(0.15 * size, 0.4 * size, ref random), Background.Between(0.15 * size, 0.4 * size, ref random))
            : default;

        public bool Contains(int x, int y) => x >= Left && x < Left + Width && y >= Top && y < Top + Height;
    }
}
