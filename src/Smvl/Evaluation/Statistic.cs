namespace Smvl.Evaluation;

/// <summary>A figure over some of a task's units; a unit is a question, or a group of questions that are scored together.</summary>
/// <param name="Name">what tables call it</param>
/// <param name="Of">the figure of units, by their numbers; a unit may be there several times</param>
/// <param name="Scale">what tables multiply it by: 100 for shares, 1 for points</param>
public sealed record Statistic(string Name, Func<IReadOnlyList<int>, double> Of, double Scale = 100);

/// <summary>What a metric makes of a task's answers.</summary>
/// <param name="Scores">one for each answer, 0 to 1 (captions: CIDEr / 10)</param>
/// <param name="Units">numbers of the answers in each unit</param>
/// <param name="Statistics">the first is the score</param>
public sealed record Scoring(IReadOnlyList<double> Scores, IReadOnlyList<IReadOnlyList<int>> Units, IReadOnlyList<Statistic> Statistics);
