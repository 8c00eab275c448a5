using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using WafOperator.Cli.Output;
using WafOperator.Kubernetes.Objects;

namespace WafOperator.Cli.Proxies;

/// <summary>A client that sidecars hold.</summary>
/// <param name="Namespace">Namespace of policy and pods.</param>
/// <param name="Policy">The policy by which it is held.</param>
/// <param name="Client">Address, or what else the client is told by.</param>
/// <param name="Reason">Why.</param>
/// <param name="Until">When the last hold ends.</param>
/// <param name="Pods">How many pods hold it.</param>
internal sealed record HeldClient(
    string Namespace, string Policy, string Client, string Reason, DateTimeOffset Until, int Pods);

/// <summary>The sidecars' pages about clients as one list. Pure.</summary>
internal static class HeldClients
{
    /// <summary>Clients of one page, as sidecars list them; null for a page that is none.</summary>
    public static IReadOnlyList<HeldClient>? Read(ReadOnlyMemory<byte> page, string ns, string policy)
    {
        try
        {
            using var json = JsonDocument.Parse(page);
            var result = new List<HeldClient>();
            foreach (var held in json.RootElement.Items("clients"))
            {
                if (held.Text("client") is { } client && DateTimeOffset.TryParse(
                    held.Text("until"), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var until))
                    result.Add(new(ns, policy, client, held.Text("reason") ?? "", until, 1));
            }

            return json.RootElement.Text("mode") is null ? null : result;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>The same client of several pods once, those that are held longest first.</summary>
    public static IReadOnlyList<HeldClient> Joined(IEnumerable<HeldClient> all) =>
    [
        .. all.GroupBy(held => (held.Namespace, held.Policy, held.Client))
            .Select(group => group.MaxBy(held => held.Until)! with { Pods = group.Count() })
            .OrderByDescending(held => held.Until).ThenBy(held => held.Client, StringComparer.Ordinal),
    ];

    public static Report ReportOf(IReadOnlyList<HeldClient> clients, int silent) => new(
        new JsonObject
        {
            ["kind"] = "HeldClients",
            ["unanswered"] = silent,
            ["items"] = new JsonArray([.. clients.Select(held => (JsonNode)new JsonObject
            {
                ["namespace"] = held.Namespace, ["policy"] = held.Policy, ["client"] = held.Client,
                ["reason"] = held.Reason, ["until"] = held.Until.ToString("O", CultureInfo.InvariantCulture),
                ["pods"] = held.Pods,
            })]),
        },
        [.. clients.Select(held => $"client/{held.Client}")],
        (output, paint) =>
        {
            var table = new Table("NAMESPACE", "POLICY", "CLIENT", "UNTIL", "PODS", "REASON");
            foreach (var held in clients)
                table.Add(
                    held.Namespace, held.Policy, held.Client,
                    held.Until.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture) + " UTC",
                    held.Pods.ToString(CultureInfo.InvariantCulture), held.Reason);
            if (clients.Count > 0) table.Write(output, paint);
            output.WriteLine(clients.Count == 0 ? "nobody is held"
                : paint.Weak("to let one go: kubectl waf release client/ADDRESS --policy NAME -n NAMESPACE"));
            if (silent > 0) output.WriteLine(paint.Warning($"{silent} sidecars did not answer"));
        });
}
