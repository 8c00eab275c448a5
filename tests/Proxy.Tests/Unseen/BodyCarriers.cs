using System.Text;
using System.Text.Json;

namespace WafOperator.Proxy.Tests.Unseen;

/// <summary>A body with the attack in it.</summary>
/// <param name="Name">Format and place.</param>
/// <param name="ContentType">What an ordinary client says it is.</param>
/// <param name="Text">The body, a character for each byte unless it is encoded anew.</param>
internal sealed record CarriedBody(string Name, string ContentType, string Text)
{
    /// <summary>Programs read it under its type only: without it, nothing in it is an attack.</summary>
    public bool IsTypeHeeded { get; init; }

    /// <summary>Header lines that say how to read it.</summary>
    public IReadOnlyList<string> Headers { get; init; } = [];
}

/// <summary>Body formats that applications read, each with all the places where a text can stand in it.</summary>
internal static class BodyCarriers
{
    private static readonly Func<Random, Padding, string, CarriedBody>[] All =
    [
        Form, Form, Json, Json, JsonLines, JsonSequence, Xml, WebDav, Multipart, Multipart, MultipartFile, Related,
        Nested, Batch, TransferCoded, GraphQl, PlainText, WebCalls.Any, OtherReaders.Any,
    ];

    /// <summary>The attack in any of them, padded.</summary>
    public static CarriedBody Any(Random random, Padding padding, string attack) =>
        All[random.Next(All.Length)](random, padding, padding.TextBefore(random) + attack + padding.TextAfter(random));

    private static CarriedBody Form(Random random, Padding padding, string value)
    {
        var inName = random.Next(4) == 0;
        // Programs take JSON in a field apart as well.
        if (!inName && random.Next(4) == 0) value = $"{{\"q\":\"{Encodings.Json(random, value)}\"}}";
        var encoded = Encodings.Percent(random, value);
        var field = inName ? $"{encoded}=1" : $"q={encoded}";
        return new CarriedBody(
            inName ? "form name" : "form value", "application/x-www-form-urlencoded",
            Joined(padding, "&", field, i => $"f{i}=tea"));
    }

    private static CarriedBody Json(Random random, Padding padding, string value)
    {
        var encoded = Encodings.Json(random, value);
        var place = random.Next(6);
        // Strings that hold JSON of their own are taken apart again; keys are not.
        if (place is not (0 or 4) && random.Next(5) == 0)
            encoded = JsonEncodedText.Encode($"{{\"q\":\"{encoded}\"}}").ToString();
        var (name, member) = place switch
        {
            0 => ("JSON key", $"\"{encoded}\":1"),
            1 => ("JSON array", $"\"q\":[1,\"{encoded}\"]"),
            2 => ("JSON nested", "\"q\":" + string.Concat(Enumerable.Repeat("{\"a\":", 12)) + $"\"{encoded}\""
                + new string('}', 12)),
            3 => ("JSON duplicate key", $"\"q\":\"{encoded}\",\"q\":\"tea\""),
            4 => ("JSON below an odd key", $"\"a b\":{{\"c\":{{\"{encoded}\":1}}}}"),
            _ => ("JSON value", $"\"q\":\"{encoded}\""),
        };
        string[] types = ["application/json", "application/json; charset=utf-8", "application/vnd.api+json"];
        var type = types[random.Next(types.Length)];
        return new CarriedBody(name, type, "{" + Joined(padding, ",", member, i => $"\"f{i}\":\"tea\"") + "}");
    }

    private static CarriedBody JsonLines(Random random, Padding padding, string value) => new(
        "JSON lines", "application/x-ndjson",
        Joined(padding, "\n", $"{{\"q\":\"{Encodings.Json(random, value)}\"}}", i => $"{{\"f{i}\":\"tea\"}}") + "\n");

    /// <summary>RFC 7464, or documents one after the other under the type of one.</summary>
    private static CarriedBody JsonSequence(Random random, Padding padding, string value)
    {
        string[] types =
            ["application/json-seq", "application/geo+json-seq", "application/json", "application/x-ndjson"];
        var separator = random.Next(3) switch { 0 => "\u001e", 1 => " ", _ => "\n" };
        return new CarriedBody(
            "JSON sequence", types[random.Next(types.Length)],
            Joined(
                padding, separator, $"{{\"q\":[\"{Encodings.Json(random, value)}\"]}}", i => $"{{\"f{i}\":\"tea\"}}"));
    }

