using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using WafOperator.Console.Store;
using WafOperator.Protocols.Events;

namespace WafOperator.Console.Sinks;

/// <summary>How a sink wants events.</summary>
public enum EventFormat
{
    /// <summary>OCSF 1.7, HTTP Activity with the profile security_control.</summary>
    Ocsf,

    /// <summary>Elastic Common Schema.</summary>
    Ecs,

    /// <summary>ArcSight's Common Event Format.</summary>
    Cef,

    /// <summary>Syslog, RFC 5424, with structured data.</summary>
    Rfc5424,
}

/// <summary>An event in the words of others. Pure: the same event gives the same text, so that it can be sent
/// twice.</summary>
public static class EventFormats
{
    private const string Product = "WAF Operator";

    public static string Of(EventFormat format, StoredEvent stored) => format switch
    {
        EventFormat.Ocsf => OcsfFormat.Of(stored).ToJsonString(),
        EventFormat.Ecs => Ecs(stored).ToJsonString(),
        EventFormat.Cef => Cef(stored),
        EventFormat.Rfc5424 => Rfc5424(stored),
        _ => throw new ArgumentOutOfRangeException(nameof(format), format, "is no format"),
    };

    /// <summary>The document that Elasticsearch keeps.</summary>
    public static JsonObject Ecs(StoredEvent stored)
    {
        var (row, e) = (stored.Row, stored.Event);
        var isAttack = row.Verdict is not VerdictKind.Allow || row.WouldHave is not VerdictKind.Allow;
        return new JsonObject
        {
            ["@timestamp"] = Iso(e.Time),
            ["ecs"] = new JsonObject { ["version"] = "8.11.0" },
            ["event"] = new JsonObject
            {
                ["id"] = e.Id,
                ["kind"] = isAttack ? "alert" : "event",
                ["category"] = new JsonArray("web", isAttack ? "intrusion_detection" : "network"),
                ["type"] = new JsonArray(row.Verdict is VerdictKind.Allow ? "allowed" : "denied"),
                ["outcome"] = "success",
                ["reason"] = e.Message ?? e.Reason,
                ["severity"] = (int)row.ThreatLevel,
                ["provider"] = Product,
                ["duration"] = e.InspectionMicroseconds * 1_000,
            },
            ["rule"] = new JsonObject
            {
                ["id"] = new JsonArray(
                    [.. e.Rules.Select(r => JsonValue.Create(r.Id.ToString(CultureInfo.InvariantCulture)))]),
                ["name"] = new JsonArray([.. e.Rules.Select(r => JsonValue.Create(r.Message ?? ""))]),
                ["category"] = row.Kind,
            },
            ["source"] = new JsonObject { ["address"] = e.Client, ["ip"] = Ip(e.Client) },
            ["client"] = new JsonObject { ["address"] = e.Client, ["ip"] = Ip(e.Client) },
            ["http"] = new JsonObject
            {
                ["request"] = new JsonObject { ["method"] = e.Method, ["bytes"] = e.Coverage?.Bytes ?? 0 },
                ["response"] = new JsonObject { ["status_code"] = e.StatusCode },
            },
            ["url"] = new JsonObject { ["path"] = e.Path, ["domain"] = e.Host },
            ["orchestrator"] = new JsonObject { ["type"] = "kubernetes", ["namespace"] = e.Namespace },
            ["waf"] = Details(stored),
        };
    }

