using System.Collections.Frozen;

namespace WafOperator.SecLang;

/// <summary>
/// A variable: whether it is a collection (takes a selector), from which phase it holds something, and what becomes of
/// it.
/// </summary>
public sealed record VariableInfo(string Name, bool IsCollection, int FromPhase, Support Support, string Reason);

/// <summary>All variables of the ModSecurity reference manual.</summary>
public static class VariableCatalogue
{
    private const string NoGeo = "there is no geographic database in the data path; use access lists";
    private const string NoServer = "it speaks about a server's internals that do not exist here";

    /// <summary>All variables by name, whatever the case.</summary>
    public static FrozenDictionary<string, VariableInfo> All { get; } =
        Rows().ToFrozenDictionary(info => info.Name, StringComparer.OrdinalIgnoreCase);

    private static IEnumerable<VariableInfo> Rows()
    {
        string[] anytime =
        [
            "REMOTE_ADDR", "REMOTE_HOST", "REMOTE_PORT", "REMOTE_USER", "SERVER_ADDR", "SERVER_NAME", "SERVER_PORT",
                "QUERY_STRING",
            "REQUEST_LINE", "REQUEST_METHOD", "REQUEST_PROTOCOL", "REQUEST_URI", "REQUEST_URI_RAW", "REQUEST_FILENAME",
            "REQUEST_BASENAME", "PATH_INFO", "AUTH_TYPE", "UNIQUE_ID", "DURATION", "TIME", "TIME_DAY", "TIME_EPOCH",
            "TIME_HOUR", "TIME_MIN", "TIME_MON", "TIME_SEC", "TIME_WDAY", "TIME_YEAR", "MATCHED_VAR",
                "MATCHED_VAR_NAME",
            "HIGHEST_SEVERITY", "WEBAPPID", "SESSIONID", "USERID", "URLENCODED_ERROR", "ARGS_COMBINED_SIZE",
            "MODSEC_BUILD", "FULL_REQUEST", "FULL_REQUEST_LENGTH", "STATUS_LINE", "MSC_PCRE_LIMITS_EXCEEDED",
            "MSC_PCRE_ERROR", "SCRIPT_FILENAME", "SCRIPT_BASENAME", "REQBODY_PROCESSOR", "REQBODY_ERROR",
        ];
        string[] anytimeCollections =
        [
            "ARGS", "ARGS_NAMES", "ARGS_GET", "ARGS_GET_NAMES", "REQUEST_HEADERS", "REQUEST_HEADERS_NAMES",
            "REQUEST_COOKIES", "REQUEST_COOKIES_NAMES", "TX", "IP", "GLOBAL", "SESSION", "RESOURCE", "USER", "ENV",
                "RULE",
            "MATCHED_VARS", "MATCHED_VARS_NAMES",
        ];
        string[] body =
        [
            "REQUEST_BODY", "REQUEST_BODY_LENGTH", "REQBODY_ERROR_MSG", "REQBODY_PROCESSOR_ERROR",
            "REQBODY_PROCESSOR_ERROR_MSG", "FILES_COMBINED_SIZE", "MULTIPART_BOUNDARY_QUOTED",
            "MULTIPART_BOUNDARY_WHITESPACE", "MULTIPART_CRLF_LF_LINES", "MULTIPART_DATA_AFTER", "MULTIPART_DATA_BEFORE",
            "MULTIPART_FILE_LIMIT_EXCEEDED", "MULTIPART_HEADER_FOLDING", "MULTIPART_INVALID_HEADER_FOLDING",
            "MULTIPART_INVALID_PART", "MULTIPART_INVALID_QUOTING", "MULTIPART_LF_LINE", "MULTIPART_MISSING_SEMICOLON",
            "MULTIPART_SEMICOLON_MISSING", "MULTIPART_STRICT_ERROR", "MULTIPART_UNMATCHED_BOUNDARY",
            "INBOUND_DATA_ERROR",
        ];
        string[] bodyCollections =
        [
            "ARGS_POST", "ARGS_POST_NAMES", "FILES", "FILES_NAMES", "FILES_SIZES", "FILES_TMP_CONTENT",
            "FILES_TMPNAMES", "MULTIPART_FILENAME", "MULTIPART_NAME", "MULTIPART_PART_HEADERS", "XML",
        ];
        string[] response =
        [
            "RESPONSE_STATUS", "RESPONSE_PROTOCOL", "RESPONSE_CONTENT_TYPE", "RESPONSE_CONTENT_LENGTH",
            "OUTBOUND_DATA_ERROR",
        ];
        return
        [
            .. anytime.Select(n => Row(n, false, 1)), .. anytimeCollections.Select(n => Row(n, true, 1)),
            .. body.Select(n => Row(n, false, 2)), .. bodyCollections.Select(n => Row(n, true, 2)),
            .. response.Select(n => Row(n, false, 3)),
            Row("RESPONSE_HEADERS", true, 3), Row("RESPONSE_HEADERS_NAMES", true, 3), Row("RESPONSE_BODY", false, 4),
            .. RefusedRows(),
        ];
    }

    private static IEnumerable<VariableInfo> RefusedRows()
    {
        string[] server =
        [
            "SCRIPT_GID", "SCRIPT_GROUPNAME", "SCRIPT_MODE", "SCRIPT_UID", "SCRIPT_USERNAME", "USERAGENT_IP",
            "PERF_ALL", "PERF_COMBINED", "PERF_GC", "PERF_LOGGING", "PERF_PHASE1", "PERF_PHASE2", "PERF_PHASE3",
            "PERF_PHASE4", "PERF_PHASE5", "PERF_RULES", "PERF_SREAD", "PERF_SWRITE", "STREAM_INPUT_BODY",
            "STREAM_OUTPUT_BODY", "SDBM_DELETE_ERROR", "REMOTE_GROUP",
        ];
        return
        [
            .. server.Select(n => new VariableInfo(n, n == "PERF_RULES", 1, Support.Refused, NoServer)),
            new VariableInfo("GEO", true, 1, Support.Refused, NoGeo),
        ];
    }

    private static VariableInfo Row(string name, bool collection, int phase) =>
        new(name, collection, phase, Support.Full, "");
}