    /// <summary>What clients of WebDAV and CalDAV send: properties, locks, queries.</summary>
    private static CarriedBody WebDav(Random random, Padding padding, string value)
    {
        var encoded = Encodings.Xml(random, value);
        var (name, element) = random.Next(3) switch
        {
            0 => ("WebDAV property", $"<d:set><d:prop><o:note>{encoded}</o:note></d:prop></d:set>"),
            1 => ("WebDAV owner", $"<d:owner><d:href>{encoded}</d:href></d:owner>"),
            _ => ("CalDAV filter", $"<o:prop-filter name=\"{encoded}\"/>"),
        };
        return new CarriedBody(
            name, random.Next(2) == 0 ? "text/xml" : "application/xml; charset=\"utf-8\"",
            "<?xml version=\"1.0\" encoding=\"utf-8\"?><d:propertyupdate xmlns:d=\"DAV:\" xmlns:o=\"urn:own\">"
            + Joined(padding, "", element, i => $"<o:f{i}>tea</o:f{i}>") + "</d:propertyupdate>");
    }

    /// <summary>Multipart in a part of multipart, one to three deep.</summary>
    private static CarriedBody Nested(Random random, Padding padding, string value)
    {
        var part = random.Next(2) == 0
            ? $"Content-Type: application/json\r\n\r\n{{\"q\":\"{Encodings.Json(random, value)}\"}}"
            : $"Content-Disposition: form-data; name=\"q\"\r\n\r\n{value}";
        var depth = 1 + random.Next(3);
        for (var i = 0; i < depth; i++)
        {
            part = $"Content-Type: multipart/{(random.Next(2) == 0 ? "mixed" : "related")}; boundary=in{i}\r\n\r\n"
                + $"--in{i}\r\nContent-Type: text/plain\r\n\r\ntea\r\n--in{i}\r\n{part}\r\n--in{i}--\r\n";
        }

        return new CarriedBody(
            $"multipart nested {depth}", Boundary(random, random.Next(2) == 0 ? "related" : "mixed"),
            $"--line\r\nContent-Type: text/plain\r\n\r\ntea\r\n--line\r\n{part}\r\n--line--\r\n");
    }

    /// <summary>A request in a part: batches of OData and of others.</summary>
    private static CarriedBody Batch(Random random, Padding padding, string value)
    {
        var encoded = Encodings.Percent(random, value);
        var (name, request) = random.Next(3) switch
        {
            0 => ("batch target", $"GET /items?q={encoded} HTTP/1.1\r\nHost: shop\r\n\r\n"),
            1 => ("batch header", $"GET /items HTTP/1.1\r\nHost: shop\r\nX-Own: {value}\r\n\r\n"),
            _ => ("batch body", "POST /items HTTP/1.1\r\nHost: shop\r\nContent-Type: application/json\r\n\r\n"
                + $"{{\"q\":\"{Encodings.Json(random, value)}\"}}"),
        };
        return new CarriedBody(
            name, Boundary(random, "mixed"),
            $"--line\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\n{request}\r\n"
            + "--line--\r\n");
    }

    /// <summary>Codings of mail, which some readers of forms undo.</summary>
    private static CarriedBody TransferCoded(Random random, Padding padding, string value)
    {
        var isBase64 = random.Next(2) == 0;
        var coded = isBase64
            ? Convert.ToBase64String(Encoding.Latin1.GetBytes(value), Base64FormattingOptions.InsertLineBreaks)
            : string.Concat(value.Select((letter, i) => i % 60 == 59 ? $"={(int)letter:X2}=\r\n" : $"{letter}"));
        return new CarriedBody(
            isBase64 ? "multipart base64" : "multipart quoted-printable", Boundary(random, "form-data"),
            "--line\r\nContent-Disposition: form-data; name=\"q\"\r\nContent-Transfer-Encoding: "
            + $"{(isBase64 ? "base64" : "quoted-printable")}\r\n\r\n{coded}\r\n--line--\r\n");
    }

    private static CarriedBody GraphQl(Random random, Padding padding, string value) => new(
        "GraphQL variable", "application/json",
        "{\"query\":\"query q($v: String) { item(name: $v) { id } }\",\"variables\":{"
        + Joined(padding, ",", $"\"v\":\"{Encodings.Json(random, value)}\"", i => $"\"f{i}\":\"tea\"") + "}}");

