using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace WafOperator.Console.Store;

/// <summary>Something that a person did.</summary>
/// <param name="At">When.</param>
/// <param name="By">The user, as the API server or the identity provider names them.</param>
/// <param name="Action">Such as <c>label</c> or <c>alert-rule.create</c>.</param>
/// <param name="Subject">What it was done to.</param>
/// <param name="Detail">The rest, for people.</param>
public sealed record AuditNote(DateTimeOffset At, string By, string Action, string Subject, string Detail);

/// <summary>A line of the audit trail: each holds the hash of the line before, so that none can be changed or left
/// out.</summary>
public sealed record AuditEntry(long Number, AuditNote Note, byte[] Previous, byte[] Hash)
{
    /// <summary>What the first line follows.</summary>
    public static readonly byte[] Beginning = new byte[SHA256.HashSizeInBytes];

    /// <summary>The line that follows another.</summary>
    public static AuditEntry After(AuditEntry? last, AuditNote note)
    {
        // Times are kept in milliseconds: what is hashed is what can be read back.
        var kept = note with { At = DateTimeOffset.FromUnixTimeMilliseconds(note.At.ToUnixTimeMilliseconds()) };
        var number = (last?.Number ?? 0) + 1;
        var previous = last?.Hash ?? Beginning;
        return new AuditEntry(number, kept, previous, HashOf(number, kept, previous));
    }

    /// <summary>Whether the line follows another and is unchanged.</summary>
    public bool Follows(AuditEntry? last) => Number == (last?.Number ?? 0) + 1
        && CryptographicOperations.FixedTimeEquals(Previous, last?.Hash ?? Beginning)
        && CryptographicOperations.FixedTimeEquals(Hash, HashOf(Number, Note, Previous));

    private static byte[] HashOf(long number, AuditNote note, byte[] previous)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(previous);
        Add(hash, number);
        Add(hash, note.At.ToUnixTimeMilliseconds());
        // Lengths before texts: two lines with their texts divided otherwise have two hashes.
        foreach (var text in new[] { note.By, note.Action, note.Subject, note.Detail })
        {
            var bytes = Encoding.UTF8.GetBytes(text);
            Add(hash, bytes.Length);
            hash.AppendData(bytes);
        }

        return hash.GetHashAndReset();
    }

    private static void Add(IncrementalHash hash, long number)
    {
        Span<byte> bytes = stackalloc byte[sizeof(long)];
        BinaryPrimitives.WriteInt64BigEndian(bytes, number);
        hash.AppendData(bytes);
    }
}
