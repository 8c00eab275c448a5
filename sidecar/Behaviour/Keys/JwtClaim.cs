using System.Buffers;
using System.Buffers.Text;

namespace WafOperator.Behaviour.Keys;

/// <summary>
/// Reads one claim of a JSON Web Token without verifying it (RFC 7519): good for telling sessions apart where that
/// makes something stricter, and for nothing else. Works on the stack, never throws; whatever is not a token in the
/// compact form with a flat claim of that name is no answer.
/// </summary>
public static class JwtClaim
{
    /// <summary>Bytes of an encoded payload that are read; longer tokens have no claim.</summary>
    public const int PayloadBytesMax = 8 * 1024;

    /// <summary>Nesting within the payload.</summary>
    private const int DepthMax = 32;

    /// <summary>The key of a claim's value as it stands in the token.</summary>
    /// <param name="authorization">Value of an Authorization header, or a bare token.</param>
    /// <param name="claim">Name of the claim.</param>
    /// <param name="key">Key of the value, in the space of claims.</param>
    public static bool TryGetKey(ReadOnlySpan<byte> authorization, ReadOnlySpan<byte> claim, out UInt128 key) =>
        TryGetKey(authorization, claim, KeyHashes.OfProcess, out key);

    /// <summary>The same with hashes of the caller's.</summary>
    public static bool TryGetKey(
        ReadOnlySpan<byte> authorization, ReadOnlySpan<byte> claim, KeyHashes hashes, out UInt128 key)
    {
        key = default;
        var token = authorization.Trim((byte)' ');
        if (token.Length > 7 && StartsWithBearer(token)) token = token[7..].TrimStart((byte)' ');
        var first = token.IndexOf((byte)'.');
        if (first <= 0) return false;
        var payload = token[(first + 1)..];
        var second = payload.IndexOf((byte)'.');
        if (second <= 0 || second > PayloadBytesMax) return false;
        var rented = ArrayPool<byte>.Shared.Rent(Base64Url.GetMaxDecodedLength(second));
        try
        {
            if (Base64Url.DecodeFromUtf8(payload[..second], rented, out _, out var written) is not OperationStatus.Done)
                return false;
            var value = Find(rented.AsSpan(0, written), claim);
            if (value.IsEmpty) return false;
            key = hashes.Of(KeySpace.JwtClaim, value);
            return true;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(rented);
        }
    }

    /// <summary>The raw value of a member of the outermost object; empty when there is none.</summary>
    internal static ReadOnlySpan<byte> Find(ReadOnlySpan<byte> json, ReadOnlySpan<byte> name)
    {
        var at = SkipSpace(json, 0);
        if (at >= json.Length || json[at] != '{') return default;
        at++;
        while (true)
        {
            at = SkipSpace(json, at);
            if (at >= json.Length || json[at] != '"') return default;
            var nameEnd = EndOfValue(json, at);
            if (nameEnd < 0) return default;
            var member = json[(at + 1)..(nameEnd - 1)];
            at = SkipSpace(json, nameEnd);
            if (at >= json.Length || json[at] != ':') return default;
            at = SkipSpace(json, at + 1);
            var end = EndOfValue(json, at);
            if (end < 0) return default;
            if (member.SequenceEqual(name)) return json[at..end];
            at = SkipSpace(json, end);
            if (at >= json.Length || json[at] != ',') return default;
            at++;
        }
    }

    private static bool StartsWithBearer(ReadOnlySpan<byte> token)
    {
        var expected = "bearer "u8;
        for (var i = 0; i < expected.Length; i++)
        {
            if ((token[i] | (expected[i] == ' ' ? 0 : 0x20)) != expected[i]) return false;
        }

        return true;
    }

    private static int SkipSpace(ReadOnlySpan<byte> json, int at)
    {
        while (at < json.Length && json[at] is (byte)' ' or (byte)'\t' or (byte)'\r' or (byte)'\n') at++;
        return at;
    }

    /// <summary>Where the value that begins here ends, or -1.</summary>
    private static int EndOfValue(ReadOnlySpan<byte> json, int at)
    {
        var start = at;
        var depth = 0;
        while (at < json.Length)
        {
            switch (json[at])
            {
                case (byte)'"':
                    at = EndOfText(json, at + 1);
                    if (at < 0 || depth == 0) return at;
                    continue;
                case (byte)'{' or (byte)'[':
                    if (++depth > DepthMax) return -1;
                    break;
                case (byte)'}' or (byte)']':
                    if (depth == 0) return at > start ? at : -1;
                    if (--depth == 0) return at + 1;
                    break;
                case (byte)',' or (byte)' ' or (byte)'\t' or (byte)'\r' or (byte)'\n' when depth == 0:
                    return at > start ? at : -1;
            }

            at++;
        }

        return -1;
    }

    private static int EndOfText(ReadOnlySpan<byte> json, int at)
    {
        for (; at < json.Length; at++)
        {
            if (json[at] == '\\') at++;
            else if (json[at] == '"') return at + 1;
        }

        return -1;
    }
}
