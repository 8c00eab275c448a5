using WafOperator.Resources.Policies;

namespace WafOperator.Policies.Rules;

/// <summary>
/// Methods, media types, headers and charsets that requests of today's APIs have. The defaults of OWASP CRS are of the
/// age of forms; what is added here is either read by the sidecar's readers or counted as unread.
/// </summary>
internal static class RequestVocabulary
{
    private static readonly string[] Methods = ["GET", "HEAD", "POST", "OPTIONS", "PUT", "PATCH", "DELETE"];

    internal static readonly string[] WebDavMethods =
    [
        "PROPFIND", "PROPPATCH", "MKCOL", "COPY", "MOVE", "LOCK", "UNLOCK", "REPORT", "SEARCH", "ACL", "MKCALENDAR",
        "VERSION-CONTROL",
    ];

    /// <summary>
    /// Files as the whole body, as REST APIs take uploads. The type buys nothing: a body that looks like JSON, XML or a
    /// form is read as that, whatever it is called, and others are counted as unread.
    /// </summary>
    private static readonly string[] Files =
    [
        "image/jpeg", "image/png", "image/gif", "image/webp", "image/avif", "image/heic", "image/heif", "image/bmp",
        "image/tiff", "image/svg+xml", "image/x-icon", "audio/mpeg", "audio/mp4", "audio/ogg", "audio/wav",
        "audio/webm", "audio/aac", "audio/flac", "video/mp4", "video/mpeg", "video/ogg", "video/webm",
        "video/quicktime",
        "application/pdf", "application/zip", "application/x-zip-compressed", "application/gzip", "application/x-gzip",
        "application/x-tar",
        "application/x-bzip2", "application/x-xz", "application/zstd", "application/x-7z-compressed",
        "application/epub+zip", "application/rtf", "application/msword", "application/vnd.ms-excel",
        "application/vnd.ms-powerpoint", "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        "application/vnd.oasis.opendocument.text", "application/vnd.oasis.opendocument.spreadsheet",
        "application/vnd.oasis.opendocument.presentation", "text/markdown", "text/calendar", "text/vcard",
        "text/x-vcard", "font/woff", "font/woff2", "font/ttf", "font/otf", "binary/octet-stream", "application/wasm",
        "application/vnd.rar", "application/x-rar-compressed", "application/java-archive",
        "application/vnd.android.package-archive", "application/vnd.debian.binary-package", "application/x-rpm",
        "application/vnd.apache.parquet", "application/vnd.apache.arrow.stream", "application/vnd.apache.arrow.file",
    ];

    /// <summary>What clients of repositories and registries send: git, Git LFS, container images.</summary>
    private static readonly string[] Clients =
    [
        "application/x-git-upload-pack-request", "application/x-git-receive-pack-request",
        "application/vnd.git-lfs+json", "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.oci.image.index.v1+json", "application/vnd.docker.distribution.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.v1+prettyjws",
        "application/vnd.docker.distribution.manifest.v2+json",
        "application/vnd.docker.distribution.manifest.list.v2+json", "application/vnd.kubernetes.protobuf",
    ];

    /// <summary>Programs that talk to programs: bodies in binary forms and in languages of their own.</summary>
    private static readonly string[] Formats =
    [
        "application/x-amz-json-1.0", "application/x-amz-json-1.1", "application/jsonl", "application/x-jsonlines",
        "application/x-json", "application/proto", "application/vnd.google.protobuf", "application/msgpack",
        "application/x-msgpack", "application/vnd.msgpack", "application/cbor", "application/x-thrift",
        "application/vnd.apache.thrift.binary", "application/vnd.apache.thrift.compact", "application/avro",
        "avro/binary", "application/x-avro", "application/bson", "application/x-bson", "application/flatbuffers",
        "application/x-flatbuffers", "application/ipp",
        "application/vnd.ms-sync.wbxml", "application/vnd.wap.wbxml",
        "application/sparql-query", "application/sparql-update", "application/vnd.flux", "text/turtle",
        "application/n-triples", "application/n-quads", "application/trig", "text/n3", "text/uri-list",
        "application/toml", "text/yaml", "text/x-yaml", "text/tab-separated-values", "application/csv",
        "application/sdp", "application/trickle-ice-sdpfrag", "application/dns-message",
        "application/jwt", "application/jose", "application/ocsp-request", "application/ocsp-response",
        "application/timestamp-query", "application/pkcs10", "application/pkcs7-mime", "application/pkcs7-signature",
        "application/x-pkcs7-mime", "application/x-pkcs7-signature", "application/pkix-cert", "application/pkix-crl",
        "application/pkixcmp", "application/x-pem-file", "application/pgp-keys", "application/pgp-encrypted",
        "application/pgp-signature", "application/edifact", "application/edi-x12", "application/edi-consent",
        "multipart/signed", "multipart/encrypted", "multipart/report", "multipart/alternative", "multipart/parallel",
        "message/rfc822", "message/global", "application/http",
    ];

    /// <summary>What pages and their tools send: source texts to previews and converters, pings of links.</summary>
    private static readonly string[] Pages =
    [
        "text/html", "text/css", "text/javascript", "application/javascript", "application/x-javascript",
        "application/ecmascript", "text/ping", "text/rtf", "text/x-markdown", "text/x-component",
    ];

