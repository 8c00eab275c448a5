using System.Text;
using WafOperator.Behaviour.Keys;
using WafOperator.Http;
using WafOperator.Protocols.Policies;
using WafOperator.Proxy.Identity;

namespace WafOperator.Proxy.RateLimiting;

/// <summary>
/// Reads one key out of requests. What a client brings (cookie, header, claim, parameter) is its word: it tells
/// requests apart where that makes a limit stricter. Immutable.
/// </summary>
internal sealed class KeyReader
{
    /// <summary>A client with IPv6 owns at least a /64: its addresses are counted together.</summary>
    private const int ClientPrefixV6 = 64;

    /// <summary>Values of one request that are told apart.</summary>
    public const int ValuesMax = 8;

    /// <summary>Bytes of a parameter's value that are compared without regard to case.</summary>
    private const int FoldedBytesMax = 256;

    /// <summary>
    /// The key of all that is beyond <see cref="ValuesMax"/>, whoever sends it: nobody who means one of them sends so
    /// many, and among them any could be hidden.
    /// </summary>
    private static readonly UInt128 TooMany = UInt128.MaxValue;

    private static readonly byte[] Authorization = "authorization"u8.ToArray();
    private static readonly byte[] JsonPrefix = "json."u8.ToArray();

    private readonly RateLimitKeyKind _kind;
    private readonly byte[] _name;
    private readonly byte[] _lowerName;
    private readonly uint _nameHash;
    private readonly KeyHashes _hashes;

    /// <param name="kind">What the key is made of.</param>
    /// <param name="name">Name of the cookie, header, claim or parameter.</param>
    /// <param name="hashes">Those that replicas share; null: those of this process.</param>
    public KeyReader(RateLimitKeyKind kind, string? name, KeyHashes? hashes = null)
    {
        _hashes = hashes ?? KeyHashes.OfProcess;
        _kind = kind;
        _name = Encoding.UTF8.GetBytes(name ?? "");
        _lowerName = Encoding.UTF8.GetBytes((name ?? "").ToLowerInvariant());
        _nameHash = NameHash.Of(_lowerName);
    }

    /// <summary>The value may be in the body: it is read when the body was.</summary>
    public bool NeedsBody => _kind is RateLimitKeyKind.Parameter;

    /// <summary>The client brings the value, and may bring another one any time.</summary>
    public bool IsBrought => _kind is not (RateLimitKeyKind.Client or RateLimitKeyKind.Route);

    /// <summary>Anybody may write the value of another: nobody checked the token that it is read from.</summary>
    public bool IsUnproven => _kind is RateLimitKeyKind.JwtClaim;

    /// <summary>Only the client that was given the value knows it.</summary>
    public bool IsSecret => _kind is RateLimitKeyKind.Session;

    /// <summary>The key of a client: its address, or the network that it owns.</summary>
    public static UInt128 ClientKey(Address client, KeyHashes hashes)
    {
        var network = client.IsV6 ? client.Network(ClientPrefixV6) : client;
        // An IPv4 address must not be the IPv6 network with the same number.
        return hashes.Of(network.IsV6 ? network.Bits : network.Bits | (UInt128)1 << 127);
    }

    /// <summary>
    /// Keys of all values that the request has under the name, at most as many as there is room for; with more than
    /// <see cref="ValuesMax"/> the last is one that all such requests have, with less room the rest is joined into it.
    /// Programs differ in whether the first or the last of several counts, so all do.
    /// </summary>
    /// <returns>How many; none when the request does not have the value.</returns>
    public int Read(Address client, CanonicalRequest request, Span<UInt128> keys)
    {
        var count = 0;
        switch (_kind)
        {
            case RateLimitKeyKind.Client:
                Add(keys, ref count, ClientKey(client, _hashes));
                break;
            case RateLimitKeyKind.Route:
                Add(keys, ref count, UInt128.One);
                break;
            case RateLimitKeyKind.Header:
                ReadHeaders(request, keys, ref count);
                break;
            case RateLimitKeyKind.JwtClaim:
                if (request.TryGetHeader(Authorization, out var token)
                    && JwtClaim.TryGetKey(request[token], _name, _hashes, out var claim)) Add(keys, ref count, claim);
                break;
            case RateLimitKeyKind.Session:
                ReadCookies(request, keys, ref count);
                break;
            default:
                ReadParameters(request, keys, ref count);
                break;
        }

        return count;
    }

