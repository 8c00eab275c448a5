using System.Buffers.Binary;

namespace WafOperator.Protocols.Inference;

/// <summary>The compact answer: a header, then one 32-bit logit a value in the order of the request.</summary>
public static class CompactResponse
{
    /// <summary>First bytes of an answer.</summary>
    public static ReadOnlySpan<byte> Magic => "WAFS"u8;

    public const int HeaderBytes = 16;

    /// <summary>Bytes of an answer with so many values.</summary>
    public static int SizeOf(int count) => HeaderBytes + (count * sizeof(float));

    /// <summary>Writes an answer into exactly <see cref="SizeOf"/> bytes.</summary>
    /// <param name="destination">Where to.</param>
    /// <param name="logits">One logit a value.</param>
    /// <param name="queued">Time in the server's queue.</param>
    /// <param name="computed">Time in the model.</param>
    public static void Write(Span<byte> destination, ReadOnlySpan<float> logits, TimeSpan queued, TimeSpan computed)
    {
        destination[..HeaderBytes].Clear();
        Magic.CopyTo(destination);
        destination[4] = CompactRequest.FormatVersion;
        BinaryPrimitives.WriteUInt16LittleEndian(destination[6..], (ushort)logits.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(destination[8..], Microseconds(queued));
        BinaryPrimitives.WriteUInt32LittleEndian(destination[12..], Microseconds(computed));
        for (var i = 0; i < logits.Length; i++)
            BinaryPrimitives.WriteSingleLittleEndian(destination[(HeaderBytes + (i * sizeof(float)))..], logits[i]);
    }

    /// <summary>
    /// Reads an answer to a request of <paramref name="logits"/>'s length; null when that worked, else what is wrong.
    /// </summary>
    public static string? Read(ReadOnlySpan<byte> body, Span<float> logits)
    {
        if (body.Length < HeaderBytes || !body.StartsWith(Magic)) return "the answer is not a compact one";
        if (body[4] != CompactRequest.FormatVersion) return $"the answer has format version {body[4]}";
        var count = BinaryPrimitives.ReadUInt16LittleEndian(body[6..]);
        if (count != logits.Length || body.Length != SizeOf(count))
            return $"the answer has {count} logits, not {logits.Length}";
        for (var i = 0; i < count; i++)
        {
            logits[i] = BinaryPrimitives.ReadSingleLittleEndian(body[(HeaderBytes + (i * sizeof(float)))..]);
            if (!float.IsFinite(logits[i])) return $"logit {i} of the answer is not a number";
        }

        return null;
    }

    private static uint Microseconds(TimeSpan time) => (uint)Math.Clamp(time.TotalMicroseconds, 0, uint.MaxValue);
}