    /// <summary>CRS's own list first, then JSON and XML under other names, telemetry, uploads, streams.</summary>
    private static readonly string[] ContentTypes =
    [
        "application/x-www-form-urlencoded", "multipart/form-data", "multipart/related", "text/xml", "application/xml",
        "application/soap+xml", "application/json", "application/cloudevents+json",
            "application/cloudevents-batch+json",
        "multipart/mixed", "text/plain", "text/csv", "text/json", "application/octet-stream", "application/x-ndjson",
        "application/ndjson", "application/jsonlines", "application/json-seq", "application/vnd.api+json",
        "application/merge-patch+json", "application/json-patch+json", "application/strategic-merge-patch+json",
        "application/apply-patch+yaml", "application/yaml", "application/x-yaml", "application/problem+json",
        "application/hal+json", "application/ld+json", "application/activity+json", "application/geo+json",
        "application/scim+json", "application/fhir+json", "application/fhir+xml", "application/jose+json",
        "application/csp-report", "application/reports+json", "application/graphql", "application/graphql+json",
        "application/graphql-response+json", "application/grpc", "application/grpc+proto", "application/grpc-web",
        "application/grpc-web+proto", "application/grpc-web-text", "application/protobuf", "application/x-protobuf",
        "application/offset+octet-stream", "application/atom+xml", "application/samlassertion+xml",
        "application/x-sentry-envelope",
        .. Files, .. Clients, .. Formats, .. Pages,
    ];

    /// <summary>Headers that CRS restricts. Content-Encoding and Content-Range are not among them: the reader undoes
    /// the one or says that it did not, and the other is how uploads are resumed. The last is how a framework tells
    /// itself that its checks were made already (CVE-2025-29927): no client has a reason to send it.</summary>
    private static readonly string[] RestrictedHeaders =
        ["accept-charset", "proxy", "lock-token", "if", "x-middleware-subrequest"];

    private static readonly string[] CharsetHeader = ["accept-charset"];

    private static readonly string[] WebDavHeaders = ["lock-token", "if"];

    private static readonly string[] Charsets = ["utf-8", "utf8", "us-ascii", "iso-8859-1", "iso-8859-15",
        "windows-1252"];

    /// <summary>
    /// Pattern of media types by their suffix (RFC 6838, the registry of IANA, and those in common use): the syntax
    /// is known, whatever the type is called. Content of any of them is read by what it looks like, or said to be
    /// unread.
    /// </summary>
    public const string SuffixedTypes =
        @"^(?:application|audio|font|image|message|model|text|video)/[\w.!&^+-]+\+"
        + "(?:json|xml|json-seq|x-ndjson|ndjson|jsonl|yaml|cbor|cbor-seq|zip|gzip|zstd|der|ber|jwt|sd-jwt|cose|cwt"
        + @"|wbxml|fastinfoset|tlv|sqlite3|proto|protobuf|x-protobuf|thrift|msgpack|avro)\s*(?:;|$)";

    /// <summary>File endings that OWASP CRS restricts in paths (rule 920440).</summary>
    private static readonly string[] RestrictedExtensions =
    [
        "asa", "asax", "ascx", "axd", "backup", "bak", "bat", "cdx", "cer", "cfg", "cmd", "com", "config", "conf",
        "cs", "csproj", "csr", "dat", "db", "dbf", "dll", "dos", "htr", "htw", "ida", "idc", "idq", "inc", "ini", "key",
        "licx", "lnk", "log", "mdb", "old", "pass", "pdb", "pol", "printer", "pwd", "rdb", "resources", "resx", "sql",
        "swp", "sys", "vb", "vbs", "vbproj", "vsdisco", "webinfo", "xsd", "xsx",
    ];

    public static string MethodsOf(RulesSpec spec) => string.Join(
        ' ', (spec.AllowedMethods.Count > 0 ? spec.AllowedMethods : Methods)
            .Concat(spec.WebDav ? WebDavMethods : []).Distinct(StringComparer.Ordinal));

    public static string ContentTypesOf(RulesSpec spec) => string.Join(
        ' ', ContentTypes.Concat(spec.AllowedContentTypes).Distinct(StringComparer.Ordinal).Select(type =>
            $"|{type}|"));

    /// <summary>
    /// As CRS 3.3 and 4 both write it. Accept-Charset chooses the charset of responses, by which they could escape
    /// their inspection: where they are not inspected it is old clients' habit, which CRS 4 restricts from paranoia 2.
    /// </summary>
    public static string RestrictedHeadersOf(RulesSpec spec) => string.Join(
        ' ', RestrictedHeaders.Except(spec.WebDav ? WebDavHeaders : [])
            .Except(spec is { InspectResponses: false, Paranoia: 1, DetectionParanoia: null or 1 } ? CharsetHeader : [])
            .Except(spec.AllowedHeaders.Select(name => name.ToLowerInvariant())).Select(name => $"/{name}/"));

    /// <summary>
    /// File endings as CRS 3.3 and 4 write them; null where the policy changes none and the rule set's own list holds.
    /// </summary>
    public static string? RestrictedExtensionsOf(RulesSpec spec)
    {
        if (spec.AllowedExtensions.Count == 0 && spec.RestrictedExtensions.Count == 0) return null;
        return string.Join(' ', RestrictedExtensions.Concat(spec.RestrictedExtensions.Select(Ending))
            .Except(spec.AllowedExtensions.Select(Ending)).Select(ending => $".{ending}/"));
    }

    private static string Ending(string text) => text.TrimStart('.').ToLowerInvariant();

    /// <summary>
    /// CRS 3.3 takes the list for the alternatives of a pattern, CRS 4 looks for a name between two bars: the first
    /// name
    /// stands at both ends, so that it is right for both.
    /// </summary>
    public static string CharsetsOf(RulesSpec spec)
    {
        var names = Charsets.Concat(spec.AllowedCharsets.Select(name => name.ToLowerInvariant())).Distinct();
        return string.Join('|', names.Prepend(Charsets[0]).Append(Charsets[0]));
    }
}
