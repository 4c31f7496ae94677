namespace Smvl.Tensors;

/// <summary>The extents of a tensor, row-major; up to four dimensions are all this model needs.</summary>
public readonly struct Shape : IEquatable<Shape>
{
    private readonly long[] dims;

    public Shape(params ReadOnlySpan<long> dims) => this.dims = dims.ToArray();

    /// <summary>Number of dimensions; 0 is a scalar.</summary>
    public int Rank => dims?.Length ?? 0;

    public int this[int axis] => checked((int)dims[axis < 0 ? dims.Length + axis : axis]);

    public ReadOnlySpan<long> Dims => dims;

    /// <summary>Product of the extents.</summary>
    public long Count
    {
        get
        {
            long count = 1;
            foreach (long d in Dims)
            {
                count = checked(count * d);
            }

            return count;
        }
    }

    /// <summary>Rows when the tensor is read as a matrix: all but the last extent.</summary>
    public int Rows => Rank == 0 ? 1 : checked((int)(this[^1] == 0 ? 0 : Count / this[^1]));

    /// <summary>Width of a row: the last extent.</summary>
    public int Width => Rank == 0 ? 1 : this[^1];

    private int this[Index index] => this[index.GetOffset(Rank)];

    public bool Equals(Shape other) => Dims.SequenceEqual(other.Dims);

    public override bool Equals(object? obj) => obj is Shape other && Equals(other);

    public override int GetHashCode()
    {
        HashCode hash = default;
        foreach (long d in Dims)
        {
            hash.Add(d);
        }

        return hash.ToHashCode();
    }

    public static bool operator ==(Shape a, Shape b) => a.Equals(b);

    public static bool operator !=(Shape a, Shape b) => !a.Equals(b);

    /// <summary>As the field writes it: <c>[1024, 3072]</c>.</summary>
    public override string ToString() => "[" + string.Join(", ", dims ?? []) + "]";
}
