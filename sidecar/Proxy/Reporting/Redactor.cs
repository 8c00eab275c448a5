using System.Buffers;
using System.Text;
using WafOperator.Http;

namespace WafOperator.Proxy.Reporting;

/// <summary>
/// Decides what of a request may be written. Names are judged, since a secret's value looks like any other: values of
/// parameters and headers with such names, and of every cookie, are never written. Immutable.
/// </summary>
internal sealed class Redactor
{
    public const string Mask = "[redacted]";

    /// <summary>A name that contains one of these (letters and digits only, in lower case) holds a secret.</summary>
    private static readonly string[] SecretFragments =
    [
        "password", "passwd", "passphrase", "pwd", "secret", "token", "apikey", "accesskey", "privatekey",
            "authorization",
        "credential", "session", "csrf", "xsrf", "jwt", "bearer", "signature", "cardnumber", "creditcard", "cookie",
    ];

    /// <summary>Names that hold a secret as a whole; too short to be looked for inside others.</summary>
    private static readonly string[] SecretNames =
        ["auth", "pin", "otp", "cvv", "cvc", "ssn", "iban", "pan", "key", "sid", "code", "pass", "pw", "sig",
            "xapikey", "xauth"];

    /// <summary>Variables that show many values at once, so that a secret may be among them.</summary>
    private static readonly HashSet<string> Wholes = new(StringComparer.OrdinalIgnoreCase)
    {
        "REQUEST_BODY", "FULL_REQUEST", "QUERY_STRING", "REQUEST_URI", "REQUEST_URI_RAW", "REQUEST_LINE", "XML", "JSON",
        "ARGS_COMBINED", "MATCHED_VAR", "MATCHED_VARS", "TX", "RESPONSE_BODY", "REQUEST_HEADERS", "ARGS", "ARGS_GET",
            "ARGS_POST",
        "RESPONSE_HEADERS", "MULTIPART_PART_HEADERS", "SESSION", "USER", "GLOBAL", "IP", "RESOURCE", "ENV",
    };

    /// <summary>Collections whose selector is the name of one value.</summary>
    private static readonly HashSet<string> ByName = new(StringComparer.OrdinalIgnoreCase)
    {
        "ARGS", "ARGS_GET", "ARGS_POST", "REQUEST_HEADERS", "RESPONSE_HEADERS", "FILES", "FILES_NAMES", "XML", "JSON",
            "TX",
        "MULTIPART_PART_HEADERS", "SESSION", "USER", "GLOBAL", "IP", "RESOURCE", "ENV", "MATCHED_VARS", "ARGS_NAMES",
    };

    /// <summary>Headers whose value is an address, with parameters of its own.</summary>
    private static readonly string[] AddressHeaders =
    [
        "referer", "origin", "location", "content-location", "destination", "refresh", "link", "x-original-url",
        "x-rewrite-url", "x-original-uri", "x-forwarded-uri", "x-forwarded-url", "x-wap-profile", "sec-websocket-origin",
    ];

    private static readonly SearchValues<char> PairStarts = SearchValues.Create("?&;# \"'{,\n\t");
    private static readonly SearchValues<char> ValueEnds = SearchValues.Create("&;# \"'\n\t<>");

    /// <summary>Characters of a text that are searched for names of secrets.</summary>
    private const int SearchedMax = 64 * 1024;

    private static readonly SearchValues<char> NameCharacters =
        SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.");

    private static readonly SearchValues<char> Separators = SearchValues.Create("[]().:/ _-");

    private readonly string[] _fragments;
    private readonly HashSet<string> _names;

    public Redactor(IReadOnlyList<string> policy)
    {
        _fragments = SecretFragments;
        _names = new HashSet<string>(SecretNames.Concat(policy.Select(Simplify)), StringComparer.Ordinal);
    }

