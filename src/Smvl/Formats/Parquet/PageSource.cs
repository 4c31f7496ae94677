using System.Buffers;
using Microsoft.Win32.SafeHandles;

namespace Smvl.Formats.Parquet;

/// <summary>Bytes, page headers and page bodies of one open file, at any offset and from any thread.</summary>
internal sealed class PageSource(SafeFileHandle handle, long length)
{
    /// <summary>Headers are tens of bytes, unless a writer puts the largest and smallest value into their statistics.</summary>
    private const int FirstHeaderBytes = 1 << 8;

    private const int MaxHeaderBytes = 1 << 24;

    public ReadOnlyMemory<byte> Read(long offset, int count)
    {
        CheckRange(offset, count);
        byte[] bytes = GC.AllocateUninitializedArray<byte>(count);
        Fill(bytes, offset);
        return bytes;
    }

    /// <summary>Reads the header of the page at <paramref name="offset"/>; the page must end inside its column chunk.</summary>
    public PageHeader ReadHeader(ColumnChunk chunk, long offset, out int headerLength)
    {
        // Start and End come from the footer, checked on opening
        long available = chunk.End - offset;
        if (offset < chunk.Start || available <= 0)
        {
            throw new InvalidDataException($"a page at {offset} lies outside its column chunk, {chunk.Start} to {chunk.End}");
        }

        for (int count = FirstHeaderBytes; ; count *= 16)
        {
            int taken = (int)Math.Min(count, available);
            PageHeader header;
            try
            {
                header = PageHeader.Read(Read(offset, taken).Span, out headerLength);
            }
            catch (InvalidDataException) when (taken < available && count < MaxHeaderBytes)
            {
                continue; // it may only have been cut off
            }

            return header.CompressedSize <= available - headerLength
                ? header
                : throw new InvalidDataException($"a page of {header.CompressedSize} bytes at {offset} runs over its column chunk's end");
        }
    }

    /// <summary>
    /// Lends a page's body, as stored, to <paramref name="use"/>, which must keep nothing of it: bodies are large and short-lived,
    /// so their memory is used again.
    /// </summary>
    public T UseBody<T>(PageHeader header, long offset, Func<ArraySegment<byte>, T> use)
    {
        CheckRange(offset, header.CompressedSize);
        byte[] bytes = ArrayPool<byte>.Shared.Rent(header.CompressedSize);
        try
        {
            var body = new ArraySegment<byte>(bytes, 0, header.CompressedSize);
            Fill(body, offset);
            return header.Crc is null || header.Crc == Crc32.Compute(body)
                ? use(body)
                : throw new InvalidDataException($"checksum of the page at {offset} is wrong");
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(bytes);
        }
    }

    private void CheckRange(long offset, int count)
    {
        if (offset < 0 || count < 0 || offset > length - count)
        {
            throw new InvalidDataException($"{count} bytes at {offset} lie outside the file's {length}");
        }
    }

    private void Fill(Span<byte> bytes, long offset)
    {
        for (int filled = 0; filled < bytes.Length;)
        {
            int read = RandomAccess.Read(handle, bytes[filled..], offset + filled);
            filled += read > 0 ? read : throw new InvalidDataException($"file ends at {offset + filled}: it was cut while open");
        }
    }
}
