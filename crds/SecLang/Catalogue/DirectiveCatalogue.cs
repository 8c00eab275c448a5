using System.Collections.Frozen;

namespace WafOperator.SecLang;

/// <summary>What becomes of a directive, operator, variable or action.</summary>
public enum Support
{
    /// <summary>Works.</summary>
    Full,

    /// <summary>Accepted without effect: it sets up a server or a log this product has other settings for.</summary>
    Ignored,

    /// <summary>Left out on purpose.</summary>
    Refused,
}

/// <summary>A directive: its name, how many arguments it takes, and what becomes of it.</summary>
public sealed record DirectiveInfo(string Name, int ArgumentsMin, int ArgumentsMax, Support Support, string Reason);

/// <summary>All directives of the ModSecurity reference manual, 2.x and 3.x.</summary>
public static class DirectiveCatalogue
{
    private const string ServerSetting = "the proxy has settings of its own for this (see the WafPolicy)";
    private const string NoNetwork = "rules must not reach out to the network";
    private const string NoPrograms = "rules must not run programs";
    private const string NoEdit = "responses are not rewritten by rules";

    /// <summary>All directives by name, whatever the case.</summary>
    public static FrozenDictionary<string, DirectiveInfo> All { get; } =
        Rows().ToFrozenDictionary(info => info.Name, StringComparer.OrdinalIgnoreCase);

    private static IEnumerable<DirectiveInfo> Rows() =>
        [.. Rules(), .. Settings(), .. IgnoredRows(), .. RefusedRows()];

    private static IEnumerable<DirectiveInfo> Rules() =>
    [
        Full("SecRule", 2, 3), Full("SecAction", 1, 1), Full("SecMarker", 1, 1), Full("SecDefaultAction", 1, 1),
        Full("SecRuleRemoveById", 1, 1000), Full("SecRuleRemoveByTag", 1, 1), Full("SecRuleRemoveByMsg", 1, 1),
        Full("SecRuleUpdateTargetById", 2, 3), Full("SecRuleUpdateTargetByTag", 2, 3),
        Full("SecRuleUpdateTargetByMsg", 2, 3), Full("SecRuleUpdateActionById", 2, 2),
        Full("Include", 1, 1), Full("IncludeOptional", 1, 1),
    ];

    private static IEnumerable<DirectiveInfo> Settings() =>
    [
        Full("SecRuleEngine"), Full("SecRequestBodyAccess"), Full("SecResponseBodyAccess"),
        Full("SecRequestBodyLimit"), Full("SecRequestBodyNoFilesLimit"), Full("SecRequestBodyInMemoryLimit"),
        Full("SecRequestBodyLimitAction"), Full("SecRequestBodyJsonDepthLimit"),
        Full("SecResponseBodyLimit"), Full("SecResponseBodyLimitAction"), Full("SecResponseBodyMimeType", 1, 100),
        Full("SecResponseBodyMimeTypesClear", 0, 0), Full("SecArgumentSeparator"), Full("SecArgumentsLimit"),
        Full("SecCookieFormat"), Full("SecCollectionTimeout"), Full("SecComponentSignature"), Full("SecWebAppId"),
        Full("SecSensorId"), Full("SecUnicodeMapFile", 1, 2), Full("SecUnicodeCodePage"), Full("SecAuditEngine"),
        Full("SecAuditLogParts"), Full("SecAuditLogRelevantStatus"), Full("SecXmlExternalEntity"),
        Full("SecPcreMatchLimit"), Full("SecPcreMatchLimitRecursion"), Full("SecServerSignature"),
        Full("SecParseXmlIntoArgs"),
    ];

    private static IEnumerable<DirectiveInfo> IgnoredRows()
    {
        string[] names =
        [
            "SecAuditLog", "SecAuditLog2", "SecAuditLogDirMode", "SecAuditLogFileMode", "SecAuditLogFormat",
            "SecAuditLogStorageDir", "SecAuditLogType", "SecAuditLogPrefix", "SecDataDir", "SecDebugLog",
                "SecDebugLogLevel",
            "SecTmpDir", "SecTmpSaveUploadedFiles", "SecUploadDir", "SecUploadFileLimit", "SecUploadFileMode",
            "SecUploadKeepFiles", "SecStatusEngine", "SecConnEngine", "SecConnReadStateLimit", "SecConnWriteStateLimit",
            "SecReadStateLimit", "SecWriteStateLimit", "SecGuardianLog", "SecInterceptOnError",
                "SecCacheTransformations",
            "SecRulePerfTime", "SecRuleInheritance", "SecStreamInBodyInspection", "SecStreamOutBodyInspection",
            "SecDisableBackendCompression", "SecChrootDir", "SecHashEngine", "SecHashKey", "SecHashParam",
            "SecHashMethodRx", "SecHashMethodPm", "SecGsbLookupDb", "SecHttpBlKey", "SecGeoLookupDb",
            "SecAuditLogExclude", "SecUnicodeMap", "SecTmpSaveUploadedFiles", "SecRequestEncoding", "SecRxPreFilter",
            "SecIgnoreRuleCompilationErrors",
        ];
        return names.Distinct().Select(n => new DirectiveInfo(n, 0, 10, Support.Ignored, ServerSetting));
    }

    private static IEnumerable<DirectiveInfo> RefusedRows() =>
    [
        Refused("SecRuleScript", NoPrograms), Refused("SecRemoteRules", NoNetwork),
        Refused("SecRemoteRulesFailAction", NoNetwork), Refused("SecContentInjection", NoEdit),
        Refused("SecHttpBlKeyFile", NoNetwork),
    ];

    private static DirectiveInfo Full(string name, int min = 1, int max = 1) => new(name, min, max, Support.Full, "");

    private static DirectiveInfo Refused(string name, string reason) => new(name, 0, 20, Support.Refused, reason);
}
