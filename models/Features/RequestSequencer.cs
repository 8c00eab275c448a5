using System.Buffers;

namespace WafOperator.Features;

/// <summary>The part of a request that a value stands in; sections are told apart by a separator.</summary>
public enum RequestSection
{
    Path,
    Query,
    Headers,
    Body,
}

/// <summary>
/// A request as rows of tokens for a transformer: method, path, query, headers and body are cut into subwords apart and
/// joined (models/training/wafml/sequences.py is the specification). One for each thread; a request is begun, its
/// values added in the order of their sections, and its rows read. Allocates nothing after the first request.
/// </summary>
public sealed class RequestSequencer
{
    /// <summary>Rows of a request; what does not fit is <see cref="Unread"/>.</summary>
    public const int RowsMax = 32;

    /// <summary>Tokens that a row repeats of the one before.</summary>
    public const int Overlap = 16;

    private const int LeadTokens = 2;
    private const int PlaceholderBytesMin = 65;
    private const int Separator = 3;
    private const int Beginning = 2;

    private const ValueFlags Encoded = ValueFlags.Percent | ValueFlags.PercentU | ValueFlags.Entity
        | ValueFlags.Backslash | ValueFlags.Base64 | ValueFlags.Rounds;

    private const ValueFlags Obfuscated = ValueFlags.PercentMalformed | ValueFlags.Overlong | ValueFlags.Fullwidth
        | ValueFlags.Nul;

    private static readonly int Query = SubwordTokenizer.Special("<QUERY>");
    private static readonly int UnknownMethod = SubwordTokenizer.Special("<HTTP_METHOD>");
    private static readonly int FirstMethod = SubwordTokenizer.Special("GET");
    private static readonly int LastMethod = SubwordTokenizer.Special("CONNECT");
    private static readonly int FirstFlag = SubwordTokenizer.Special("<FLAG_0>");
    private static readonly int EncodedToken = SubwordTokenizer.Special("<ENCODED_PAYLOAD>");
    private static readonly int ObfuscatedToken = SubwordTokenizer.Special("<OBFUSCATED>");
    private static readonly int Jwt = SubwordTokenizer.Special("<JWT>");
    private static readonly int Hash = SubwordTokenizer.Special("<HASH>");
    private static readonly int Opaque = SubwordTokenizer.Special("<AUTH_TOKEN>");

    private static readonly SearchValues<byte> HexDigits = SearchValues.Create("0123456789abcdef"u8);
    private static readonly SearchValues<byte> Digits = SearchValues.Create("0123456789"u8);
    private static readonly SearchValues<byte> TokenBytes =
        SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789_-"u8);

    private readonly SubwordTokenizer _tokenizer;
    private readonly int _length;
    private readonly int[] _stream;
    private readonly short[] _markers;
    private int _count;
    private int _method;
    private RequestSection _section;
    private bool _isEmpty;

    /// <param name="tokenizer">The vocabulary.</param>
    /// <param name="length">Tokens of a row: 128, 256 or 512.</param>
    public RequestSequencer(SubwordTokenizer tokenizer, int length)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(length, 2 * Overlap);
        (_tokenizer, _length) = (tokenizer, length);
        _stream = new int[RowsMax * length];
        _markers = new short[RowsMax * length];
    }

    /// <summary>Tokens of the first row between method and end; of the others one less, for the marker.</summary>
    private int Room => _length - LeadTokens - 1;

    /// <summary>Rows that the request has now.</summary>
    public int Rows => Math.Min(RowsMax, RowsNeeded);

    /// <summary>Tokens of the request that no row holds.</summary>
    public int Unread => Math.Max(0, _count - (Room + ((Rows - 1) * (Room - 1 - Overlap))));

    private int RowsNeeded =>
        _count <= Room ? 1 : 1 + ((_count - Room + (Room - 2 - Overlap)) / (Room - 1 - Overlap));

    /// <summary>Begins a request; methods are written in capitals.</summary>
    public void Begin(ReadOnlySpan<char> method)
    {
        (_count, _section, _isEmpty, _method) = (0, RequestSection.Path, true, UnknownMethod);
        for (var token = FirstMethod; token <= LastMethod; token++)
        {
            if (method.SequenceEqual(SubwordVocabulary.Special[token])) _method = token;
        }
    }

    /// <summary>
    /// Adds a normalised value with its flags. <paramref name="marker"/> is the special token that says what it is
    /// (<see cref="SubwordTokenizer.Special"/>).
    /// </summary>
    public void Add(RequestSection section, int marker, ValueFlags flags, ReadOnlySpan<byte> normalized)
    {
        if (!_isEmpty && section != _section) Append(Separator, marker);
        if (section == RequestSection.Query && (_isEmpty || _section != RequestSection.Query)) Append(Query, marker);
        (_section, _isEmpty) = (section, false);
        Append(marker, marker);
        for (var flag = 0; flag < ValueNormalizer.FlagCount; flag++)
        {
            if (((int)flags >> flag & 1) != 0) Append(FirstFlag + flag, marker);
        }

        if ((flags & Encoded) != 0) Append(EncodedToken, marker);
        if ((flags & Obfuscated) != 0) Append(ObfuscatedToken, marker);
        var placeholder = Placeholder(normalized, flags);
        if (placeholder >= 0)
        {
            Append(placeholder, marker);
            return;
        }

        var start = Math.Min(_count, _stream.Length);
        var tokens = _tokenizer.Encode(normalized, _stream.AsSpan(start));
        _markers.AsSpan(start, Math.Min(tokens, _stream.Length - start)).Fill((short)marker);
        _count += tokens;
    }

    /// <summary>Writes a row (at most the sequencer's length) and returns how many tokens it has.</summary>
    public int Row(int index, Span<int> row)
    {
        var step = Room - 1 - Overlap;
        var (start, taken) = index == 0 ? (0, Room) : (Room - Overlap + ((index - 1) * step), Room - 1);
        var written = 0;
        row[written++] = Beginning;
        row[written++] = _method;
        if (index > 0) row[written++] = _markers[start];
        var tokens = _stream.AsSpan(start, Math.Min(taken, Math.Min(_count, _stream.Length) - start));
        tokens.CopyTo(row[written..]);
        written += tokens.Length;
        row[written++] = Separator;
        return written;
    }

    /// <summary>The token that stands for a long opaque value, or -1.</summary>
    internal static int Placeholder(ReadOnlySpan<byte> text, ValueFlags flags)
    {
        if (flags != ValueFlags.None || text.Length < PlaceholderBytesMin) return -1;
        if (IsJwt(text)) return Jwt;
        if (!text.ContainsAnyExcept(HexDigits)) return Hash;
        return !text.ContainsAnyExcept(TokenBytes) && text.ContainsAny(Digits) ? Opaque : -1;
    }

    /// <summary>Three parts between dots, the first of which begins with what <c>{"</c> is in base64.</summary>
    private static bool IsJwt(ReadOnlySpan<byte> text)
    {
        if (!text.StartsWith("ey"u8)) return false;
        var first = text.IndexOf((byte)'.');
        if (first < 3 || text[..first].ContainsAnyExcept(TokenBytes)) return false;
        var rest = text[(first + 1)..];
        var second = rest.IndexOf((byte)'.');
        return second > 0 && !rest[..second].ContainsAnyExcept(TokenBytes)
            && !rest[(second + 1)..].ContainsAnyExcept(TokenBytes);
    }

    private void Append(int token, int marker)
    {
        if (_count < _stream.Length)
        {
            _stream[_count] = token;
            _markers[_count] = (short)marker;
        }

        _count++;
    }
}