    private static string Cef(StoredEvent stored)
    {
        var (row, e) = (stored.Row, stored.Event);
        var rule = e.Rules.Count > 0 ? e.Rules[0] : null;
        var text = new StringBuilder("CEF:0|wafoperator|waf|1|");
        text.Append(CefHeader(rule?.Id.ToString(CultureInfo.InvariantCulture) ?? e.Reason)).Append('|')
            .Append(CefHeader(rule?.Message ?? e.Message ?? e.Reason)).Append('|')
            .Append(Math.Min(10, (int)row.ThreatLevel * 5 / 2)).Append('|');
        (string Key, string? Value)[] fields =
        [
            ("rt", e.Time.ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture)),
            ("externalId", e.Id),
            ("src", e.Client),
            ("dhost", e.Host),
            ("request", e.Path),
            ("requestMethod", e.Method),
            ("act", Action(row)),
            ("outcome", e.StatusCode.ToString(CultureInfo.InvariantCulture)),
            ("cat", row.Kind),
            ("reason", e.Reason),
            ("cs1Label", "policy"), ("cs1", $"{e.Namespace}/{e.Policy}"),
            ("cs2Label", "rules"), ("cs2", string.Join(',', e.Rules.Select(r => r.Id))),
            ("cs3Label", "part"), ("cs3", row.Parameter),
            ("cfp1Label", "score"), ("cfp1", row.Score?.ToString("0.######", CultureInfo.InvariantCulture)),
        ];
        text.AppendJoin(' ', fields.Where(f => !string.IsNullOrEmpty(f.Value))
            .Select(f => $"{f.Key}={CefValue(f.Value!)}"));
        return text.ToString();
    }

    private static string Rfc5424(StoredEvent stored)
    {
        var (row, e) = (stored.Row, stored.Event);
        // Facility 10 (security); severity by level: 2 critical … 6 informational.
        var priority = 10 * 8 + (6 - (int)row.ThreatLevel);
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture,
            $"<{priority}>1 {Iso(e.Time)} {Name(e.Pod)} waf {Name(e.Pod)} {Action(row)} [waf@32473");
        (string Key, string? Value)[] fields =
        [
            ("id", e.Id), ("namespace", e.Namespace), ("policy", e.Policy), ("client", e.Client), ("method", e.Method),
            ("host", e.Host), ("path", e.Path), ("status", e.StatusCode.ToString(CultureInfo.InvariantCulture)),
            ("reason", e.Reason),
            ("kind", row.Kind), ("rules", string.Join(',', e.Rules.Select(r => r.Id))),
            ("score", row.Score?.ToString("0.######", CultureInfo.InvariantCulture)),
        ];
        foreach (var (key, value) in fields.Where(f => !string.IsNullOrEmpty(f.Value)))
            text.Append(' ').Append(key).Append("=\"").Append(StructuredValue(value!)).Append('"');
        return text.Append("] ").Append(OneLine(e.Message ?? e.Reason)).ToString();
    }

    /// <summary>What no other schema has a place for.</summary>
    internal static JsonObject Details(StoredEvent stored)
    {
        var (row, e) = (stored.Row, stored.Event);
        return new JsonObject
        {
            ["policy"] = e.Policy,
            ["revision"] = e.Revision,
            ["verdict"] = e.Verdict.ToString(),
            ["would_have"] = e.WouldHave.ToString(),
            ["reason"] = e.Reason,
            ["kind"] = row.Kind,
            ["parameter"] = row.Parameter,
            ["score"] = row.Score,
            ["anomaly_score"] = e.AnomalyScore,
            ["attack"] = row.Attack,
            ["whole"] = row.IsWhole,
            ["uninspected"] = new JsonArray(
                [.. (e.Coverage?.Uninspected ?? []).Select(u => JsonValue.Create(u.ToString()))]),
            ["exclusions"] = new JsonArray([.. e.Exclusions.Select(x => JsonValue.Create(x))]),
            ["models"] = new JsonArray(
            [
                .. e.Models.Select(m => (JsonNode)new JsonObject
                {
                    ["model"] = m.Model, ["version"] = m.Version, ["score"] = m.Score, ["arm"] = m.Arm,
                    ["family"] = m.Family, ["type"] = m.Type, ["uncertainty"] = m.Uncertainty,
                }),
            ]),
            ["rules"] = new JsonArray(
            [
                .. e.Rules.Select(r => (JsonNode)new JsonObject
                {
                    ["id"] = r.Id, ["message"] = r.Message, ["variable"] = r.Variable, ["data"] = r.Data,
                }),
            ]),
        };
    }

    /// <summary>An address, without a zone: that means something on one node only, and others refuse it.</summary>
    internal static string? Ip(string client) =>
        System.Net.IPAddress.TryParse(client.Split('%')[0], out var address) ? address.ToString() : null;

    /// <summary>What was done, in one word.</summary>
    internal static string Action(EventRow row) =>
        SinkFilter.ActionOf(row)?.ToString().ToLowerInvariant() ?? "allowed";

    private static string Iso(DateTimeOffset time) =>
        time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);

    private static string CefHeader(string text) => OneLine(text).Replace("\\", "\\\\", StringComparison.Ordinal)
        .Replace("|", "\\|", StringComparison.Ordinal);

    private static string CefValue(string text) => text.Replace("\\", "\\\\", StringComparison.Ordinal)
        .Replace("=", "\\=", StringComparison.Ordinal).Replace("\r", "\\r", StringComparison.Ordinal)
        .Replace("\n", "\\n", StringComparison.Ordinal);

    private static string StructuredValue(string text) => OneLine(text).Replace("\\", "\\\\", StringComparison.Ordinal)
        .Replace("\"", "\\\"", StringComparison.Ordinal).Replace("]", "\\]", StringComparison.Ordinal);

    private static string OneLine(string text) =>
        text.Any(char.IsControl) ? string.Concat(text.Select(c => char.IsControl(c) ? ' ' : c)) : text;

    /// <summary>A field of the header: printable ASCII without blanks, or a dash.</summary>
    private static string Name(string? text)
    {
        var name = string.Concat((text ?? "").Where(c => c is > ' ' and < '\u007f').Take(48));
        return name.Length == 0 ? "-" : name;
    }
}
