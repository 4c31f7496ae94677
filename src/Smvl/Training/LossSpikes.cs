using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using Smvl.Data;

namespace Smvl.Training;

/// <summary>
/// Steps whose loss stands out from those before (key <c>loss_spike_threshold</c>), with the rows that made them, as lines of
/// <c>loss_spikes.jsonl</c> in the output folder. A loss stands out when it lies above the mean of the last 50 by so many of their
/// standard deviations, and by a quarter of the mean at least. Nothing is judged before 20 steps, also of a continued run.
/// </summary>
/// <param name="outputDir">the run's</param>
/// <param name="threshold">standard deviations; 0: nothing is reported</param>
internal sealed class LossSpikes(string outputDir, double threshold)
{
    public const string FileName = "loss_spikes.jsonl";

    private const int Window = 50;
    private const int Fewest = 20;
    private const double LeastShare = 0.25;

    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly Queue<double> losses = new();

    private string FilePath => Path.Combine(outputDir, FileName);

    /// <summary>A continued run says again what an interrupted one said behind the checkpoint.</summary>
    /// <param name="step">of the checkpoint</param>
    public void ForgetBehind(int step)
    {
        if (File.Exists(FilePath))
        {
            string[] kept = [.. File.ReadLines(FilePath).Where(line => IsUpTo(line, step))];
            File.WriteAllLines(FilePath, kept);
        }
    }

    /// <summary>Takes a step's loss.</summary>
    /// <param name="step">steps done</param>
    /// <param name="loss">of the step</param>
    /// <param name="rows">the step's rows, with the mean loss of each one's tokens</param>
    /// <returns>a line for the user, or null</returns>
    public string? Observe(int step, double loss, IReadOnlyList<(RowLocation At, double Loss)> rows)
    {
        double mean = losses.Count == 0 ? 0 : losses.Average();
        double deviation = losses.Count == 0 ? 0 : Math.Sqrt(losses.Average(each => (each - mean) * (each - mean)));
        bool spikes = threshold > 0 && losses.Count >= Fewest && loss > mean + Math.Max(threshold * deviation, LeastShare * mean);
        losses.Enqueue(loss);
        if (losses.Count > Window)
        {
            losses.Dequeue();
        }

        if (!spikes)
        {
            return null;
        }

        Write(step, loss, mean, deviation, rows);
        (RowLocation at, double worst) = rows.MaxBy(row => row.Loss);
        return string.Create(
            CultureInfo.InvariantCulture,
            $"step {step}: the loss {loss:F4} stands out from the {mean:F4} ± {deviation:F4} before it; most of it is {at.Subset}, {at.File}, row {at.Row} ({worst:F4}); all rows are in {FileName}");
    }

    private void Write(int step, double loss, double mean, double deviation, IReadOnlyList<(RowLocation At, double Loss)> rows)
    {
        using FileStream file = new(FilePath, FileMode.Append, FileAccess.Write, FileShare.Read);
        using (Utf8JsonWriter json = new(file, Options))
        {
            json.WriteStartObject();
            json.WriteNumber("step", step);
            json.WriteNumber("loss", loss);
            json.WriteNumber("mean", mean);
            json.WriteNumber("standard_deviation", deviation);
            json.WriteStartArray("rows");
            foreach ((RowLocation at, double rowLoss) in rows.OrderByDescending(row => row.Loss))
            {
                json.WriteStartObject();
                at.WriteFields(json);
                json.WriteNumber("loss", rowLoss);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        file.WriteByte((byte)'\n');
    }

    // a last line that was cut off says nothing and goes
    private static bool IsUpTo(string line, int step)
    {
        try
        {
            using JsonDocument entry = JsonDocument.Parse(line);
            return entry.RootElement.GetProperty("step").GetInt32() <= step;
        }
        catch (JsonException)
        {
            return false;
        }
    }
}
