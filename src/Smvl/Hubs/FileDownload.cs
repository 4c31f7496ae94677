using System.Buffers;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using Smvl.Net;

namespace Smvl.Hubs;

/// <summary>
/// One file from its hub to this machine: its missing ranges side by side, each continued where it broke, whole where the server sends
/// no ranges, then compared with the hub's hash and renamed.
/// </summary>
/// <param name="hub">where from</param>
/// <param name="listing">that names the file</param>
/// <param name="file">which</param>
/// <param name="connections">how many requests may run at once, over all files</param>
/// <param name="pieceBytes">most bytes of a request</param>
/// <param name="observer">who watches</param>
internal sealed class FileDownload(Hub hub, HubListing listing, HubFile file, SemaphoreSlim connections, long pieceBytes, IDownloadObserver observer)
{
    private const int BufferBytes = 256 << 10;
    private const int MostTimes = 2;

    private readonly Uri address = hub.AddressOf(listing, file);

    /// <param name="partial">where it grows</param>
    /// <param name="destination">where it is put when it is whole</param>
    /// <param name="cancellation">ends it; the partial file stays</param>
    /// <exception cref="SmvlException">the hub has another content than it lists, or does not answer</exception>
    public async Task Run(string partial, string destination, CancellationToken cancellation)
    {
        for (int time = 1; ; time++)
        {
            try
            {
                using (var growing = PartialFile.Open(partial, file))
                {
                    observer.OnProgress(file, growing.Have);
                    await Fetch(growing, cancellation).ConfigureAwait(false);
                    Verify(growing, cancellation);
                }

                PartialFile.Commit(partial, destination);
                return;
            }
            catch (WrongContentException e)
            {
                PartialFile.Delete(partial);
                if (time == MostTimes)
                {
                    throw new SmvlException(
                        "what the hub sends is not what it lists", $"{listing.Repository}, {file.Path}", e.Expected, e.Actual, "it was removed; try again later");
                }

                observer.OnNote($"{file.Path}: what came is not what the hub lists; once more from its start");
            }
        }
    }

    private void Verify(PartialFile growing, CancellationToken cancellation)
    {
        RandomAccess.SetLength(growing.Handle, file.Size);
        RandomAccess.FlushToDisk(growing.Handle);
        if (file.Hash is not { } expected)
        {
            observer.OnNote($"{file.Path}: the hub names no hash, so only its size was checked");
            return;
        }

        ContentHash actual = ContentHash.Compute(expected.Kind, growing.Handle, cancellation);
        if (actual != expected)
        {
            throw new WrongContentException($"{expected}", $"{actual}");
        }
    }

    private async Task Fetch(PartialFile growing, CancellationToken cancellation)
    {
        try
        {
            IReadOnlyList<MissingRange> pieces = growing.Pieces(pieceBytes);
            await Parallel.ForEachAsync(
                pieces,
                new ParallelOptions { MaxDegreeOfParallelism = Math.Max(1, pieces.Count), CancellationToken = cancellation },
                async (piece, stop) => await hub.Repeat(file.Path, attempt => FetchPiece(growing, piece, attempt), stop, () => piece.Position).ConfigureAwait(false))
                .ConfigureAwait(false);
        }
        catch (RangesRefusedException)
        {
            await hub.Repeat(file.Path, attempt => FetchPiece(growing, growing.Restart(), attempt), cancellation).ConfigureAwait(false);
        }
    }

    private async Task<bool> FetchPiece(PartialFile growing, MissingRange piece, CancellationToken cancellation)
    {
        await connections.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            long from = piece.Position;
            bool whole = from == 0 && piece.End == file.Size;
            using HttpResponseMessage response = await hub.Get(address, whole ? null : new RangeHeaderValue(from, piece.End - 1), cancellation).ConfigureAwait(false);
            if (!whole && response.StatusCode is HttpStatusCode.OK or HttpStatusCode.RequestedRangeNotSatisfiable or HttpStatusCode.PartialContent && !IsRange(response, piece))
            {
                throw new RangesRefusedException();
            }

            if (response.StatusCode is not (HttpStatusCode.OK or HttpStatusCode.PartialContent))
            {
                throw await hub.Failure(listing.Repository, listing.Revision, response, cancellation).ConfigureAwait(false);
            }

            await Copy(response, growing, piece, cancellation).ConfigureAwait(false);
            return true;
        }
        finally
        {
            connections.Release();
        }
    }

    private bool IsRange(HttpResponseMessage response, MissingRange piece) =>
        response.StatusCode == HttpStatusCode.PartialContent
        && response.Content.Headers.ContentEncoding.Count == 0   // else they are bytes of something else
        && response.Content.Headers.ContentRange is { } range
        && range.From == piece.Position && range.To == piece.End - 1 && (range.Length ?? file.Size) == file.Size;

    private async Task Copy(HttpResponseMessage response, PartialFile growing, MissingRange piece, CancellationToken cancellation)
    {
        long expected = piece.End - piece.Position;
        if (response.Content.Headers.ContentEncoding.Count == 0 && response.Content.Headers.ContentLength is { } length && length != expected)
        {
            throw Differs(length);
        }

        byte[] buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
        try
        {
            await using Stream body = await Hub.Body(response, cancellation).ConfigureAwait(false);
            int read;
            while ((read = await body.ReadSome(buffer.AsMemory(0, BufferBytes), hub.Settings.Silence, cancellation).ConfigureAwait(false)) > 0)
            {
                if (read > piece.End - piece.Position)
                {
                    throw Differs(piece.Position + read);
                }

                growing.Write(piece, buffer.AsSpan(0, read));
                observer.OnProgress(file, growing.Have);
            }
        }
        catch (InvalidDataException e)   // compressed, and damaged
        {
            throw new HttpIOException(HttpRequestError.InvalidResponse, e.Message, e);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        if (piece.Position < piece.End)
        {
            throw new HttpIOException(HttpRequestError.ResponseEnded, "the answer ended early");
        }
    }

    private WrongContentException Differs(long bytes) =>
        new(string.Create(CultureInfo.InvariantCulture, $"{file.Size} bytes"), string.Create(CultureInfo.InvariantCulture, $"{bytes} bytes or more"));
}
