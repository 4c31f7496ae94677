using System.Net;
using System.Net.Sockets;

namespace Smvl.Net;

/// <summary>Which failures of a request pass with time, so that asking again is worth it.</summary>
internal static class TransientFailure
{
    /// <summary>408, 429 and all of 5xx.</summary>
    public static bool Is(HttpStatusCode status) => status is HttpStatusCode.RequestTimeout or HttpStatusCode.TooManyRequests || (int)status is >= 500 and < 600;

    /// <summary>
    /// No connection, one that broke, a server that was silent too long, or a status of the list above. A file that could not be written
    /// is an <see cref="IOException"/> too, and is none of these.
    /// </summary>
    public static bool Is(Exception failure) => failure switch
    {
        TransientStatusException => true,
        HttpRequestException request => request.StatusCode is null,
        HttpIOException or TimeoutException or SocketException => true,
        IOException => failure.InnerException is SocketException,
        _ => false,
    };
}
