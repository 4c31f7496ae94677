using System.Collections.Concurrent;

namespace Smvl.Inference;

/// <summary>
/// One thread that computes a session's answers, one after the other: kernels keep working memory for each thread that calls them, and
/// an answer must not hold up a thread of the pool. Started by the first answer, gone when disposed.
/// </summary>
internal sealed class AnswerThread : IDisposable
{
    private readonly BlockingCollection<Action> work = [];
    private readonly Lazy<Thread> thread;

    public AnswerThread() => thread = new(Start);

    public Task<T> Run<T>(Func<T> answer)
    {
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        _ = thread.Value;
        work.Add(() =>
        {
            try
            {
                done.SetResult(answer());
            }
            catch (OperationCanceledException e)
            {
                done.SetCanceled(e.CancellationToken);
            }
            catch (Exception e)
            {
                done.SetException(e);
            }
        });
        return done.Task;
    }

    /// <summary>Ends the thread behind what was handed to it, and waits for that.</summary>
    public void Dispose()
    {
        work.CompleteAdding();
        if (thread.IsValueCreated)
        {
            thread.Value.Join();
        }
    }

    private Thread Start()
    {
        var started = new Thread(() =>
        {
            foreach (Action next in work.GetConsumingEnumerable())
            {
                next();
            }
        })
        {
            IsBackground = true,
            Name = "answers",
        };
        started.Start();
        return started;
    }
}
