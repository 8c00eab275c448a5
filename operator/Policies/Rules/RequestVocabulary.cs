using WafOperator.Resources.Policies;

namespace WafOperator.Policies.Rules;

/// <summary>
/// Methods, media types, headers and charsets that requests of today's APIs have. The defaults of OWASP CRS are of the
/// age of forms; what is added here is either read by the sidecar's readers or counted as unread.
/// </summary>
internal static class RequestVocabulary
{
    private static readonly string[] Methods = ["GET", "HEAD", "POST", "OPTIONS", "PUT", "PATCH", "DELETE"];

    private static readonly string[] WebDavMethods =
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
        "application/pdf", "application/zip", "application/gzip", "application/x-gzip", "application/x-tar",
        "application/x-bzip2", "application/x-xz", "application/zstd", "application/x-7z-compressed",
        "application/epub+zip", "application/rtf", "application/msword", "application/vnd.ms-excel",
        "application/vnd.ms-powerpoint", "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        "application/vnd.oasis.opendocument.text", "application/vnd.oasis.opendocument.spreadsheet",
        "application/vnd.oasis.opendocument.presentation", "text/markdown", "text/calendar", "text/vcard",
        "text/x-vcard", "font/woff", "font/woff2", "font/ttf", "font/otf",
    ];

    /// <summary>What clients of repositories and registries send: git, Git LFS, container images.</summary>
    private static readonly string[] Clients =
    [
        "application/x-git-upload-pack-request", "application/x-git-receive-pack-request",
        "application/vnd.git-lfs+json", "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.oci.image.index.v1+json", "application/vnd.docker.distribution.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.v1+prettyjws",
        "application/vnd.docker.distribution.manifest.v2+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
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
        .. Files, .. Clients,
    ];

    /// <summary>Headers that CRS restricts. Content-Encoding and Content-Range are not among them: the reader undoes
    /// the one or says that it did not, and the other is how uploads are resumed. The last is how a framework tells
    /// itself that its checks were made already (CVE-2025-29927): no client has a reason to send it.</summary>
    private static readonly string[] RestrictedHeaders =
        ["accept-charset", "proxy", "lock-token", "if", "x-middleware-subrequest"];

    private static readonly string[] WebDavHeaders = ["lock-token", "if"];

    private static readonly string[] Charsets = ["utf-8", "utf8", "us-ascii", "iso-8859-1", "iso-8859-15",
        "windows-1252"];

    public static string MethodsOf(RulesSpec spec) => string.Join(
        ' ', (spec.AllowedMethods.Count > 0 ? spec.AllowedMethods : Methods)
            .Concat(spec.WebDav ? WebDavMethods : []).Distinct(StringComparer.Ordinal));

    public static string ContentTypesOf(RulesSpec spec) => string.Join(
        ' ', ContentTypes.Concat(spec.AllowedContentTypes).Distinct(StringComparer.Ordinal).Select(type =>
            $"|{type}|"));

    /// <summary>As CRS 3.3 and 4 both write it.</summary>
    public static string RestrictedHeadersOf(RulesSpec spec) => string.Join(
        ' ', RestrictedHeaders.Except(spec.WebDav ? WebDavHeaders : [])
            .Except(spec.AllowedHeaders.Select(name => name.ToLowerInvariant())).Select(name => $"/{name}/"));

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
