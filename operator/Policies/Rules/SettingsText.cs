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
    /// <summary>Request content types of CRS 3.3's default; a policy adds to them.</summary>
    private static readonly string[] ContentTypes =
    [
        "application/x-www-form-urlencoded", "multipart/form-data", "multipart/related", "text/xml", "application/xml",
        "application/soap+xml", "application/json", "application/cloudevents+json",
            "application/cloudevents-batch+json",
    ];

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
        if (spec.AllowedMethods.Count > 0) variables.Add(("allowed_methods", string.Join(' ', spec.AllowedMethods)));
        if (spec.AllowedContentTypes.Count > 0)
        {
            var types = ContentTypes.Concat(spec.AllowedContentTypes).Distinct(StringComparer.Ordinal);
            variables.Add(("allowed_request_content_type", string.Join(' ', types.Select(type => $"|{type}|"))));
        }
        text.Append(CultureInfo.InvariantCulture,
            $"SecAction \"id:{ReservedRuleIds.Settings},phase:1,pass,nolog,t:none");
        foreach (var (name, value) in variables) text.Append(CultureInfo.InvariantCulture,
            $",\\\n    setvar:'tx.{name}={value}'");
        text.Append("\"\n");
    }

    /// <summary>
    /// Body processors by content type, and what a body that cannot be parsed leads to (ModSecurity's recommended
    /// configuration).
    /// </summary>
    private static void AppendBodies(StringBuilder text) => text.Append(CultureInfo.InvariantCulture, $$"""
        SecRule REQUEST_HEADERS:Content-Type "@rx ^(?:application(?:/soap\+|/)|text/)xml" \
            "id:{{ReservedRuleIds.Bodies}},phase:1,t:none,t:lowercase,pass,nolog,ctl:requestBodyProcessor=XML"
        SecRule REQUEST_HEADERS:Content-Type "@rx ^application/(?:[a-z0-9.-]+\+)?json" \
            "id:{{ReservedRuleIds.Bodies + 1}},phase:1,t:none,t:lowercase,pass,nolog,ctl:requestBodyProcessor=JSON"
        SecRule REQBODY_ERROR "!@eq 0" \
            "id:{{ReservedRuleIds.Bodies + 2}},phase:2,t:none,log,deny,status:400,severity:'CRITICAL',\
            msg:'The request body cannot be parsed',logdata:'%{REQBODY_ERROR_MSG}',tag:'attack-protocol'"
        SecRule MULTIPART_STRICT_ERROR "!@eq 0" \
            "id:{{ReservedRuleIds.Bodies + 3}},phase:2,t:none,log,deny,status:400,severity:'CRITICAL',\
            msg:'The multipart body breaks the format',tag:'attack-protocol'"

        """);

    private static string Number(int value) => value.ToString(CultureInfo.InvariantCulture);
}
