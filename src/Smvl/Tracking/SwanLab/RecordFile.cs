using System.Buffers.Binary;
using Smvl.Formats;

namespace Smvl.Tracking.SwanLab;

/// <summary>
/// A .swanlab file: a header, then records cut at blocks of 32 KiB, each piece with a checksum, its length and its place in the record.
/// A record reaches the system in one piece; a reader stops at the first that is not whole. Source: swanlab 0.6.8 data/porter/datastore.py, which
/// follows LevelDB's log.
/// </summary>
internal sealed class RecordFile : IDisposable
{
    /// <summary>Versions of the header: records of JSON, records of protobuf.</summary>
    public const byte JsonVersion = 1, ProtobufVersion = 2;

    private const int BlockBytes = 1 << 15, HeaderBytes = 7, PieceHeaderBytes = 7;
    private const byte Full = 1, First = 2, Middle = 3, Last = 4;

    private readonly FileStream file;

    /// <param name="path">a new file</param>
    /// <param name="version">of the header</param>
    public RecordFile(string path, byte version)
    {
        file = new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
        file.Write(Header(version));
    }

    public void Write(ReadOnlySpan<byte> record)
    {
        using MemoryStream pieces = new();
        for (bool first = true, last = false; !last; first = false)
        {
            int room = BlockBytes - (int)((file.Position + pieces.Length) % BlockBytes);
            if (room < PieceHeaderBytes)
            {
                pieces.Write(new byte[room]);
                room = BlockBytes;
            }

            int length = Math.Min(record.Length, room - PieceHeaderBytes);
            last = length == record.Length;
            WritePiece(pieces, (first, last) switch { (true, true) => Full, (true, false) => First, (false, false) => Middle, _ => Last }, record[..length]);
            record = record[length..];
        }

        file.Write(pieces.GetBuffer(), 0, (int)pieces.Length);
    }

    public void Flush() => file.Flush(flushToDisk: true);

    public void Dispose() => file.Dispose();

    /// <summary>The whole records of a file, up to the first damaged or unfinished one.</summary>
    /// <exception cref="SmvlException">no such file, or its header is another</exception>
    public static IEnumerable<byte[]> Read(string path, byte version)
    {
        byte[] data = File.ReadAllBytes(path);
        if (!data.AsSpan().StartsWith(Header(version)))
        {
            throw new SmvlException("this is no SwanLab record file that is read here", path, $"header {Convert.ToHexStringLower(Header(version))}", Convert.ToHexStringLower(data.AsSpan(0, Math.Min(HeaderBytes, data.Length))));
        }

        List<byte> record = [];
        for (int at = HeaderBytes; ;)
        {
            int room = BlockBytes - (at % BlockBytes);
            if (room < PieceHeaderBytes)
            {
                at += room;
            }

            if (at + PieceHeaderBytes > data.Length)
            {
                yield break;
            }

            int length = BinaryPrimitives.ReadUInt16LittleEndian(data.AsSpan(at + 4)), end = at + PieceHeaderBytes + length;
            if (end > data.Length || Crc32.Compute(data.AsSpan(at + 6, 1 + length)) != BinaryPrimitives.ReadUInt32LittleEndian(data.AsSpan(at)))
            {
                yield break;
            }

            byte kind = data[at + 6];
            if (kind is Full or First)
            {
                record.Clear();
            }

            record.AddRange(data.AsSpan(at + PieceHeaderBytes, length));
            at = end;
            if (kind is Full or Last)
            {
                yield return [.. record];
            }
        }
    }

    private static byte[] Header(byte version) => [.. ":SWL"u8, 0xD6, 0xE1, version];

    private static void WritePiece(MemoryStream pieces, byte kind, ReadOnlySpan<byte> payload)
    {
        byte[] piece = new byte[PieceHeaderBytes + payload.Length];
        piece[6] = kind;
        payload.CopyTo(piece.AsSpan(PieceHeaderBytes));
        BinaryPrimitives.WriteUInt32LittleEndian(piece, Crc32.Compute(piece.AsSpan(6)));
        BinaryPrimitives.WriteUInt16LittleEndian(piece.AsSpan(4), (ushort)payload.Length);
        pieces.Write(piece);
    }
}
