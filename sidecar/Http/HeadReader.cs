using System.Buffers;
using WafOperator.Http.Decoding;

namespace WafOperator.Http;

/// <summary>The pieces of a request target.</summary>
internal struct TargetSlices
{
    public Slice Uri;
    public Slice DecodedUri;
    public Slice RawPath;
    public Slice RawQuery;
    public Slice Path;
    public Slice BaseName;
    public Slice NormalPath;
    public bool HasQuery;
}

/// <summary>Reads target, cookies, framing headers and content type once the head is complete.</summary>
internal static class HeadReader
{
    private const int DecodeRoundsMax = 3;

    private static readonly SearchValues<byte> FieldControls = SearchValues.Create(
        [0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30,
         31, 127]);

    private static readonly uint ContentTypeHash = NameHash.Of("content-type"u8);
    private static readonly uint ContentLengthHash = NameHash.Of("content-length"u8);
    private static readonly uint TransferEncodingHash = NameHash.Of("transfer-encoding"u8);
    private static readonly uint HostHash = NameHash.Of("host"u8);
    private static readonly uint CookieHash = NameHash.Of("cookie"u8);

    public static void ReadTarget(CanonicalRequest request)
    {
        var target = new TargetSlices { Uri = WithoutOrigin(request) };
        var uri = request[target.Uri];
        var mark = uri.IndexOf((byte)'?');
        target.HasQuery = mark >= 0;
        target.RawPath = mark < 0 ? target.Uri : target.Uri.Sub(0, mark);
        target.RawQuery = mark < 0 ? new Slice(target.Uri.End, 0) : target.Uri.From(mark + 1);

        var anomalies = Anomalies.None;
        target.Path = Decode(request, target.RawPath, ref anomalies);
        target.DecodedUri = target.HasQuery ? Decode(request, target.Uri, ref anomalies) : target.Path;
        var path = request[target.Path];
        target.BaseName = target.Path.From(path.LastIndexOfAny((byte)'/', (byte)'\\') + 1);
        target.NormalPath = Normalize(request, target, ref anomalies);
        if (uri.IndexOfAnyExceptInRange((byte)0x21, (byte)0x7e) >= 0)
            anomalies |= Utf8Facts.Of(request[target.Path]) | Utf8Facts.Of(uri);
        else if (target.Path != target.RawPath)
            anomalies |= Utf8Facts.Of(request[target.Path]);
        request.SetTarget(target);
        request.Note(anomalies);
    }

    public static void ReadHeaders(CanonicalRequest request)
    {
        int hosts = 0, lengths = 0, codings = 0, types = 0, cookies = 0;
        var cookie = Slice.Empty;
        var headers = request.Headers;
        foreach (ref readonly var header in headers)
        {
            NoteMalformed(request, header);
            if (header.NameHash == CookieHash && Is(request, header, "cookie"u8))
            {
                if (cookies++ == 0) cookie = header.Value;
            }
            else if (header.NameHash == HostHash && Is(request, header, "host"u8))
            {
                if (hosts++ == 0) request.SetHost(header.Value);
            }
            else if (header.NameHash == ContentLengthHash && Is(request, header, "content-length"u8))
            {
                lengths++;
                if (!IsNumber(request[header.Value])) request.Note(Anomalies.BadContentLength);
            }
            else if (header.NameHash == TransferEncodingHash && Is(request, header, "transfer-encoding"u8))
            {
                codings++;
                if (!EqualsIgnoreCase(request[header.Value], "chunked"u8)) request.Note(Anomalies.BadTransferEncoding);
            }
            else if (header.NameHash == ContentTypeHash && Is(request, header, "content-type"u8) && types++ == 0)
            {
                ContentTypeReader.Read(request, header.Value);
            }
        }

        CookieReader.Read(request, cookies > 1 ? JoinCookies(request) : cookie);
        if (hosts > 1 || hosts == 0 && request[request.Protocol].SequenceEqual("HTTP/1.1"u8))
            request.Note(Anomalies.BadHost);
        if (lengths > 1) request.Note(Anomalies.BadContentLength);
        if (codings > 1) request.Note(Anomalies.BadTransferEncoding);
        if (lengths > 0 && codings > 0) request.Note(Anomalies.LengthAndTransferEncoding);
        if (types > 1) request.Note(Anomalies.DuplicateContentType);
    }

