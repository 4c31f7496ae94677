using System.Globalization;
using System.Text.Json;
using Smvl.Data;
using Smvl.Formats;
using Smvl.Images;
using Smvl.Models;
using Smvl.Tensors;

namespace Smvl.Training;

/// <summary>
/// What a step with a NaN or an infinity leaves behind, to be looked into: a folder <c>not_finite-STEP</c> in the output folder with
/// <c>report.json</c> (the first bad tensor, the rows, statistics of every trained tensor), the batch as the model got it
/// (<c>batch.safetensors</c>) and each tile as a PNG. The step is computed again under <see cref="FiniteWatch"/> to find where it began.
/// </summary>
internal sealed class NotFiniteReport(ModelFolder folder, TrainingData data, string outputDir)
{
    public const string FileName = "report.json";
    public const string BatchName = "batch.safetensors";

    private VisionLanguageModel Model => folder.Model;

    /// <summary>Writes the folder.</summary>
    /// <param name="step">the one that failed, from 1</param>
    /// <param name="what">the loss, or a gradient</param>
    /// <param name="value">of it</param>
    /// <param name="rows">of every micro-batch in question</param>
    /// <returns>the error that ends the run</returns>
    public SmvlException Write(int step, string what, double value, IEnumerable<int[]> rows)
    {
        int[][] batches = [.. rows];
        string target = Path.Combine(outputDir, string.Create(CultureInfo.InvariantCulture, $"not_finite-{step}"));
        Directory.CreateDirectory(target);
        (string where, int culprit) = FindFirst(batches);
        using MicroBatch loaded = Load(batches[culprit]);
        WriteBatch(target, loaded.Batch);
        WriteReport(target, step, what, value, where, loaded);
        return new SmvlException(
            $"{what} is not finite; the weights were left as they were before this step",
            $"step {step}",
            actual: FormattableString.Invariant($"{value}, first in {where}, on {string.Join("; ", loaded.Rows.Select(data.Describe))}"),
            hint: $"lower learning_rate or look at these rows; {target} holds the batch; the last checkpoint stands");
    }

    private MicroBatch Load(int[] rows) => data.LoadAhead([rows], rows.Length, ahead: 1).Single();

    /// <summary>The first bad tensor, in words, and the micro-batch that makes it.</summary>
    private (string Where, int Batch) FindFirst(int[][] batches)
    {
        if (Model.Parameters.FirstOrDefault(p => p.Value.DType.IsFloat() && FiniteWatch.CountNotFinite(Model.Backend, p.Value) > 0) is { } broken)
        {
            return ($"the weight {broken.Name} {broken.Shape} itself", 0);
        }

        if (Model.Backend is FiniteWatch watch)
        {
            (string, Tensor)[] named =
            [
                .. Model.Parameters.Select(p => (p.Name, p.Value)),
                .. Model.Trained.Select(p => (p.Name, p.Gradient!)),
            ];
            for (int i = 0; i < batches.Length; i++)
            {
                using MicroBatch loaded = Load(batches[i]);
                foreach (Parameter parameter in Model.Trained)
                {
                    Model.Backend.Fill(parameter.Gradient!, 0f);
                }

                watch.Watch(named, () => Model.LossAndGradients(loaded.Batch, 1.0 / Math.Max(1, loaded.Batch.Targets.Count)));
                if (watch.First is { } first)
                {
                    return (first.ToString(), i);
                }
            }
        }

        return ("the sum over the step's micro-batches", 0);
    }

    private void WriteBatch(string target, Batch batch)
    {
        List<(string Name, Tensor Tensor)> tensors = [];
        Add("input_ids", batch.Ids);
        Add("lengths", batch.Lengths);
        Add("target_rows", batch.TargetRows);
        Add("targets", batch.Targets);
        SafetensorsWriter.Write(Path.Combine(target, BatchName), tensors.Select(each => TensorSource.From(each.Name, each.Tensor)));
        tensors.ForEach(each => each.Tensor.Dispose());
        if (Model.TakesPictures)
        {
            WriteTiles(target, batch);
        }

        void Add(string name, IReadOnlyList<int> values)
        {
            Tensor tensor = Model.Backend.Allocate(DType.I32, new Shape(values.Count));
            Model.Backend.Upload<int>([.. values], tensor);
            tensors.Add((name, tensor));
        }
    }

    private void WriteTiles(string target, Batch batch)
    {
        int size = Model.Config.Vision.ImageSize, plane = size * size;
        for (int sample = 0; sample < batch.Tiles.Count; sample++)
        {
            ReadOnlySpan<byte> tiles = batch.Tiles[sample].Span;
            for (int tile = 0; tile * 3 * plane < tiles.Length; tile++)
            {
                byte[] pixels = new byte[3 * plane];
                for (int i = 0; i < pixels.Length; i++)
                {
                    pixels[i] = tiles[(tile * 3 * plane) + (i % 3 * plane) + (i / 3)];
                }

                using RgbImage image = new(size, size, pixels);
                File.WriteAllBytes(
                    Path.Combine(target, string.Create(CultureInfo.InvariantCulture, $"sample-{sample}-tile-{tile}.png")), LibGd.EncodePng(image));
            }
        }
    }

    private void WriteReport(string target, int step, string what, double value, string where, MicroBatch loaded) =>
        HuggingFaceJson.WriteObject(Path.Combine(target, FileName), json =>
        {
            json.WriteNumber("step", step);
            json.WriteString("not_finite", what);
            json.WriteString("value", value.ToString(CultureInfo.InvariantCulture));
            json.WriteString("first", where);
            json.WriteStartArray("rows");
            foreach (int row in loaded.Rows)
            {
                json.WriteStartObject();
                data.Locate(row).WriteFields(json);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteStartArray("tensors");
            foreach (Parameter parameter in Model.Trained)
            {
                json.WriteStartObject();
                json.WriteString("name", parameter.Name);
                json.WriteString("shape", parameter.Shape.ToString());
                WriteStatistics(json, "value", parameter.Value);
                WriteStatistics(json, "gradient", parameter.Gradient!);
                json.WriteEndObject();
            }

            json.WriteEndArray();
        });

    private void WriteStatistics(Utf8JsonWriter json, string name, Tensor tensor)
    {
        float[] values = FiniteWatch.Values(Model.Backend, tensor);
        float[] finite = [.. values.Where(float.IsFinite)];
        json.WriteStartObject(name);
        json.WriteNumber("not_finite", values.Length - finite.Length);
        if (finite.Length > 0)
        {
            json.WriteNumber("mean", finite.Average(each => (double)each));
            json.WriteNumber("least", finite.Min());
            json.WriteNumber("greatest", finite.Max());
        }

        json.WriteEndObject();
    }
}