    /// <summary>
    /// True when values of that name are never written. Separators and case do not matter: <c>user[API-Key]</c> is
    /// one.
    /// </summary>
    public bool IsSecretName(string name)
    {
        var simple = Simplify(name);
        if (_names.Contains(simple)) return true;
        foreach (var fragment in _fragments)
        {
            if (simple.Contains(fragment, StringComparison.Ordinal)) return true;
        }

        // A path such as json.user.pin or user[pin]: its last step is the name.
        foreach (var range in name.AsSpan().SplitAny(Separators))
        {
            if (_names.Contains(name[range].ToLowerInvariant())) return true;
        }

        return false;
    }

    /// <summary>
    /// True when the request carries a secret in a parameter, so that texts showing several values cannot be written.
    /// </summary>
    public bool HoldsSecrets(CanonicalRequest request)
    {
        foreach (ref readonly var argument in request.Arguments)
        {
            var name = request[argument.Name];
            if (name.Length <= 256 && IsSecretName(Encoding.Latin1.GetString(name))) return true;
        }

        foreach (ref readonly var header in request.Headers)
        {
            if (IsAddressHeader(request[header.Name]) && MaskPairs(Encoding.Latin1.GetString(request[header.Value])) is not null)
                return true;
        }

        // Names of a body that no reader took apart, and of XML, whose elements are no parameters, are searched for in
        // its text.
        return (!request.IsBodyRead || request.Processor is BodyFormat.Xml)
            && NamesSecret(Encoding.Latin1.GetString(Beginning(request[request.Body])), ":=>");
    }

    /// <summary>True when a text names a secret and gives its value: <c>"password": "x"</c>, <c>token=x</c>.</summary>
    private bool NamesSecret(string text, string marks)
    {
        var rest = text.AsSpan(0, Math.Min(text.Length, SearchedMax));
        for (var at = rest.IndexOfAny(marks); at >= 0; at = rest.IndexOfAny(marks))
        {
            var before = rest[..at].TrimEnd(" \t\"'\\");
            var start = before.LastIndexOfAnyExcept(NameCharacters) + 1;
            if (start < before.Length && IsSecretName(before[Math.Max(start,
                before.Length - 256)..].ToString())) return true;
            rest = rest[(at + 1)..];
        }

        return false;
    }

    private static bool IsAddressHeader(ReadOnlySpan<byte> name)
    {
        foreach (var known in AddressHeaders)
        {
            if (Ascii.EqualsIgnoreCase(name, known)) return true;
        }

        return false;
    }

    private static ReadOnlySpan<byte> Beginning(ReadOnlySpan<byte> body) => body[..Math.Min(body.Length, SearchedMax)];

    /// <summary>What may be written of a match: its text, cut and cleaned, or the mask.</summary>
    /// <param name="variable">Variable that matched, such as <c>ARGS:q</c>.</param>
    /// <param name="text">What matched.</param>
    /// <param name="requestHoldsSecrets">Outcome of <see cref="HoldsSecrets"/>.</param>
    /// <param name="charactersMax">Longest text; 0 writes none.</param>
    public string? Excerpt(string? variable, string text, bool requestHoldsSecrets, int charactersMax)
    {
        if (charactersMax <= 0) return null;
        return MayShow(variable, requestHoldsSecrets) && !NamesSecret(text, ":") ? Masked(text, charactersMax) : Mask;
    }

    /// <summary>A text without the values of secrets that stand in it as <c>name=value</c>, cut.</summary>
    public string Masked(string text, int charactersMax) => Bounded(MaskPairs(text) ?? text, charactersMax);

