using System.Buffers.Binary;
using System.Buffers.Text;
using System.Numerics;
using System.Security.Cryptography;
using System.Text;
using WafOperator.Proxy.Identity;

namespace WafOperator.Proxy.Challenges;

/// <summary>A ticket that a client brings back with what it was asked for.</summary>
/// <param name="Rung">What was asked.</param>
/// <param name="IssuedAt">When.</param>
/// <param name="Bits">Leading zero bits that the work must have; 0 for other rungs.</param>
internal readonly record struct ChallengeTicket(ChallengeRung Rung, DateTimeOffset IssuedAt, int Bits);

/// <summary>
/// Tickets and passes: short signed texts that only those who have a key can make. Nothing is kept of them, so they
/// cost no memory and hold on every replica with the same keys. Bound to the network of the client, since addresses of
/// mobile clients change within it. Thread-safe.
/// </summary>
internal sealed class ChallengeTokens
{
    /// <summary>Length of a key, bytes.</summary>
    public const int KeyBytes = 32;

    /// <summary>Longest text that is read.</summary>
    private const int TextLengthMax = 128;

    private const int PrefixV4 = 24;
    private const int PrefixV6 = 48;
    private const int CodeBytes = 16;

    // kind, rung, bits, time (8), random (8)
    private const int BodyBytes = 19;
    private const byte TicketKind = 1;
    private const byte PassKind = 2;

    private static readonly TimeSpan TicketFor = TimeSpan.FromMinutes(10);

    private readonly byte[][] _keys;

    /// <param name="keys">The first makes, all are taken: so one can be changed while texts of it are about.</param>
    public ChallengeTokens(IReadOnlyList<byte[]> keys)
    {
        ArgumentOutOfRangeException.ThrowIfZero(keys.Count);
        _keys = [.. keys];
    }

    /// <summary>A ticket for a client and the place where it wanted to go.</summary>
    public string Ticket(in ChallengeTicket ticket, Address client, string target)
    {
        Span<byte> body = stackalloc byte[BodyBytes];
        Write(body, TicketKind, ticket.Rung, (byte)ticket.Bits, ticket.IssuedAt);
        return Seal(body, client, target);
    }

    /// <summary>What a ticket says; null for one that is not ours, of another client or place, or too old.</summary>
    public ChallengeTicket? ReadTicket(string? text, Address client, string target, DateTimeOffset now)
    {
        if (Open(text, TicketKind, client, target) is not var (rung, bits, issuedAt)) return null;
        var age = now - issuedAt;
        return age < TicketFor && age > -TicketFor ? new ChallengeTicket(rung, issuedAt, bits) : null;
    }

    /// <summary>What a client that has shown something carries from then on.</summary>
    public string Pass(ChallengeRung rung, Address client, DateTimeOffset until)
    {
        Span<byte> body = stackalloc byte[BodyBytes];
        Write(body, PassKind, rung, 0, until);
        return Seal(body, client, "");
    }

    /// <summary>What a client has shown; None for a pass that is not ours, of another network, or over.</summary>
    public ChallengeRung ReadPass(ReadOnlySpan<byte> text, Address client, DateTimeOffset now)
    {
        if (text.Length > TextLengthMax) return ChallengeRung.None;
        var pass = Open(Encoding.ASCII.GetString(text), PassKind, client, "");
        return pass is var (rung, _, until) && until > now ? rung : ChallengeRung.None;
    }

    /// <summary>The work for a ticket: SHA-256 of ticket, a dot and the number begins with so many zero bits.</summary>
    public static bool IsWork(string ticket, string number, int bits)
    {
        if (number.Length is 0 or > 20 || number.AsSpan().ContainsAnyExceptInRange('0', '9')) return false;
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Encoding.ASCII.GetBytes($"{ticket}.{number}"), hash);
        return BitOperations.LeadingZeroCount(BinaryPrimitives.ReadUInt64BigEndian(hash)) >= bits;
    }

    private static void Write(Span<byte> body, byte kind, ChallengeRung rung, byte bits, DateTimeOffset time)
    {
        body[0] = kind;
        body[1] = (byte)rung;
        body[2] = bits;
        BinaryPrimitives.WriteInt64BigEndian(body[3..], time.ToUnixTimeMilliseconds());
        RandomNumberGenerator.Fill(body[11..]);
    }

    private string Seal(ReadOnlySpan<byte> body, Address client, string target)
    {
        Span<byte> sealedText = stackalloc byte[BodyBytes + CodeBytes];
        body.CopyTo(sealedText);
        Code(_keys[0], body, client, target).CopyTo(sealedText[BodyBytes..]);
        return Base64Url.EncodeToString(sealedText);
    }

    private (ChallengeRung Rung, int Bits, DateTimeOffset Time)? Open(
        string? text, byte kind, Address client, string target)
    {
        Span<byte> bytes = stackalloc byte[BodyBytes + CodeBytes];
        if (text is null or { Length: > TextLengthMax } || !Base64Url.IsValid(text, out var length)
            || length != bytes.Length || !Base64Url.TryDecodeFromChars(text, bytes, out _)) return null;
        var body = bytes[..BodyBytes];
        if (body[0] != kind || body[1] is 0 or > (byte)ChallengeRung.Work) return null;
        foreach (var key in _keys)
        {
            if (!CryptographicOperations.FixedTimeEquals(Code(key, body, client, target), bytes[BodyBytes..])) continue;
            var time = BinaryPrimitives.ReadInt64BigEndian(body[3..]);
            return ((ChallengeRung)body[1], body[2], DateTimeOffset.FromUnixTimeMilliseconds(time));
        }

        return null;
    }

    private static ReadOnlySpan<byte> Code(byte[] key, ReadOnlySpan<byte> body, Address client, string target)
    {
        var network = client.Network(client.IsV6 ? PrefixV6 : PrefixV4);
        var place = Encoding.UTF8.GetBytes(target);
        var input = new byte[body.Length + 17 + place.Length];
        body.CopyTo(input);
        input[body.Length] = network.IsV6 ? (byte)6 : (byte)4;
        BinaryPrimitives.WriteUInt128BigEndian(input.AsSpan(body.Length + 1), network.Bits);
        place.CopyTo(input, body.Length + 17);
        return HMACSHA256.HashData(key, input).AsSpan(0, CodeBytes);
    }
}
