using Smvl.Models;
using Smvl.Tensors;
using Smvl.Text;

namespace Smvl.Cli.TinyBases;

/// <summary>
/// Makes of a text model that reads grids one that reads pictures' rows: what a connector can bring, and the marks around it, become what the
/// model knows.
/// </summary>
internal static class ReaderEmbeddings
{
    private const string Embedding = "text.embedding";

    /// <summary>
    /// The 96 words of things become the nearest sums of a color's, a shape's and a size's part, which are the means over all words of a color,
    /// a shape and a size: a connector is one matrix, and what it makes of a thing whose color and shape never came together in
    /// training is such a sum. The marks around a picture's rows, which no text has, become the mean of the marks around grids.
    /// </summary>
    /// <returns>the share of the variance among the words that sums explain, 0 to 1: what was left of their embeddings</returns>
    /// <exception cref="SmvlException">a word or mark is no token</exception>
    public static double Settle(ModelFolder model, Backend backend)
    {
        SceneObject[] things =
        [
            .. from size in Enum.GetValues<SceneSize>()
               from color in Enum.GetValues<SceneColor>()
               from shape in Enum.GetValues<SceneShape>()
               select new SceneObject(shape, color, size, 0),
        ];
        Parameter parameter = model.Model.Parameters.Single(p => p.Name == Embedding);
        int width = parameter.Shape[1];
        using Tensor table = backend.Allocate(DType.F32, parameter.Shape);
        backend.Copy(table, parameter.Value);
        var values = new float[table.Count];
        backend.Download<float>(table, values);
        int[] rows = [.. things.Select(thing => Token(model, SceneGrid.Word(thing)))];
        double variance = 0, left = 0;
        for (int column = 0; column < width; column++)
        {
            double[] now = [.. rows.Select(row => (double)values[(row * width) + column])];
            double mean = now.Average();
            double[] colors = Means(o => (int)o.Color, SceneObject.Colors), shapes = Means(o => (int)o.Shape, SceneObject.Shapes), sizes = Means(o => (int)o.Size, 2);
            for (int i = 0; i < things.Length; i++)
            {
                double sum = colors[(int)things[i].Color] + shapes[(int)things[i].Shape] + sizes[(int)things[i].Size] - (2 * mean);
                variance += (now[i] - mean) * (now[i] - mean);
                left += (now[i] - sum) * (now[i] - sum);
                values[(rows[i] * width) + column] = (float)sum;
            }

            double[] Means(Func<SceneObject, int> property, int count) =>
                [.. Enumerable.Range(0, count).Select(value => now.Where((_, i) => property(things[i]) == value).Average())];
        }

        int[] marks = [.. SceneGrid.Marks.Select(mark => Token(model, mark))];
        foreach (int around in model.Tokenizer.Encode(ImageLayout.Qwen.Expand(new ImageGrid(0, 0), 1)).Distinct())
        {
            for (int column = 0; column < width; column++)
            {
                values[(around * width) + column] = marks.Average(mark => values[(mark * width) + column]);
            }
        }

        backend.Upload<float>(values, table);
        parameter.Replace(backend, table);
        return 1 - (left / variance);
    }

    private static int Token(ModelFolder model, string word) =>
        model.Tokenizer.Encode(word) is [int id] ? id : throw new SmvlException("a word or mark of a scene's grid is no token of its own", model.Path, "one token", word);
}
