namespace Smvl.Data;

/// <summary>Loads ahead on other threads, and hands out in the given order: who loads first never changes what comes next.</summary>
internal static class Prefetch
{
    /// <param name="inputs">what to load; read lazily, may be endless</param>
    /// <param name="load">called on pool threads; its exception comes out where its result would</param>
    /// <param name="ahead">results kept ready beyond the one handed out</param>
    public static IEnumerable<TOutput> InOrder<TInput, TOutput>(IEnumerable<TInput> inputs, Func<TInput, TOutput> load, int ahead)
    {
        var window = new Queue<Task<TOutput>>();
        foreach (TInput input in inputs)
        {
            window.Enqueue(Task.Run(() => load(input)));
            if (window.Count > ahead)
            {
                yield return window.Dequeue().GetAwaiter().GetResult();
            }
        }

        while (window.TryDequeue(out Task<TOutput>? task))
        {
            yield return task.GetAwaiter().GetResult();
        }
    }
}
