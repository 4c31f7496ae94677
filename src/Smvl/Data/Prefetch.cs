namespace Smvl.Data;

/// <summary>Loads ahead on other threads, and hands out in the given order: who loads first never changes what comes next.</summary>
internal static class Prefetch
{
    /// <summary>
    /// A result belongs to whoever got it; those that nobody came for are disposed with the enumerator, where they can be, which waits for
    /// them. Every result that had to be waited for, the first one apart, widens the window by one.
    /// </summary>
    /// <param name="inputs">what to load; read lazily, may be endless</param>
    /// <param name="load">called on pool threads; its exception comes out where its result would</param>
    /// <param name="ahead">results loaded or kept ready beyond the one handed out, at least 1</param>
    /// <param name="most">the widest window, at least <paramref name="ahead"/></param>
    public static IEnumerable<TOutput> InOrder<TInput, TOutput>(IEnumerable<TInput> inputs, Func<TInput, TOutput> load, int ahead, int most)
    {
        var window = new Queue<Task<TOutput>>();
        bool first = true;
        try
        {
            foreach (TInput input in inputs)
            {
                window.Enqueue(Task.Run(() => load(input)));
                if (window.Count > ahead)
                {
                    ahead += first || ahead == most || window.Peek().IsCompleted ? 0 : 1;
                    first = false;
                    yield return window.Dequeue().GetAwaiter().GetResult();
                }
            }

            while (window.TryDequeue(out Task<TOutput>? task))
            {
                yield return task.GetAwaiter().GetResult();
            }
        }
        finally
        {
            foreach (Task<TOutput> task in window)
            {
                Task.WaitAny(task);
                if (task.IsCompletedSuccessfully)
                {
                    (task.Result as IDisposable)?.Dispose();
                }
            }
        }
    }
}
