using System.Buffers.Binary;
using System.Numerics;

namespace Smvl.Tracking.TensorBoard;

/// <summary>
/// TensorBoard's event file: records of a length, its checksum, an Event message, its checksum, each handed to the system in one piece.
/// Source: tensorflow/core/lib/io/record_writer.h (framing), core/util/event.proto and core/framework/summary.proto (messages).
/// </summary>
internal sealed class EventFile : IDisposable
{
    private const int LengthBytes = sizeof(ulong), ChecksumBytes = sizeof(uint);
    private const string Version = "brain.Event:2";

    private readonly FileStream file;

    /// <param name="path">a new file, whose name must contain "tfevents"</param>
    /// <param name="time">of the first record</param>
    public EventFile(string path, DateTimeOffset time)
    {
        file = new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
        Write(ProtobufWriter.Message(e =>
        {
            e.Double(1, Seconds(time));
            e.Text(3, Version);
        }));
    }

    /// <param name="time">when it was logged</param>
    /// <param name="step">optimizer steps done</param>
    /// <param name="value">a Summary.Value message</param>
    public void Write(DateTimeOffset time, long step, Action<ProtobufWriter> value) => Write(ProtobufWriter.Message(e =>
    {
        e.Double(1, Seconds(time));
        e.Integer(2, step);
        e.Message(5, summary => summary.Message(1, value));
    }));

    public void Flush() => file.Flush(flushToDisk: true);

    public void Dispose() => file.Dispose();

    /// <summary>Seconds since 1970, as Event's wall_time is.</summary>
    public static double Seconds(DateTimeOffset time) => (time - DateTimeOffset.UnixEpoch).TotalSeconds;

    /// <summary>CRC-32C, its halves rotated and a constant added, so that a checksum of data with checksums in it is a good one.</summary>
    internal static uint MaskedChecksum(ReadOnlySpan<byte> data)
    {
        uint crc = uint.MaxValue;
        foreach (byte value in data)
        {
            crc = BitOperations.Crc32C(crc, value);
        }

        return BitOperations.RotateRight(~crc, 15) + 0xA282EAD8;
    }

    private void Write(ReadOnlySpan<byte> message)
    {
        byte[] record = new byte[LengthBytes + ChecksumBytes + message.Length + ChecksumBytes];
        BinaryPrimitives.WriteUInt64LittleEndian(record, (ulong)message.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(record.AsSpan(LengthBytes), MaskedChecksum(record.AsSpan(0, LengthBytes)));
        message.CopyTo(record.AsSpan(LengthBytes + ChecksumBytes));
        BinaryPrimitives.WriteUInt32LittleEndian(record.AsSpan(record.Length - ChecksumBytes), MaskedChecksum(message));
        file.Write(record);
    }
}
