using System.Globalization;
using Smvl.Formats;
using Smvl.Tensors;

namespace Smvl.Training;

/// <summary>
/// What an average step spent its time on, as a table and as a file. Operations, what lies outside of them, and waiting for data add up
/// to the step.
/// </summary>
/// <param name="Steps">steps counted</param>
/// <param name="FirstLeftOut">whether a first step came before them</param>
/// <param name="Seconds">of all counted steps</param>
/// <param name="Waiting">seconds of them, until their samples were there</param>
/// <param name="Operations">by kind, of all counted steps</param>
public sealed record ProfileReport(
    int Steps, bool FirstLeftOut, double Seconds, double Waiting, IReadOnlyDictionary<OperationKind, OperationTally> Operations)
{
    public const string FileName = "profile.json";

    private const double Giga = 1e9;

    private const int LabelWidth = 26;

    private double InOperations => Operations.Values.Sum(tally => tally.Seconds);

    private double Outside => Seconds - Waiting - InOperations;

    private double Flop => Operations.Where(o => o.Key.Unit() == WorkUnit.Flop).Sum(o => (double)o.Value.Work);

    /// <summary>A heading and the table, the longest operations first.</summary>
    public IReadOnlyList<string> Lines() =>
    [
        Invariant($"profile: mean of {Steps} {(Steps == 1 ? "step" : "steps")}{(FirstLeftOut ? ", the first one left out" : "")}"),
        Invariant($"{"operation",-LabelWidth}{"calls",10}{"seconds",12}{"share",9}{"rate",19}").TrimEnd(),
        .. Longest().Select(o => Line(
            o.Kind.Label(), o.Tally.Seconds, Invariant($"{(double)o.Tally.Calls / Steps:0.##}"), Rate(o.Tally.Work, o.Tally.Seconds, o.Kind.Unit()))),
        Line("all operations", InOperations, Invariant($"{(double)Operations.Values.Sum(t => t.Calls) / Steps:0.##}"), Rate(Flop, InOperations, WorkUnit.Flop)),
        Line("outside operations", Outside),
        Line("waiting for data", Waiting),
        Line("step", Seconds, rate: Rate(Flop, Seconds, WorkUnit.Flop)),
    ];

    /// <summary>Writes <see cref="FileName"/> into the folder; everything in it is per step.</summary>
    public void Write(string folder) => HuggingFaceJson.WriteObject(Path.Combine(folder, FileName), json =>
    {
        json.WriteNumber("steps", Steps);
        json.WriteBoolean("first_step_left_out", FirstLeftOut);
        json.WriteNumber("seconds", Seconds / Steps);
        json.WriteNumber("gflop", Flop / Steps / Giga);
        json.WriteNumber("operations_seconds", InOperations / Steps);
        json.WriteNumber("outside_operations_seconds", Outside / Steps);
        json.WriteNumber("waiting_for_data_seconds", Waiting / Steps);
        json.WriteStartArray("operations");
        foreach ((OperationKind kind, OperationTally tally) in Longest())
        {
            json.WriteStartObject();
            json.WriteString("kind", kind.Label());
            json.WriteNumber("calls", (double)tally.Calls / Steps);
            json.WriteNumber("seconds", tally.Seconds / Steps);
            json.WriteNumber("share", tally.Seconds / Seconds);
            if (kind.Unit() is { } unit)
            {
                string work = unit == WorkUnit.Flop ? "gflop" : "gb";
                json.WriteNumber(work, tally.Work / Giga / Steps);
                json.WriteNumber(work + "_per_second", tally.Ticks == 0 ? 0 : tally.Work / Giga / tally.Seconds);
            }

            json.WriteEndObject();
        }

        json.WriteEndArray();
    });

    private IEnumerable<(OperationKind Kind, OperationTally Tally)> Longest() =>
        Operations.OrderByDescending(o => o.Value.Ticks).Select(o => (o.Key, o.Value));

    private string Line(string label, double seconds, string calls = "", string rate = "") =>
        Invariant($"{label,-LabelWidth}{calls,10}{seconds / Steps,12:F6}{100 * seconds / Seconds,7:F1} %{rate,19}").TrimEnd();

    private static string Rate(double work, double seconds, WorkUnit? unit) =>
        unit is null || seconds == 0 ? "" : Invariant($"{work / Giga / seconds:F1} {(unit == WorkUnit.Flop ? "GFLOP/s" : "GB/s   ")}");

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
