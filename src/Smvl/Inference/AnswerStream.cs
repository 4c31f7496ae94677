using System.Runtime.CompilerServices;
using System.Threading.Channels;

namespace Smvl.Inference;

/// <summary>An answer that is computed on a thread of its own, as the pieces it writes.</summary>
internal static class AnswerStream
{
    /// <summary>
    /// The pieces as they come; ends with the answer, or with what it failed with. Leaving the enumeration stops the answer and waits
    /// until it has stopped.
    /// </summary>
    /// <param name="thread">where it is computed</param>
    /// <param name="ask">gives each piece to its first argument, and listens to its second</param>
    /// <param name="finished">gets the answer, before the enumeration ends</param>
    /// <param name="cancellation">stops the answer</param>
    public static async IAsyncEnumerable<string> Of(
        AnswerThread thread, Func<Action<string>, CancellationToken, ChatAnswer> ask, Action<ChatAnswer>? finished = null,
        [EnumeratorCancellation] CancellationToken cancellation = default)
    {
        using CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        Channel<string> pieces = Channel.CreateUnbounded<string>(new UnboundedChannelOptions { SingleReader = true, SingleWriter = true });
        Task<ChatAnswer> asking = thread.Run(() =>
        {
            try
            {
                return ask(piece => pieces.Writer.TryWrite(piece), stop.Token);
            }
            finally
            {
                pieces.Writer.Complete();
            }
        });
        try
        {
            // not cancelled itself: the answer is, and completes the channel
            await foreach (string piece in pieces.Reader.ReadAllAsync(CancellationToken.None).ConfigureAwait(false))
            {
                yield return piece;
            }

            ChatAnswer answer = await asking.ConfigureAwait(false);
            finished?.Invoke(answer);
        }
        finally
        {
            await stop.CancelAsync().ConfigureAwait(false);
            await ((Task)asking).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
