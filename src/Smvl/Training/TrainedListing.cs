using System.Globalization;
using System.Text.RegularExpressions;
using Smvl.Models;
using Smvl.Training.Optimizers;

namespace Smvl.Training;

/// <summary>What is trained, for people: a line for all tensors that differ in one number of their name only.</summary>
internal static partial class TrainedListing
{
    private const double Mebi = 1 << 20;

    /// <summary>Names as <see cref="TensorPattern"/> reads them, how many, their shape, their elements and their highest learning rate.</summary>
    /// <param name="trained">in the checkpoint's order, which the lines keep</param>
    /// <param name="arguments">the rates</param>
    public static IReadOnlyList<string> Lines(IReadOnlyList<Parameter> trained, TrainingArguments arguments) =>
    [
        .. from parameter in trained
           group parameter by (Name: Number().Replace(parameter.HuggingFace, ".*.", 1), parameter.Shape, Rate: ParameterGroup.LearningRateOf(parameter, arguments)) into alike
           select string.Create(
               CultureInfo.InvariantCulture,
               $"{Name(alike.Key.Name, alike)}  {(alike.Count() > 1 ? $"{alike.Count()} x " : "")}{alike.Key.Shape}  {alike.Sum(p => p.Shape.Count) / Mebi:F2}M  lr {alike.Key.Rate:0.##e-00}"),
    ];

    private static string Name(string pattern, IEnumerable<Parameter> alike)
    {
        int[] numbers = [.. alike.Select(p => Number().Match(p.HuggingFace)).Where(match => match.Success).Select(match => int.Parse(match.Groups["number"].Value, CultureInfo.InvariantCulture)).Order()];
        string written = numbers.Length == 1 ? numbers[0].ToString(CultureInfo.InvariantCulture) : $"{{{string.Join(',', Ranges(numbers))}}}";
        return numbers.Length == 0 ? pattern : pattern.Replace(".*.", $".{written}.", StringComparison.Ordinal);
    }

    private static IEnumerable<string> Ranges(int[] numbers)
    {
        for (int start = 0, end; start < numbers.Length; start = end)
        {
            for (end = start + 1; end < numbers.Length && numbers[end] == numbers[end - 1] + 1;)
            {
                end++;
            }

            yield return end - start == 1
                ? string.Create(CultureInfo.InvariantCulture, $"{numbers[start]}")
                : string.Create(CultureInfo.InvariantCulture, $"{numbers[start]}..{numbers[end - 1]}");
        }
    }

    [GeneratedRegex(@"\.(?<number>\d+)\.")]
    private static partial Regex Number();
}
