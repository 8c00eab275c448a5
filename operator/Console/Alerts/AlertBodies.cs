using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

namespace WafOperator.Console.Alerts;

/// <summary>How a receiver is told.</summary>
public enum ReceiverKind
{
    /// <summary>CloudEvents by POST, signed.</summary>
    Webhook,

    /// <summary>Alertmanager's API, version 2.</summary>
    Alertmanager,

    /// <summary>A Slack incoming webhook.</summary>
    Slack,
}

/// <summary>Whom alerts are sent to, from the administrator's file: users name receivers, never addresses.</summary>
public sealed record ReceiverOptions
{
    public required string Name { get; init; }
    public ReceiverKind Kind { get; init; }
    public required Uri Url { get; init; }

    /// <summary>File with the key of a webhook's signature.</summary>
    public string? SecretFile { get; init; }

    /// <summary>Authority of the server's certificate, PEM.</summary>
    public string? CaFile { get; init; }
}

/// <summary>What receivers get. Pure.</summary>
public static class AlertBodies
{
    /// <summary>Header with the signature of a webhook's body.</summary>
    public const string SignatureHeader = "Waf-Signature";

    private static readonly TimeSpan ActiveFor = TimeSpan.FromMinutes(5);

    public static string Of(ReceiverKind kind, IReadOnlyList<Alert> alerts, DateTimeOffset now, string? consoleUrl) =>
        kind switch
    {
        ReceiverKind.Alertmanager => new JsonArray([.. alerts.Select(a => Alertmanager(a, now, consoleUrl))])
            .ToJsonString(),
        ReceiverKind.Slack => new JsonObject
        {
            // Text of events never is markup there.
            ["text"] = string.Join('\n', alerts.Select(a => Escaped(Sentence(a)))),
        }.ToJsonString(),
        _ => new JsonArray([.. alerts.Select(a => CloudEvent(a, now, consoleUrl))]).ToJsonString(),
    };

    /// <summary>Signature over time and body: whoever has the key knows that it is ours, and not sent again
    /// later.</summary>
    public static string Signature(string key, string body, DateTimeOffset now)
    {
        var seconds = now.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        var hash = HMACSHA256.HashData(Encoding.UTF8.GetBytes(key), Encoding.UTF8.GetBytes($"{seconds}.{body}"));
        return $"t={seconds},v1={Convert.ToHexStringLower(hash)}";
    }

    /// <summary>The alert as a sentence.</summary>
    public static string Sentence(Alert alert)
    {
        var group = string.Join(
            ", ",
            alert.Labels.Where(l => l.Key is not ("alertname" or "severity")).Select(l => $"{l.Key} {l.Value}"));
        var where = group.Length > 0 ? $" ({group})" : "";
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{(alert.IsOver ? "Over" : alert.Rule.Severity)}: {alert.Rule.Name}{where}: {alert.Rule.Metric} "
            + $"{alert.Value} in {alert.Rule.WindowSeconds} s, {alert.Events} since {alert.Since:u}");
    }

    private static JsonObject CloudEvent(Alert alert, DateTimeOffset now, string? consoleUrl) => new()
    {
        ["specversion"] = "1.0",
        ["id"] = $"{alert.Key}@{alert.Since.ToUnixTimeMilliseconds()}#{now.ToUnixTimeMilliseconds()}",
        ["source"] = "waf-console",
        ["type"] = alert.IsOver ? "dev.wafoperator.alert.resolved" : "dev.wafoperator.alert.firing",
        ["time"] = now.UtcDateTime.ToString("o", CultureInfo.InvariantCulture),
        ["datacontenttype"] = "application/json",
        ["data"] = new JsonObject
        {
            ["labels"] = Labels(alert),
            ["metric"] = alert.Rule.Metric.ToString(),
            ["value"] = alert.Value,
            ["threshold"] = alert.Rule.Threshold,
            ["events"] = alert.Events,
            ["since"] = alert.Since.UtcDateTime.ToString("o", CultureInfo.InvariantCulture),
            ["sample"] = alert.Sample,
            ["url"] = Link(alert, consoleUrl),
            ["text"] = Sentence(alert),
        },
    };

    private static JsonObject Alertmanager(Alert alert, DateTimeOffset now, string? consoleUrl) => new()
    {
        // Labels identify an alert; what changes goes into annotations.
        ["labels"] = Labels(alert),
        ["annotations"] = new JsonObject
        {
            ["summary"] = Sentence(alert), ["description"] = alert.Rule.Description, ["sample"] = alert.Sample,
        },
        ["startsAt"] = alert.Since.UtcDateTime.ToString("o", CultureInfo.InvariantCulture),
        ["endsAt"] = (alert.IsOver ? now : now + ActiveFor).UtcDateTime.ToString("o", CultureInfo.InvariantCulture),
        ["generatorURL"] = Link(alert, consoleUrl),
    };

    private static JsonObject Labels(Alert alert)
    {
        var labels = new JsonObject();
        foreach (var (name, value) in alert.Labels) labels[name] = value;
        return labels;
    }

    private static string? Link(Alert alert, string? consoleUrl) =>
        consoleUrl is null || alert.Sample.Length == 0 ? null : $"{consoleUrl.TrimEnd('/')}/events/{alert.Sample}";

    private static string Escaped(string text) => text.Replace("&", "&amp;", StringComparison.Ordinal)
        .Replace("<", "&lt;", StringComparison.Ordinal).Replace(">", "&gt;", StringComparison.Ordinal);
}
