using System.Globalization;
using System.Text.Json.Nodes;
using WafOperator.Console.Store;
using WafOperator.Protocols.Events;

namespace WafOperator.Console.Sinks;

/// <summary>
/// An event as OCSF 1.7 HTTP Activity (4002) with the profiles security_control and container: what was done is
/// <c>action_id</c> and <c>disposition_id</c>, the deciding rule is <c>firewall_rule</c>.
/// </summary>
internal static class OcsfFormat
{
    private const int ClassUid = 4002;
    private const string Version = "1.7.0";

    public static JsonObject Of(StoredEvent stored)
    {
        var (row, e) = (stored.Row, stored.Event);
        var activity = Activity(e.Method);
        var (action, disposition) = Outcome(row);
        var rule = e.Rules.FirstOrDefault(r => r.Severity is not null) ?? (e.Rules.Count > 0 ? e.Rules[0] : null);
        return new JsonObject
        {
            ["metadata"] = new JsonObject
            {
                ["version"] = Version,
                ["uid"] = e.Id,
                ["profiles"] = new JsonArray("security_control", "container"),
                ["product"] = new JsonObject { ["name"] = "WAF Operator", ["vendor_name"] = "WAF Operator" },
            },
            ["class_uid"] = ClassUid,
            ["class_name"] = "HTTP Activity",
            ["category_uid"] = 4,
            ["category_name"] = "Network Activity",
            ["activity_id"] = activity,
            ["type_uid"] = ClassUid * 100 + activity,
            ["time"] = e.Time.ToUnixTimeMilliseconds(),
            ["severity_id"] = Severity(row.ThreatLevel),
            ["status_id"] = row.Verdict is VerdictKind.Allow ? 1 : 2,
            ["message"] = e.Message ?? e.Reason,
            ["action_id"] = action,
            ["disposition_id"] = disposition,
            ["is_alert"] = row.Verdict is not VerdictKind.Allow || row.WouldHave is not VerdictKind.Allow,
            ["risk_score"] = (int)Math.Round((row.Score ?? 0) * 100),
            ["firewall_rule"] = Rule(e, rule),
            ["policy"] = new JsonObject { ["name"] = $"{e.Namespace}/{e.Policy}", ["version"] = e.Revision },
            ["http_request"] = new JsonObject
            {
                ["uid"] = e.Id,
                ["http_method"] = e.Method,
                ["url"] = new JsonObject { ["path"] = e.Path, ["hostname"] = e.Host },
                ["body_length"] = e.Coverage?.Bytes ?? 0,
            },
            ["http_response"] = new JsonObject { ["code"] = e.StatusCode },
            ["src_endpoint"] = new JsonObject { ["ip"] = EventFormats.Ip(e.Client) ?? "0.0.0.0" },
            ["dst_endpoint"] = new JsonObject { ["hostname"] = e.Host ?? e.Policy },
            ["container"] = new JsonObject { ["name"] = "waf-sidecar", ["orchestrator"] = "kubernetes" },
            ["attacks"] = Techniques(row),
            ["unmapped"] = new JsonObject { ["waf"] = EventFormats.Details(stored) },
        };
    }

    private static JsonObject Rule(SecurityEvent e, RuleMatch? rule) => new()
    {
        ["uid"] = rule?.Id.ToString(CultureInfo.InvariantCulture) ?? e.Reason,
        ["name"] = rule?.Message ?? e.Reason,
        ["type"] = e.Reason,
        ["match_location"] = rule?.Variable,
        ["match_details"] = rule?.Data is { } data ? new JsonArray(data) : null,
    };

    /// <summary>MITRE ATT&amp;CK: an exploit of an application that faces the public.</summary>
    private static JsonArray? Techniques(EventRow row) => row.Kind.Length == 0 ? null : new JsonArray(new JsonObject
    {
        ["technique"] = new JsonObject { ["uid"] = "T1190", ["name"] = "Exploit Public-Facing Application" },
        ["version"] = "16.0",
    });

    private static int Activity(string method) => method switch
    {
        "CONNECT" => 1, "DELETE" => 2, "GET" => 3, "HEAD" => 4, "OPTIONS" => 5, "POST" => 6, "PUT" => 7, "TRACE" => 8,
        _ => 99,
    };

    private static int Severity(ThreatLevel level) => level switch
    {
        ThreatLevel.None => 1, ThreatLevel.Low => 2, ThreatLevel.Medium => 3, ThreatLevel.High => 4, _ => 5,
    };

    /// <summary>Action and disposition.</summary>
    private static (int, int) Outcome(EventRow row) => row.Verdict switch
    {
        VerdictKind.Block when row.Reason is "Protocol" or "Limit" => (2, 25),
        VerdictKind.Block => (2, 2),
        VerdictKind.Limited => (2, 25),
        VerdictKind.Unavailable => (2, 27),
        _ => row.WouldHave is VerdictKind.Allow ? (1, 1) : (3, 15),
    };
}
