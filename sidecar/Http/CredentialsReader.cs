using System.Buffers;
using System.Text.Json;
using WafOperator.Http.Decoding;

namespace WafOperator.Http;

/// <summary>
/// What servers and frameworks undo in credentials before an application has them: user and password of
/// <c>Authorization: Basic</c> (<c>authorization.user</c>, <c>authorization.password</c>), and the texts in a JSON Web
/// Token, wherever a header or cookie holds one (<c>claims.kid</c>): an application may look a key up by what a token
/// says before anybody has verified it. Shown as arguments beside the field as it came.
/// </summary>
internal static class CredentialsReader
{
    /// <summary>Tokens of one request that are read; more count as an exceeded bound.</summary>
    private const int TokensMax = 16;

    /// <summary>Fewest bytes of a token: two objects without members, no signature.</summary>
    private const int TokenBytesMin = 8;

    private const int DepthMax = 64;

    private static readonly uint AuthorizationHash = NameHash.Of("authorization"u8);
    private static readonly uint ProxyHash = NameHash.Of("proxy-authorization"u8);

    private static readonly SearchValues<byte> TokenBytes = SearchValues.Create(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_=."u8);

    /// <summary>What stands around tokens in header fields: <c>Token token="…", x</c>.</summary>
    private static readonly SearchValues<byte> Gaps = SearchValues.Create(" \t,;\""u8);

    private static readonly SearchValues<byte> AddressBytes = SearchValues.Create(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.:/"u8);

    /// <summary>Reads them all; true when something is shown.</summary>
    public static bool Read(CanonicalRequest request)
    {
        var count = request.Arguments.Length;
        var tokens = 0;
        foreach (ref readonly var header in request.Headers)
        {
            if (header.NameHash == AuthorizationHash || header.NameHash == ProxyHash) ReadBasic(request, header.Value);
            ReadTokens(request, header.Value, ref tokens);
        }

        return request.Arguments.Length > count;
    }

    private static void ReadBasic(CanonicalRequest request, Slice value)
    {
        var text = request[value];
        if (text.Length < 7 || text[5] is not (0x20 or 0x09)) return;
        if (!HeadReader.EqualsIgnoreCase(text[..5], "basic"u8)) return;
        var encoded = value.From(6);
        if (!request.Arena.TryReserve(encoded.Length)) { request.NoMemory(); return; }
        var pair = request.Arena.Commit(LenientBase64.Decode(request[encoded], request.Arena.Tail));
        var colon = request[pair].IndexOf((byte)':');
        Add(request, "authorization.user"u8, colon < 0 ? pair : pair.Sub(0, colon));
        if (colon >= 0) Add(request, "authorization.password"u8, pair.From(colon + 1));
    }

    private static void ReadTokens(CanonicalRequest request, Slice field, ref int tokens)
    {
        var dot = request[field].IndexOf((byte)'.');
        if (dot < 0 || field.Length < TokenBytesMin) return;
        for (var rest = field; !rest.IsEmpty;)
        {
            var gap = request[rest].IndexOfAny(Gaps);
            var word = gap < 0 ? rest : rest.Sub(0, gap);
            rest = gap < 0 ? default : rest.From(gap + 1);
            if (word.Length < TokenBytesMin) continue;
            if (TryReadToken(request, word, ref tokens)) continue;
            // A name stands before it; padding may be in it.
            var name = request[word].IndexOf((byte)'=');
            if (name >= 0) TryReadToken(request, word.From(name + 1), ref tokens);
        }
    }

    /// <summary>Three parts of base64: an object of JSON, claims, a signature (RFC 7519).</summary>
    private static bool TryReadToken(CanonicalRequest request, Slice word, ref int tokens)
    {
        var text = request[word];
        var first = text.IndexOf((byte)'.');
        if (first <= 0 || text.ContainsAnyExcept(TokenBytes)) return false;
        var second = text[(first + 1)..].IndexOf((byte)'.');
        if (second <= 0) return false;
        var buffer = ArrayPool<byte>.Shared.Rent(text.Length);
        try
        {
            var head = LenientBase64.Decode(text[..first], buffer);
            if (buffer.AsSpan(0, head).TrimStart(" \t\r\n"u8) is not [(byte)'{', ..]) return false;
            if (++tokens > TokensMax) { request.Note(ExceededLimits.Arguments); return true; }
            var payload = LenientBase64.Decode(text.Slice(first + 1, second), buffer.AsSpan(head));
            ReadClaims(request, buffer.AsSpan(0, head));
            ReadClaims(request, buffer.AsSpan(head, payload));
            return true;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer, clearArray: true);
        }
    }

    /// <summary>
    /// Texts by the name of their member, at any depth. What is no JSON for a strict reader is shown whole.
    /// </summary>
    private static void ReadClaims(CanonicalRequest request, ReadOnlySpan<byte> json)
    {
        var options = new JsonReaderOptions
        {
            AllowTrailingCommas = true, CommentHandling = JsonCommentHandling.Allow, MaxDepth = DepthMax,
        };
        var reader = new Utf8JsonReader(json, options);
        var name = Slice.Empty;
        try
        {
            while (reader.Read())
            {
                if (reader.TokenType is JsonTokenType.PropertyName) name = NameOf(request, ref reader);
                else if (reader.TokenType is JsonTokenType.String) ReadText(request, name, ref reader);
                else if (reader.TokenType is JsonTokenType.Comment) Add(request, name, reader.ValueSpan);
            }
        }
        catch (Exception problem) when (problem is JsonException or InvalidOperationException)
        {
            Add(request, Slice.Empty, json);
        }
    }

    /// <summary>The escapes of a name are undone as those of a text are.</summary>
    private static Slice NameOf(CanonicalRequest request, ref Utf8JsonReader reader)
    {
        var prefix = "claims."u8;
        if (!request.Arena.TryReserve(prefix.Length + reader.ValueSpan.Length))
        {
            request.NoMemory();
            return Slice.Empty;
        }

        prefix.CopyTo(request.Arena.Tail);
        var name = request.Arena.Commit(prefix.Length + reader.CopyString(request.Arena.Tail[prefix.Length..]));
        // Whatever stands behind it, a name that is no word is a text as well.
        var own = name.From(prefix.Length);
        if (request[own].ContainsAnyExcept(AddressBytes)) Add(request, Slice.Empty, own);
        return name;
    }

    private static void ReadText(CanonicalRequest request, Slice name, ref Utf8JsonReader reader)
    {
        if (IsAddress(reader.ValueSpan)) return;
        if (!request.Arena.TryReserve(reader.ValueSpan.Length)) { request.NoMemory(); return; }
        Add(request, name, request.Arena.Commit(reader.CopyString(request.Arena.Tail)));
    }

    /// <summary>
    /// Who issued a token, and for whom, are addresses in most. One that is nothing else is not shown: rules take an
    /// address in an argument for one that an attacker wants to be fetched.
    /// </summary>
    private static bool IsAddress(ReadOnlySpan<byte> text) =>
        text.IndexOf("://"u8) > 0 && !text.ContainsAnyExcept(AddressBytes) && text.IndexOf(".."u8) < 0;

    private static void Add(CanonicalRequest request, ReadOnlySpan<byte> name, Slice value)
    {
        if (value.IsEmpty) return;
        if (request.Arena.TryAppend(name, out var slice)) Add(request, slice, value);
        else request.NoMemory();
    }

    private static void Add(CanonicalRequest request, Slice name, ReadOnlySpan<byte> text)
    {
        if (request.Arena.TryAppend(text, out var value)) Add(request, name, value);
        else request.NoMemory();
    }

    private static void Add(CanonicalRequest request, Slice name, Slice value)
    {
        if (value.IsEmpty) return;
        if (name.IsEmpty) Add(request, "claims"u8, value);
        else request.AddArgument(name, value, name, value, ArgumentSource.Json, isAgain: true);
    }
}