    private void ReadHeaders(CanonicalRequest request, Span<UInt128> keys, ref int count)
    {
        foreach (ref readonly var header in request.Headers)
        {
            if (header.NameHash == _nameHash && request[header.LowerName].SequenceEqual(_lowerName))
                Add(keys, ref count, _hashes.Of(KeySpace.Header, request[header.Value]));
        }
    }

    private void ReadCookies(CanonicalRequest request, Span<UInt128> keys, ref int count)
    {
        foreach (ref readonly var cookie in request.Cookies)
        {
            if (request[cookie.Name].SequenceEqual(_name) || IsFolded(request[cookie.Name], _name))
                Add(keys, ref count, _hashes.Of(KeySpace.Session, request[cookie.Value]));
        }
    }

    /// <summary>By its name in query or form, or as a member of a JSON body.</summary>
    private void ReadParameters(CanonicalRequest request, Span<UInt128> keys, ref int count)
    {
        foreach (ref readonly var argument in request.Arguments)
        {
            if (IsNamed(request[argument.Name])) Add(keys, ref count, Folded(request[argument.Value]));
        }
    }

    /// <summary>
    /// Applications mostly compare user names and addresses without regard to case and blanks around them: another
    /// spelling is no other user. Where they do compare them, two users share a limit.
    /// </summary>
    private UInt128 Folded(ReadOnlySpan<byte> value)
    {
        value = value.Trim(" \t\r\n\0"u8);
        if (value.Length > FoldedBytesMax) return _hashes.Of(KeySpace.Parameter, value);
        Span<byte> folded = stackalloc byte[FoldedBytesMax];
        if (Ascii.IsValid(value))
        {
            Ascii.ToLower(value, folded, out var written);
            return _hashes.Of(KeySpace.Parameter, folded[..written]);
        }

        var text = Encoding.UTF8.GetString(value);
        if (text.Contains('\uFFFD')) return _hashes.Of(KeySpace.Parameter, value);
        text = string.Create(text.Length, text, static (narrow, wide) =>
        {
            for (var i = 0; i < narrow.Length; i++) narrow[i] = char.ToLowerInvariant(Narrow(wide[i]));
        });
        return _hashes.Of(KeySpace.Parameter, Encoding.UTF8.GetBytes(text.Trim()));
    }

    /// <summary>Letters as wide as an ideogram, and its blank, are ASCII in other clothes.</summary>
    private static char Narrow(char wide) => wide switch
    {
        >= '\uFF01' and <= '\uFF5E' => (char)(wide - 0xFEE0),
        '\u3000' => ' ',
        _ => wide,
    };

    private static void Add(Span<UInt128> keys, ref int count, UInt128 key)
    {
        for (var i = 0; i < count; i++)
        {
            if (keys[i] == key) return;
        }

        if (count < keys.Length) keys[count++] = key;
        else keys[^1] = keys.Length < ValuesMax ? keys[^1] + key : TooMany;
    }

    private bool IsNamed(ReadOnlySpan<byte> name)
    {
        if (name.StartsWith(JsonPrefix)) name = name[JsonPrefix.Length..];
        return name.Length == _lowerName.Length && Ascii.EqualsIgnoreCase(name, _lowerName)
            || IsFolded(name, _lowerName);
    }

    /// <summary>
    /// PHP's variables (php_register_variable_ex): nothing behind a zero byte, no blanks in front, an underscore for a
    /// blank, a dot or a bracket that does not close, and items of an array under the array's name.
    /// </summary>
    private static bool IsFolded(ReadOnlySpan<byte> name, ReadOnlySpan<byte> expected)
    {
        var zero = name.IndexOf((byte)0);
        if (zero >= 0) name = name[..zero];
        name = name.TrimStart((byte)' ');
        var bracket = name.IndexOf((byte)'[');
        if (bracket > 0 && bracket == expected.Length) name = name[..bracket];
        if (name.Length != expected.Length) return false;
        for (var i = 0; i < name.Length; i++)
        {
            if (name[i] != expected[i] && Fold(name[i]) != Fold(expected[i])) return false;
        }

        return true;
    }

    private static byte Fold(byte value) => value is (byte)' ' or (byte)'.' or (byte)'[' ? (byte)'_'
        : value is >= (byte)'A' and <= (byte)'Z' ? (byte)(value | 0x20) : value;
}
