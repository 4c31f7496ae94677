namespace Smvl.Bench;

/// <summary>Rows of floats; the amount is one such tensor's bytes.</summary>
public sealed record RowCase(int Rows, int Width) : ICase
{
    public double Amount => (double)Rows * Width * sizeof(float);

    public override string ToString() => $"{Rows} x {Width}";
}
