using System.Numerics.Tensors;
using Smvl.Formats;
using Smvl.Tensors;
using Smvl.Tensors.Cpu;
using Smvl.Text;
using Tensor = Smvl.Tensors.Tensor;

namespace Smvl.Models;

/// <summary>
/// The embedding, or an untied head, of a text model that gets new tokens: the stored bytes, but for the new tokens' rows, which begin
/// as the mean of the other tokens' rows plus a little noise, and for rows behind them where the matrix grows, which are the mean itself:
/// in the middle of what the decoder knows, and apart from each other.
/// </summary>
internal sealed class NewTokenRows
{
    /// <summary>A matrix that grows has a multiple of so many rows, as published vocabularies are padded.</summary>
    private const int Multiple = 64;

    /// <summary>The noise's deviation beside the rows' own about their mean.</summary>
    private const double NoiseShare = 0.1;

    private readonly int firstId;
    private readonly int count;
    private readonly long seed;

    /// <param name="tokens">with consecutive ids; none leave every matrix as it is</param>
    /// <param name="seed">of the noise</param>
    public NewTokenRows(IReadOnlyList<AddedToken> tokens, long seed)
    {
        firstId = tokens.Count == 0 ? 0 : tokens[0].Id;
        count = tokens.Count;
        this.seed = seed;
    }

    /// <summary>Rows of the embedding with the new tokens: as many as before where they fit among the unused ones.</summary>
    public int RowsOf(int before) => firstId + count <= before ? before : (firstId + count + Multiple - 1) / Multiple * Multiple;

    /// <summary>The matrix on its way into a file.</summary>
    /// <param name="name">in the file</param>
    /// <param name="stored">(V, D) as the source has it, a float type</param>
    /// <param name="cancellation">heard between two pieces</param>
    public TensorSource Source(string name, Tensor stored, CancellationToken cancellation)
    {
        if (count == 0)
        {
            return TensorSource.From(name, stored, cancellation);
        }

        int rows = stored.Shape[0], width = stored.Shape.Width, grown = RowsOf(rows);
        return new TensorSource(name, stored.DType, new Shape(grown, width), stream =>
        {
            using CpuBackend backend = new(1);
            using Tensor narrow = backend.Allocate(stored.DType, new Shape(1, width));
            (float[] mean, double deviation) = Middle(stored, cancellation);
            HostBytes.CopyTo(stored.Slice(0, firstId), stream, cancellation);
            float[] noise = new float[(long)count * width];
            new CounterRandom(seed, name + ".new").Normal(noise, 0, NoiseShare * deviation);
            for (int row = 0; row < count; row++)
            {
                Span<float> values = noise.AsSpan(row * width, width);
                TensorPrimitives.Add(values, mean, values);
                Write(values);
            }

            int behind = firstId + count;
            if (behind < rows)
            {
                HostBytes.CopyTo(stored.Slice(behind, rows - behind), stream, cancellation);
            }

            for (int row = Math.Max(behind, rows); row < grown; row++)
            {
                Write(mean);
            }

            void Write(ReadOnlySpan<float> row)
            {
                FloatConversion.FromSingle(row, narrow, 0);
                HostBytes.CopyTo(narrow, stream, cancellation);
            }
        });
    }

    /// <summary>The mean (D) of the rows of the tokens that were there, and the deviation of their elements from it.</summary>
    private (float[] Mean, double Deviation) Middle(Tensor stored, CancellationToken cancellation)
    {
        int width = stored.Shape.Width;
        double[] sum = new double[width], wide = new double[width];
        float[] row = new float[width];
        double squares = 0;
        for (int id = 0; id < firstId; id++)
        {
            cancellation.ThrowIfCancellationRequested();
            FloatConversion.ToSingle(stored, (long)id * width, row);
            TensorPrimitives.ConvertTruncating<float, double>(row, wide);
            TensorPrimitives.Add(sum, wide, sum);
            squares += TensorPrimitives.SumOfSquares<double>(wide);
        }

        TensorPrimitives.Divide(sum, (double)firstId, sum);
        double variance = (squares / firstId) - TensorPrimitives.SumOfSquares<double>(sum);   // of a whole row
        return ([.. sum.Select(value => (float)value)], Math.Sqrt(Math.Max(0, variance) / width));
    }
}
