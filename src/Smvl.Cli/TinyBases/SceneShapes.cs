namespace Smvl.Cli.TinyBases;

/// <summary>The shapes' outlines around the origin, y downwards, upright, of about the same weight for the eye at radius 1.</summary>
internal static class SceneShapes
{
    /// <summary>No shape reaches farther from its centre than this, turned as it may be.</summary>
    public const double Reach = 1.25;

    private const double SquareHalf = 0.84, TriangleRadius = 1.2, StarOuter = 1.18, StarInner = 0.5, CrossArm = 1, CrossHalf = 0.34, HeartScale = 1.12, HeartRise = 0.12;

    /// <summary>Whether a point belongs to the shape.</summary>
    public static bool Contains(SceneShape shape, double x, double y) => shape switch
    {
        SceneShape.Circle => (x * x) + (y * y) <= 1,
        SceneShape.Square => Math.Max(Math.Abs(x), Math.Abs(y)) <= SquareHalf,
        SceneShape.Triangle => Triangle(x, y),
        SceneShape.Star => Star(x, y),
        SceneShape.Cross => Math.Min(Math.Abs(x), Math.Abs(y)) <= CrossHalf && Math.Max(Math.Abs(x), Math.Abs(y)) <= CrossArm,
        _ => Heart(x * HeartScale, (HeartRise - y) * HeartScale),
    };

    /// <summary>Equal sides, a corner up, the middle of its height at the origin.</summary>
    private static bool Triangle(double x, double y)
    {
        double down = y - (TriangleRadius / 4);
        return down <= TriangleRadius / 2 && (Math.Abs(x) * Math.Sqrt(3)) - down <= TriangleRadius;
    }

    /// <summary>Five points, one up.</summary>
    private static bool Star(double x, double y)
    {
        const double half = Math.PI / 5;

        // folded into the half of one point: its tip lies at angle 0, the notch beside it at half
        double angle = Math.Abs(Math.IEEERemainder(Math.Atan2(x, -y), 2 * half));
        double radius = Math.Sqrt((x * x) + (y * y));
        (double sine, double cosine) = Math.SinCos(angle);
        double px = radius * cosine, py = radius * sine;
        double notchX = StarInner * Math.Cos(half), notchY = StarInner * Math.Sin(half);
        return ((notchX - StarOuter) * py) - (notchY * (px - StarOuter)) >= 0;
    }

    /// <summary>The sextic (x² + y² - 1)³ = x² y³, y upwards.</summary>
    private static bool Heart(double x, double y)
    {
        double round = (x * x) + (y * y) - 1;
        return (round * round * round) - (x * x * y * y * y) <= 0;
    }
}