    /// <summary>What is sent on is one line, whose quotes may go over what came as two.</summary>
    private static Slice JoinCookies(CanonicalRequest request)
    {
        var arena = request.Arena;
        var start = arena.Length;
        foreach (ref readonly var header in request.Headers)
        {
            if (header.NameHash != CookieHash || !Is(request, header, "cookie"u8)) continue;
            if (!arena.TryReserve(header.Value.Length + 2)) { request.NoMemory(); break; }
            if (arena.Length > start) arena.TryAppend("; "u8, out _);
            arena.TryAppendCopy(header.Value, out _);
        }

        return new Slice(start, arena.Length - start);
    }

    public static bool EqualsIgnoreCase(ReadOnlySpan<byte> value, ReadOnlySpan<byte> lower)
    {
        if (value.Length != lower.Length) return false;
        for (var i = 0; i < value.Length; i++)
        {
            if (NameHash.ToLower(value[i]) != lower[i]) return false;
        }

        return true;
    }

    private static bool Is(CanonicalRequest request, in Header header, ReadOnlySpan<byte> lowerName) =>
        request[header.LowerName].SequenceEqual(lowerName);

    private static void NoteMalformed(CanonicalRequest request, in Header header)
    {
        var name = request[header.Name];
        if (name.IsEmpty || name.IndexOfAnyExceptInRange((byte)0x21, (byte)0x7e) >= 0 || name.Contains((byte)':'))
            request.Note(Anomalies.MalformedHeader);
        var value = request[header.Value];
        if (!value.ContainsAny(FieldControls)) return;
        request.Note(Anomalies.MalformedHeader);
        if (value.Contains((byte)0)) request.Note(Anomalies.NulByte);
    }

    private static bool IsNumber(ReadOnlySpan<byte> value) =>
        value.Length is > 0 and < 19 && !value.ContainsAnyExceptInRange((byte)'0', (byte)'9');

    private static Slice WithoutOrigin(CanonicalRequest request)
    {
        var raw = request[request.RawUri];
        if (raw.IsEmpty || raw[0] is (byte)'/' or (byte)'*') return request.RawUri;
        var scheme = raw.IndexOf("://"u8);
        if (scheme <= 0 || raw[..scheme].IndexOfAny("/?#"u8) >= 0) return request.RawUri;
        request.Note(Anomalies.AbsoluteTarget);
        var path = raw[(scheme + 3)..].IndexOfAny((byte)'/', (byte)'?');
        return path < 0 ? new Slice(request.RawUri.End, 0) : request.RawUri.From(scheme + 3 + path);
    }

    private static Slice Decode(CanonicalRequest request, Slice raw, ref Anomalies anomalies)
    {
        var bytes = request[raw];
        if (!PercentDecoder.IsEncoded(bytes, plusIsSpace: false)) return raw;
        if (!request.Arena.TryReserve(bytes.Length)) { request.NoMemory(); return raw; }
        return request.Arena.Commit(PercentDecoder.Decode(bytes, request.Arena.Tail, false, ref anomalies));
    }

    private static Slice Normalize(CanonicalRequest request, in TargetSlices target, ref Anomalies anomalies)
    {
        var current = target.Path;
        if (target.Path != target.RawPath)
        {
            if (Separators(request[target.Path]) != Separators(request[target.RawPath]))
                anomalies |= Anomalies.EncodedPathSeparator;
            for (var round = 1; round < DecodeRoundsMax && PercentDecoder.HoldsEscape(request[current]); round++)
            {
                anomalies |= Anomalies.MultipleEncoding;
                current = Decode(request, current, ref anomalies);
            }
        }

        var path = request[current];
        if (PathNormalizer.IsNormal(path)) return current;
        if (!request.Arena.TryReserve(path.Length + 1)) { request.NoMemory(); return current; }
        return request.Arena.Commit(PathNormalizer.Normalize(path, request.Arena.Tail, ref anomalies));
    }

    private static int Separators(ReadOnlySpan<byte> path) =>
        path.Count((byte)'/') + path.Count((byte)'\\') + path.Count((byte)'.');
}
