using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using WafOperator.Console.Store;

namespace WafOperator.Console.Sinks;

/// <summary>
/// Events as logs of OpenTelemetry (OTLP 1, JSON), with the attributes of its semantic conventions where it has names
/// for them. Pure.
/// </summary>
internal static class OtlpFormat
{
    private static readonly string[] SeverityTexts = ["INFO", "INFO2", "WARN", "ERROR", "FATAL"];
    private static readonly int[] SeverityNumbers = [9, 10, 13, 17, 21];

    /// <summary>A request of the logs service.</summary>
    public static JsonObject Of(IReadOnlyList<StoredEvent> events) => new()
    {
        ["resourceLogs"] = new JsonArray(new JsonObject
        {
            ["resource"] = new JsonObject { ["attributes"] = Attributes(("service.name", "waf-operator")) },
            ["scopeLogs"] = new JsonArray(new JsonObject
            {
                ["scope"] = new JsonObject { ["name"] = "waf-console" },
                ["logRecords"] = new JsonArray([.. events.Select(e => (JsonNode)Record(e))]),
            }),
        }),
    };

    /// <summary>Records that the collector says it has not kept, of an answer to a call that it took; 0 where it says
    /// nothing of it. They are not to be sent again.</summary>
    public static long Rejected(ReadOnlyMemory<byte> answer)
    {
        try
        {
            using var json = JsonDocument.Parse(answer);
            if (!json.RootElement.TryGetProperty("partialSuccess", out var partial)
                || !partial.TryGetProperty("rejectedLogRecords", out var rejected)) return 0;
            // 64 bits are a text in JSON of protobuf, and some write a number.
            var text = rejected.ValueKind is JsonValueKind.String ? rejected.GetString() : rejected.GetRawText();
            return long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var count) ? count : 0;
        }
        catch (Exception failure) when (failure is JsonException or InvalidOperationException)
        {
            return 0;
        }
    }

    private static JsonObject Record(StoredEvent stored)
    {
        var (row, e) = (stored.Row, stored.Event);
        var level = Math.Clamp((int)row.ThreatLevel, 0, SeverityNumbers.Length - 1);
        var nanoseconds = (e.Time.UtcTicks - DateTimeOffset.UnixEpoch.UtcTicks) * TimeSpan.NanosecondsPerTick;
        return new JsonObject
        {
            ["timeUnixNano"] = nanoseconds.ToString(CultureInfo.InvariantCulture),
            ["severityNumber"] = SeverityNumbers[level],
            ["severityText"] = SeverityTexts[level],
            ["eventName"] = "waf.decision",
            ["body"] = new JsonObject { ["stringValue"] = e.Message ?? e.Reason },
            ["attributes"] = Attributes(
                ("log.record.uid", e.Id), ("k8s.namespace.name", e.Namespace), ("k8s.pod.name", e.Pod),
                ("client.address", e.Client), ("http.request.method", e.Method), ("server.address", e.Host),
                ("url.path", e.Path), ("http.response.status_code", (long)e.StatusCode),
                ("waf.policy", e.Policy), ("waf.revision", e.Revision),
                ("waf.action", EventFormats.Action(row)), ("waf.reason", e.Reason),
                ("waf.kind", row.Kind.Length > 0 ? row.Kind : null),
                ("waf.parameter", row.Parameter.Length > 0 ? row.Parameter : null),
                ("waf.score", row.Score), ("waf.anomaly_score", (long)e.AnomalyScore),
                ("waf.rules", e.Rules.Count == 0 ? null : e.Rules.Select(r => r.Id).ToArray()),
                ("waf.whole", row.IsWhole)),
        };
    }

    private static JsonArray Attributes(params ReadOnlySpan<(string Key, object? Value)> pairs)
    {
        var attributes = new JsonArray();
        foreach (var (key, value) in pairs)
        {
            if (value is not null) attributes.Add(new JsonObject { ["key"] = key, ["value"] = Value(value) });
        }

        return attributes;
    }

    private static JsonObject Value(object value) => value switch
    {
        bool flag => new JsonObject { ["boolValue"] = flag },
        long number => new JsonObject { ["intValue"] = number.ToString(CultureInfo.InvariantCulture) },
        double number => new JsonObject { ["doubleValue"] = number },
        long[] numbers => new JsonObject
        {
            ["arrayValue"] = new JsonObject
            {
                ["values"] = new JsonArray([.. numbers.Select(n => (JsonNode)Value(n))]),
            },
        },
        _ => new JsonObject { ["stringValue"] = (string)value },
    };
}