    private static CarriedBody Xml(Random random, Padding padding, string value)
    {
        var encoded = Encodings.Xml(random, value);
        var (name, element) = random.Next(4) switch
        {
            0 => ("XML attribute", $"<q v=\"{encoded}\"/>"),
            1 => ("XML CDATA", $"<q><![CDATA[{value}]]></q>"),
            2 => ("XML behind a comment", $"<q><!-- tea -->{encoded}</q>"),
            _ => ("XML text", $"<q>{encoded}</q>"),
        };
        var type = random.Next(2) == 0 ? "application/xml" : "text/xml; charset=utf-8";
        return new CarriedBody(name, type,
            "<?xml version=\"1.0\"?><r>" + Joined(padding, "", element, i => $"<f{i}>tea</f{i}>") + "</r>");
    }

    private static CarriedBody Multipart(Random random, Padding padding, string value)
    {
        var (name, part) = random.Next(6) switch
        {
            4 => ("multipart parameter", $"form-data; name=\"q\"; own=\"{value}\"\r\n\r\ntea"),
            5 => ("multipart own header", $"form-data; name=\"q\"\r\nX-Own: {value}\r\n\r\ntea"),
            0 => ("multipart name", $"form-data; name=\"{value}\"\r\n\r\ntea"),
            1 => ("multipart part type", $"form-data; name=\"q\"\r\nContent-Type: text/plain; x={value}\r\n\r\ntea"),
            2 => ("multipart empty file name", $"form-data; name=\"q\"; filename=\"\"\r\n\r\n{value}"),
            _ => ("multipart value", $"form-data; name=\"q\"\r\n\r\n{value}"),
        };
        return new CarriedBody(name, Boundary(random, "form-data"), Parts(padding, part));
    }

    private static CarriedBody MultipartFile(Random random, Padding padding, string value)
    {
        var (name, part) = random.Next(4) switch
        {
            3 => ("multipart JSON file",
                "form-data; name=\"q\"; filename=\"blob\"\r\nContent-Type: application/json\r\n\r\n"
                + $"{{\"q\":\"{Encodings.Json(random, value)}\"}}"),
            0 => ("multipart file name", $"form-data; name=\"q\"; filename=\"{value}.txt\"\r\n\r\ntea"),
            1 => ("multipart binary file",
                "form-data; name=\"q\"; filename=\"a.bin\"\r\nContent-Type: application/octet-stream\r\n\r\n"
                + $"\0\u0001{value}\0"),
            _ => ("multipart text file",
                $"form-data; name=\"q\"; filename=\"a.php\"\r\nContent-Type: text/plain\r\n\r\n{value}"),
        };
        return new CarriedBody(name, Boundary(random, "form-data"), Parts(padding, part));
    }

    private static CarriedBody Related(Random random, Padding padding, string value) => new(
        "multipart/related", Boundary(random, random.Next(2) == 0 ? "related" : "mixed"),
        Parts(padding, $"form-data; name=\"q\"\r\n\r\n{value}"));

    private static CarriedBody PlainText(Random random, Padding padding, string value) => new(
        "text", "text/plain", Joined(padding, "\n", value, _ => "tea"));

    private static string Boundary(Random random, string kind) =>
        $"multipart/{kind}; boundary={(random.Next(3) == 0 ? "\"line\"" : "line")}";

    private static string Parts(Padding padding, string part) => Joined(
        padding with
        {
            FieldsBefore = Math.Min(padding.FieldsBefore, 300), FieldsAfter = Math.Min(padding.FieldsAfter, 300),
        },
        "", $"--line\r\nContent-Disposition: {part}\r\n",
        i => $"--line\r\nContent-Disposition: form-data; name=\"f{i}\"\r\n\r\ntea\r\n") + "--line--\r\n";

    private static string Joined(Padding padding, string separator, string piece, Func<int, string> filler)
    {
        var text = new StringBuilder();
        for (var i = 0; i < padding.FieldsBefore; i++) text.Append(filler(i)).Append(separator);
        text.Append(piece);
        for (var i = 0; i < padding.FieldsAfter; i++) text.Append(separator).Append(filler(padding.FieldsBefore + i));
        return text.ToString();
    }
}
