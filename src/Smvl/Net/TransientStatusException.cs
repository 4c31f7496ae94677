using System.Net;

namespace Smvl.Net;

/// <summary>A status that passes with time, see <see cref="TransientFailure"/>.</summary>
/// <param name="status">the status</param>
/// <param name="retryAfter">how long the server asks to wait; null where it does not say</param>
internal sealed class TransientStatusException(HttpStatusCode status, TimeSpan? retryAfter = null)
    : HttpRequestException($"the server answered {(int)status} {status}", null, status)
{
    public TimeSpan? RetryAfter { get; } = retryAfter;

    /// <summary>Throws where the answer's status passes with time, and disposes the answer then.</summary>
    /// <param name="response">an answer</param>
    /// <param name="clock">what a date in Retry-After is measured from</param>
    public static void ThrowIfTransient(HttpResponseMessage response, TimeProvider clock)
    {
        if (!TransientFailure.Is(response.StatusCode))
        {
            return;
        }

        // RFC 9110, section 10.2.3: seconds or a date
        TimeSpan? wait = response.Headers.RetryAfter is not { } after ? null : after.Delta ?? after.Date - clock.GetUtcNow();
        HttpStatusCode status = response.StatusCode;
        response.Dispose();
        throw new TransientStatusException(status, wait < TimeSpan.Zero ? TimeSpan.Zero : wait);
    }
}
