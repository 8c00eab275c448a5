using System.Globalization;

namespace WafOperator.SecLang;

/// <summary>Checks the arguments of simple settings (<c>SecRuleEngine On</c>).</summary>
internal static class SettingParser
{
    private static readonly Dictionary<string, string[]> Words = new(StringComparer.Ordinal)
    {
        ["SecRuleEngine"] = ["On", "Off", "DetectionOnly"],
        ["SecRequestBodyAccess"] = ["On", "Off"],
        ["SecResponseBodyAccess"] = ["On", "Off"],
        ["SecRequestBodyLimitAction"] = ["Reject", "ProcessPartial"],
        ["SecResponseBodyLimitAction"] = ["Reject", "ProcessPartial"],
        ["SecAuditEngine"] = ["On", "Off", "RelevantOnly"],
        ["SecXmlExternalEntity"] = ["On", "Off"],
        ["SecParseXmlIntoArgs"] = ["On", "Off", "OnlyArgs"],
    };

    private static readonly HashSet<string> Numbers =
    [
        "SecRequestBodyLimit", "SecRequestBodyNoFilesLimit", "SecRequestBodyInMemoryLimit",
            "SecRequestBodyJsonDepthLimit",
        "SecResponseBodyLimit", "SecArgumentsLimit", "SecCookieFormat", "SecCollectionTimeout", "SecPcreMatchLimit",
        "SecPcreMatchLimitRecursion",
    ];

    public static SettingDirective? Parse(string name, List<string> arguments, SourceLocation location,
        DiagnosticBag bag)
    {
        if (Words.TryGetValue(name, out var words)
            && !words.Contains(arguments[0], StringComparer.OrdinalIgnoreCase))
        {
            bag.Error(DiagnosticCodes.Arguments, location,
                $"{name} is one of {string.Join(", ", words)}, not '{arguments[0]}'.");
            return null;
        }

        if (Numbers.Contains(name)
            && !long.TryParse(arguments[0], NumberStyles.None, CultureInfo.InvariantCulture, out _))
        {
            bag.Error(DiagnosticCodes.Arguments, location, $"{name} takes a whole number, not '{arguments[0]}'.");
            return null;
        }

        if (name == "SecXmlExternalEntity" && arguments[0].Equals("On", StringComparison.OrdinalIgnoreCase))
        {
            bag.Refused(DiagnosticCodes.RefusedDirective, location,
                "SecXmlExternalEntity On is left out: a document must not make the proxy read other files.");
            return null;
        }

        return new SettingDirective(location, name, [.. arguments]);
    }
}
