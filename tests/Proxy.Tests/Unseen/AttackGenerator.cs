using System.IO.Compression;
using System.Text;

namespace WafOperator.Proxy.Tests.Unseen;

/// <summary>
/// Makes requests that carry an attack: any part, any carrier, encodings that applications undo, padding, disguises
/// that ask for less inspection, and framings. Pure: the same seed and number give the same request.
/// </summary>
internal static class AttackGenerator
{
    private static readonly string[] BodyMethods =
        ["POST", "POST", "POST", "PUT", "PATCH", "DELETE", "GET", "PROPFIND", "PROPPATCH", "LOCK", "REPORT"];

    /// <summary>Prefixes under which the policy of these tests inspects less, and ways out of them.</summary>
    private static readonly string[] PathPrefixes =
    [
        "", "", "", "", "/static/..", "/static/..;",
        "/a/..%2fstatic", "/x%2f..%2fstatic", "/shop//", "/./shop", "/STATIC",
    ];

    /// <summary>What a client may say about itself or its request in order to be looked at less.</summary>
    private static readonly string[][] Claims =
    [
        ["Upgrade: websocket"],
        ["Upgrade: websocket", "Connection: Upgrade"],
        [
            "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        ],
        ["Upgrade: h2c", "Connection: Upgrade, HTTP2-Settings", "HTTP2-Settings: AAMAAABkAAQAAP__"],
        ["Upgrade: tcp"],
        ["TE: trailers"],
        ["X-Forwarded-For: 192.0.2.7"],
        ["X_Forwarded_For: 192.0.2.7"],
        ["X-Original-URL: /static/logo.png"],
        ["X-HTTP-Method-Override: GET"],
        ["Priority: u=7, i"],
        ["Expect: 100-continue"],
        ["Sec-Fetch-Mode: navigate"],
        ["Accept: text/event-stream"],
        ["X-Requested-With: XMLHttpRequest"],
        ["Content-Range: bytes 0-9/10"],
    ];

    /// <summary>
    /// Types that a body may be sent under, whatever it is; null for none. Applications that ignore the type read it.
    /// </summary>
    private static readonly string?[] Types =
    [
        null, "", "text/plain", "application/octet-stream", "application/grpc", "application/grpc+proto",
        "application/x-unknown", "image/png", "APPLICATION/JSON", "application/json;charset=utf-8;x=y", "*/*", "json",
        "multipart/form-data", "application/x-www-form-urlencoded", "application/xml", "text/event-stream", "video/mp4",
    ];

    /// <summary>Makes one.</summary>
    /// <param name="seed">Chooses the series.</param>
    /// <param name="number">Which of the series.</param>
    /// <param name="marker">The attack: letters, or what means nothing in any of the syntaxes.</param>
    public static HiddenAttack Make(int seed, int number, string marker = HiddenAttack.Marker)
    {
        // Not HashCode.Combine, which differs from process to process.
        var random = new Random(unchecked(seed * 1_000_003 + number));
        var path = PathPrefixes[random.Next(PathPrefixes.Length)] + "/shop/" + HiddenAttack.Segment(number);
        var attack = Encodings.MixedCase(random, marker);
        var claims = random.Next(3) == 0 ? Claims[random.Next(Claims.Length)] : [];
        return random.Next(72) switch
        {
            >= 60 => InRealRequest(random, number, attack),
            < 13 => InHead(random, number, path, attack, claims),
            < 16 => InMessage(random, number, path, attack),
            < 23 => InCall(random, number, path, attack),
            23 => InTrailer(random, number, path, attack),
            _ => InBody(random, number, path, attack, claims),
        };
    }

    /// <summary>
    /// In a message of a WebSocket, sent on the heels of the handshake. It reaches the application without its mask.
    /// </summary>
    private static HiddenAttack InMessage(Random random, int number, string path, string attack)
    {
        var message = MessageCarriers.Any(random, attack);
        var head = Lines(
            "GET", path,
            [
                "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13",
                "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
            ]) + "\r\n";
        return new HiddenAttack(
            number, $"WebSocket {message.Name}", Pieces(random, [.. Encoding.Latin1.GetBytes(head), .. message.Frames]),
            message.Content);
    }

    /// <summary>
    /// In a gRPC call. Without <c>te: trailers</c>, which every client sends, it is an ordinary request.
    /// </summary>
    private static HiddenAttack InCall(Random random, int number, string path, string attack)
    {
        var call = CallCarriers.Any(random, attack);
        List<(string, string)> fields =
        [
            (":method", "POST"), (":scheme", "http"), (":authority", "shop.example"),
            (":path", path + "/own.Shop/Say"), ("user-agent", "grpc-go/1.60.0"),
        ];
        if (random.Next(12) != 0) fields.Add(("te", "trailers"));
        if (random.Next(6) == 0) fields.Add(("content-length", $"{call.Body.Length}"));
        if (random.Next(6) == 0) fields.Add(("grpc-timeout", "20S"));
        fields.AddRange(call.Fields);
        return new HiddenAttack(
            number, $"gRPC {call.Name}", Pieces(random, CallWire.Of(random, fields, call)), call.Carried)
        {
            IsHttp2 = true,
        };
    }

    /// <summary>In a request of a well-known application, whose path gets one segment more.</summary>
    private static HiddenAttack InRealRequest(Random random, int number, string attack)
    {
        var padding = Padding.Short(random);
        var value = padding.TextBefore(random) + attack + padding.TextAfter(random);
        var real = RealRequests.Any(random, HiddenAttack.Segment(number), value);
        return new HiddenAttack(number, real.Name, Pieces(random, real.Bytes), Encoding.Latin1.GetBytes(real.Carried));
    }

    /// <summary>In a field behind a body in chunks.</summary>
    private static HiddenAttack InTrailer(Random random, int number, string path, string attack)
    {
        string[] headers = ["Content-Type: application/x-www-form-urlencoded", "Transfer-Encoding: chunked"];
        if (random.Next(2) == 0) headers = [.. headers, "Trailer: X-Own"];
        var text = Lines("POST", path, headers) + "\r\n5\r\nq=tea\r\n0\r\nX-Own: " + attack + "\r\n\r\n";
        return new HiddenAttack(
            number, "trailer", Pieces(random, Encoding.Latin1.GetBytes(text)), Encoding.Latin1.GetBytes(attack));
    }

    private static HiddenAttack InHead(Random random, int number, string path, string attack, string[] claims)
    {
        var head = HeadCarriers.Any(random, path, attack);
        var method = random.Next(3) == 0 ? "HEAD" : "GET";
        var text = Lines(method, head.Target, [.. claims.Where(IsForHeads), .. head.Headers]) + "\r\n";
        var name = $"{head.Name}, claims [{string.Join(", ", claims)}]";
        return new HiddenAttack(
            number, name, Pieces(random, Encoding.Latin1.GetBytes(text)), Encoding.Latin1.GetBytes(head.Carried));
    }

    private static HiddenAttack InBody(Random random, int number, string path, string attack, string[] claims)
    {
        var padding = Padding.Any(random);
        var carried = BodyCarriers.Any(random, padding, attack);
        var (type, typeName) = random.Next(3) == 0 && !carried.IsTypeHeeded
            ? (Types[random.Next(Types.Length)], "type")
            : (carried.ContentType, "");
        var (bytes, coding, codingHeaders) = Encode(random, carried, ref type);
        List<string> headers = [.. claims, .. carried.Headers];
        headers.AddRange(codingHeaders);
        var isMisspelt = random.Next(12) == 0 && !carried.IsTypeHeeded;
        if (type is not null) headers.Add($"{(isMisspelt ? "Content_Type" : "Content-Type")}: {type}");
        var isChunked = random.Next(3) == 0;
        headers.Add(isChunked ? "Transfer-Encoding: chunked" : $"Content-Length: {bytes.Length}");
        var method = BodyMethods[random.Next(BodyMethods.Length)];
        var head = Encoding.Latin1.GetBytes(Lines(method, path, headers) + "\r\n");
        var body = isChunked ? Chunked(random, bytes) : bytes;
        var name = $"{carried.Name}, {padding}, {coding} {typeName} \"{type}\", claims [{string.Join(", ", claims)}]";
        return new HiddenAttack(number, name, Pieces(random, [.. head, .. body]), bytes);
    }

    /// <summary>Codings and charsets that applications undo by themselves.</summary>
    private static (byte[] Bytes, string Name, string[] Headers) Encode(
        Random random, CarriedBody body, ref string? type)
    {
        var bytes = Encoding.Latin1.GetBytes(body.Text);
        switch (random.Next(14))
        {
            case 0:
                return (Compress(bytes, stream => new GZipStream(stream, CompressionLevel.Fastest, true)), "gzip",
                    [$"Content-Encoding: {(random.Next(2) == 0 ? "gzip" : "GZip")}"]);
            case 1:
                return (Compress(bytes, stream => new ZLibStream(stream, CompressionLevel.Fastest, true)), "deflate",
                    ["Content-Encoding: deflate"]);
            case 2 when type == body.ContentType && body.Name.Contains("JSON", StringComparison.Ordinal):
                type = "application/json; charset=utf-16";
                return ([0xff, 0xfe, .. Encoding.Unicode.GetBytes(body.Text)], "UTF-16", []);
            case 4:
                return (ZStandard(bytes), "zstd", ["Content-Encoding: zstd"]);
            case 5 when type == body.ContentType && body.Name.StartsWith("form", StringComparison.Ordinal):
                type += "; charset=" + (random.Next(2) == 0 ? "utf-8" : "iso-8859-1");
                return (bytes, "charset", []);
            case 6:
                return (Compress(bytes, stream => new GZipStream(stream, CompressionLevel.Fastest, true)),
                    "gzip in the second line", ["Content-Encoding: identity", "Content-Encoding: gzip"]);
            case 7:
                return (bytes, "a coding nobody knows", ["Content-Encoding: foo"]);
            case 3:
                return ([0xef, 0xbb, 0xbf, .. bytes], "byte order mark", []);
            default:
                return (bytes, "", []);
        }
    }

    private static byte[] ZStandard(byte[] bytes)
    {
        using var compressor = new ZstdSharp.Compressor();
        return compressor.Wrap(bytes).ToArray();
    }

    private static byte[] Compress(byte[] bytes, Func<Stream, Stream> coding)
    {
        using var target = new MemoryStream();
        using (var stream = coding(target)) stream.Write(bytes);
        return target.ToArray();
    }

    /// <summary>A request without a body has nothing to be continued.</summary>
    private static bool IsForHeads(string claim) => !claim.StartsWith("Expect", StringComparison.Ordinal);

    private static string Lines(string method, string target, IEnumerable<string> headers) =>
        $"{method} {target} HTTP/1.1\r\nHost: shop.example\r\nAccept: */*\r\n"
        + string.Concat(headers.Select(header => header + "\r\n"))
        + (headers.Any(header => header.StartsWith("Connection:", StringComparison.OrdinalIgnoreCase))
            ? ""
            : "Connection: close\r\n");

    private static byte[] Chunked(Random random, byte[] bytes)
    {
        using var target = new MemoryStream();
        for (var at = 0; at < bytes.Length;)
        {
            var most = random.Next(4) == 0 ? 7 : 4_096;
            var length = Math.Min(bytes.Length - at, Math.Max(1 + random.Next(most), bytes.Length / 200));
            var extension = random.Next(9) == 0 ? ";x=y" : "";
            target.Write(Encoding.ASCII.GetBytes($"{length:x}{extension}\r\n"));
            target.Write(bytes, at, length);
            target.Write("\r\n"u8);
            at += length;
        }

        target.Write("0\r\n\r\n"u8);
        return target.ToArray();
    }

    /// <summary>Cut into up to four pieces, one of them late now and then.</summary>
    private static List<WirePart> Pieces(Random random, byte[] bytes)
    {
        var cuts = Enumerable.Range(0, random.Next(4)).Select(_ => random.Next(bytes.Length)).Order()
            .Append(bytes.Length);
        var late = random.Next(50) == 0;
        var parts = new List<WirePart>();
        var at = 0;
        foreach (var cut in cuts)
        {
            var pause = at == 0 ? TimeSpan.Zero : TimeSpan.FromMilliseconds(late ? 1_300 : 0);
            late &= at == 0;
            if (cut > at) parts.Add(new WirePart(bytes[at..cut], pause));
            at = cut;
        }

        return parts;
    }
}