    public bool MayShow(string? variable, bool requestHoldsSecrets)
    {
        if (string.IsNullOrEmpty(variable)) return !requestHoldsSecrets;
        var colon = variable.IndexOf(':', StringComparison.Ordinal);
        var collection = colon < 0 ? variable : variable[..colon];
        if (collection.StartsWith("REQUEST_COOKIES", StringComparison.OrdinalIgnoreCase))
            return collection.EndsWith("_NAMES", StringComparison.OrdinalIgnoreCase);
        if (colon >= 0 && ByName.Contains(collection))
        {
            var selector = variable[(colon + 1)..];
            // What matched may begin behind the name of the secret.
            if (requestHoldsSecrets && collection.EndsWith("_HEADERS", StringComparison.OrdinalIgnoreCase)
                && AddressHeaders.Contains(selector, StringComparer.OrdinalIgnoreCase)) return false;
            return !IsSecretName(selector) && (!requestHoldsSecrets || !Wholes.Contains(collection) || !IsWhole(selector));
        }

        return !requestHoldsSecrets || !Wholes.Contains(collection);
    }

    /// <summary>
    /// A path without what looks like a token: segments that are long and random, and JSON web tokens.
    /// </summary>
    public static string Path(string path, int charactersMax)
    {
        if (path.Length > charactersMax) path = path[..charactersMax];
        StringBuilder? masked = null;
        var start = 0;
        foreach (var range in path.AsSpan().Split('/'))
        {
            var segment = path.AsSpan()[range];
            if (!LooksLikeToken(segment)) continue;
            masked ??= new StringBuilder(path.Length);
            masked.Append(path.AsSpan(start, range.Start.Value - start)).Append(Mask);
            start = range.End.Value;
        }

        return masked is null ? Bounded(path, charactersMax) : Bounded(masked.Append(path.AsSpan(start)).ToString(),
            charactersMax);
    }

    /// <summary>
    /// Cut to a length without splitting a pair; control characters are left to the JSON writer, which escapes them.
    /// </summary>
    public static string Bounded(string text, int charactersMax)
    {
        if (text.Length <= charactersMax) return text;
        var length = char.IsHighSurrogate(text[charactersMax - 1]) ? charactersMax - 1 : charactersMax;
        return string.Concat(text.AsSpan(0, length), "…");
    }

    /// <summary>
    /// Values of pairs such as <c>token=…</c> masked, wherever in a text they stand; null when there are none.
    /// </summary>
    private string? MaskPairs(string text)
    {
        StringBuilder? masked = null;
        var (copied, at) = (0, 0);
        while (text.AsSpan(at).IndexOf('=') is >= 0 and var offset)
        {
            var equals = at + offset;
            var nameStart = text.AsSpan(0, equals).LastIndexOfAny(PairStarts) + 1;
            at = equals + 1;
            if (equals - nameStart is 0 or > 256 || !IsSecretName(Uri.UnescapeDataString(text[nameStart..equals]))) continue;
            var length = text.AsSpan(at).IndexOfAny(ValueEnds);
            var end = length < 0 ? text.Length : at + length;
            if (end == at) continue;
            masked ??= new StringBuilder(text.Length);
            masked.Append(text, copied, at - copied).Append(Mask);
            copied = at = end;
        }

        return masked?.Append(text, copied, text.Length - copied).ToString();
    }

    private static bool IsWhole(string selector) => selector.Length == 0 || selector is "/*" or "//@*";

    private static bool LooksLikeToken(ReadOnlySpan<char> segment)
    {
        if (segment.Length < 32) return false;
        if (segment.StartsWith("eyJ")) return true;
        int digits = 0, letters = 0, others = 0, dashes = 0;
        foreach (var character in segment)
        {
            if (char.IsAsciiDigit(character)) digits++;
            else if (char.IsAsciiLetter(character)) letters++;
            else if (character is '-') dashes++;
            else if (character is not ('_' or '.' or '=' or '~')) others++;
        }

        // UUIDs name things; words joined by dashes are titles.
        return others == 0 && digits >= 4 && letters >= 4 && dashes < 4;
    }

    private static string Simplify(string name)
    {
        Span<char> simple = stackalloc char[Math.Min(name.Length, 256)];
        var length = 0;
        foreach (var character in name.AsSpan(0, simple.Length))
        {
            if (char.IsAsciiLetterOrDigit(character)) simple[length++] = char.ToLowerInvariant(character);
        }

        return simple[..length].ToString();
    }
}
