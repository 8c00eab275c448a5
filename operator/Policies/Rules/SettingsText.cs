using System.Globalization;
using System.Text;
using WafOperator.Resources.Policies;

namespace WafOperator.Policies.Rules;

/// <summary>
/// SecLang that goes before the rule sets: what <c>crs-setup.conf</c> would say. Variables of OWASP CRS 3.3
/// (<c>paranoia_level</c>, <c>executing_paranoia_level</c>) and of 4 (<c>blocking_paranoia_level</c>,
/// <c>detection_paranoia_level</c>) are both set, so that either set reads its own. Source: crs-setup.conf.example and
/// REQUEST-901-INITIALIZATION of both.
/// </summary>
internal static class SettingsText
{
    /// <summary>Name of this text among the sources. Scores that it adds to are the rule set's.</summary>
    public const string Source = "policy/settings";

    public static string Write(RulesSpec spec)
    {
        var text = new StringBuilder();
        text.Append("# Written by the policy compiler: engine settings and what a rule set expects of its set-up.\n");
        text.Append("SecRuleEngine On\nSecRequestBodyAccess On\n");
        text.Append("SecResponseBodyAccess ").Append(spec.InspectResponses ? "On" : "Off").Append('\n');
        for (var phase = 1; phase <= 2; phase++)
            text.Append(CultureInfo.InvariantCulture, $"SecDefaultAction \"phase:{phase},log,auditlog,pass\"\n");
        AppendVariables(text, spec);
        AppendBodies(text);
        AppendUploads(text);
        OrdinaryHeads.Append(text, spec);
        return text.ToString();
    }

    private static void AppendVariables(StringBuilder text, RulesSpec spec)
    {
        var detection = Math.Max(spec.DetectionParanoia ?? spec.Paranoia, spec.Paranoia);
        var variables = new List<(string Name, string Value)>
        {
            ("crs_setup_version", "334"),
            ("paranoia_level", Number(spec.Paranoia)),
            ("executing_paranoia_level", Number(detection)),
            ("blocking_paranoia_level", Number(spec.Paranoia)),
            ("detection_paranoia_level", Number(detection)),
            ("inbound_anomaly_score_threshold", Number(spec.InboundThreshold)),
            ("outbound_anomaly_score_threshold", Number(spec.OutboundThreshold)),
        };
        variables.Add(("allowed_methods", RequestVocabulary.MethodsOf(spec)));
        variables.Add(("allowed_request_content_type", RequestVocabulary.ContentTypesOf(spec)));
        variables.Add(("allowed_request_content_type_charset", RequestVocabulary.CharsetsOf(spec)));
        variables.Add(("restricted_headers", RequestVocabulary.RestrictedHeadersOf(spec)));
        variables.Add(("restricted_headers_basic", RequestVocabulary.RestrictedHeadersOf(spec)));
        if (RequestVocabulary.RestrictedExtensionsOf(spec) is { } endings)
            variables.Add(("restricted_extensions", endings));
        foreach (var application in spec.Applications.Distinct())
            variables.Add(($"crs_exclusions_{application.ToString().ToLowerInvariant()}", "1"));
        text.Append(CultureInfo.InvariantCulture,
            $"SecAction \"id:{ReservedRuleIds.Settings},phase:1,pass,nolog,t:none");
        foreach (var (name, value) in variables) text.Append(CultureInfo.InvariantCulture,
            $",\\\n    setvar:'tx.{name}={value}'");
        text.Append("\"\n");
    }

    /// <summary>
    /// Body processors by content type, and what a body that cannot be parsed leads to. A multipart body that programs
    /// read differently is one that cannot be parsed; what is merely odd about it is no rule's business. Text that no
    /// reader takes apart (scripts, Markdown) is no request that could be smuggled. JSON and XML are read under any
    /// name; messages of Connect and gRPC with JSON in them are no document. Quotes and semicolons in file names
    /// (920120) and codings of parts (922120) are refused by the reader where programs could read them differently,
    /// and are ordinary where not: people's names have apostrophes, and Java's clients send a coding with each part.
    /// </summary>
    private static void AppendBodies(StringBuilder text) => text.Append(CultureInfo.InvariantCulture, $$"""
        SecRule REQUEST_HEADERS:Content-Type "@rx ^(?:application(?:/soap\+|/)|text/)xml" \
            "id:{{ReservedRuleIds.Bodies}},phase:1,t:none,t:lowercase,pass,nolog,ctl:requestBodyProcessor=XML"
        SecRule REQUEST_HEADERS:Content-Type "@rx ^application/(?:[a-z0-9.-]+\+)?json" \
            "id:{{ReservedRuleIds.Bodies + 1}},phase:1,t:none,t:lowercase,pass,nolog,chain"
            SecRule REQUEST_HEADERS:Content-Type "!@rx ^application/(?:connect|grpc)" \
                "t:none,t:lowercase,ctl:requestBodyProcessor=JSON"
        SecRule REQUEST_HEADERS:Content-Type "@rx {{RequestVocabulary.SuffixedTypes}}" \
            "id:{{ReservedRuleIds.Bodies + 8}},phase:1,t:none,t:lowercase,pass,nolog,ctl:ruleRemoveById=920420"
        SecRule REQUEST_HEADERS:Content-Type "@rx ^multipart/" \
            "id:{{ReservedRuleIds.Bodies + 9}},phase:1,t:none,t:lowercase,pass,nolog,\
            ctl:ruleRemoveById=920120,ctl:ruleRemoveById=922120"
        SecRule REQBODY_ERROR "!@eq 0" \
            "id:{{ReservedRuleIds.Bodies + 2}},phase:2,t:none,log,deny,status:400,severity:'CRITICAL',\
            msg:'The request body cannot be parsed',logdata:'%{REQBODY_ERROR_MSG}',tag:'attack-protocol'"
        SecRule REQBODY_PROCESSOR "@rx ^$" \
            "id:{{ReservedRuleIds.Bodies + 4}},phase:2,t:none,pass,nolog,ctl:ruleRemoveTargetById=921110;REQUEST_BODY"

        """);

    /// <summary>
    /// Uploaded files that a server would run when they lie in the wrong folder, wherever in the file the code begins;
    /// and pictures that carry script. Words, not patterns: a file is long, and a search for words is counted by its
    /// bytes.
    /// </summary>
    private static void AppendUploads(StringBuilder text) => text.Append(CultureInfo.InvariantCulture, $$"""
        SecRule FILES_TMP_CONTENT "@pm <?php <%@page <%@taglib <jsp: <cfexecute <cfscript" \
            "id:{{ReservedRuleIds.Bodies + 5}},phase:2,t:none,pass,log,severity:'CRITICAL',\
            msg:'Server-side code in an uploaded file',tag:'attack-injection-generic',tag:'paranoia-level/1',\
            setvar:'tx.anomaly_score_pl1=+5',setvar:'tx.inbound_anomaly_score_pl1=+5'"
        SecRule FILES_TMP_CONTENT "@pm <svg" \
            "id:{{ReservedRuleIds.Bodies + 6}},phase:2,t:none,pass,log,severity:'CRITICAL',\
            msg:'Script in an uploaded picture',tag:'attack-xss',tag:'paranoia-level/1',chain"
            SecRule FILES_TMP_CONTENT "@pm <script javascript: onload= onerror= onclick= onbegin= onmouseover=" \
                "t:none,setvar:'tx.anomaly_score_pl1=+5',setvar:'tx.inbound_anomaly_score_pl1=+5'"

        """);

    private static string Number(int value) => value.ToString(CultureInfo.InvariantCulture);
}
