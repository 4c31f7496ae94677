namespace Smvl.Evaluation;

/// <summary>Some of a task's questions again, with their pictures.</summary>
internal static class TaskItems
{
    /// <param name="task">whose</param>
    /// <param name="data">another place for its data</param>
    /// <param name="rows">numbers of rows</param>
    public static IReadOnlyDictionary<(int Row, string Id), EvaluationItem> Find(EvaluationTask task, string? data, IReadOnlySet<int> rows)
    {
        var found = new Dictionary<(int Row, string Id), EvaluationItem>();
        int last = rows.Count == 0 ? -1 : rows.Max();
        using TaskData source = TaskData.Open(task, data);
        foreach ((int index, Func<IReadOnlyList<EvaluationItem>> read) in source.Rows().Index().Take(last + 1))
        {
            foreach (EvaluationItem item in rows.Contains(index) ? read() : [])
            {
                found[(index, item.Id)] = item;
            }
        }

        return found;
    }
}
