using System.Text;

namespace Smvl.Tensors.Gpu;

/// <summary>
/// Which <see cref="MatrixTile"/> is the fastest for a kind and size of product on this device: measured when one is first met, kept in a
/// text file for later processes. A tile never changes a result, so a wrong choice costs time only; a file that cannot be read or
/// written is done without.
/// </summary>
/// <param name="path">one line a choice, <c>kind = tile</c>; null: nothing is kept</param>
internal sealed class MatrixTileChoices(string? path)
{
    private readonly Dictionary<string, MatrixTile> choices = Read(path);

    /// <param name="kind">what products have in common that take the same tile</param>
    /// <param name="candidates">at least one</param>
    /// <param name="seconds">how long a product of this kind takes with a tile</param>
    public MatrixTile For(string kind, IReadOnlyList<MatrixTile> candidates, Func<MatrixTile, double> seconds)
    {
        if (!choices.TryGetValue(kind, out MatrixTile tile) || !candidates.Contains(tile))
        {
            tile = candidates.MinBy(seconds);
            choices[kind] = tile;
            Write();
        }

        return tile;
    }

    private static Dictionary<string, MatrixTile> Read(string? path)
    {
        Dictionary<string, MatrixTile> read = [];
        try
        {
            foreach (string line in path is not null && File.Exists(path) ? File.ReadAllLines(path) : [])
            {
                string[] parts = line.Split(" = ");
                MatrixTile tile = MatrixTile.All.FirstOrDefault(tile => tile.ToString() == parts[^1]);
                if (parts.Length == 2 && tile != default)
                {
                    read[parts[0]] = tile;
                }
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // measured again
        }

        return read;
    }

    private void Write()
    {
        if (path is not null)
        {
            string text = string.Concat(choices.OrderBy(choice => choice.Key, StringComparer.Ordinal).Select(choice => $"{choice.Key} = {choice.Value}\n"));
            GpuCacheFile.TryWrite(path, Encoding.UTF8.GetBytes(text));
        }
    }
}
