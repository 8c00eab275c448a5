using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using WafOperator.Cli.Cluster;
using WafOperator.Cli.Output;
using WafOperator.Protocols;
using WafOperator.Protocols.Status;
using WafOperator.Resources.Policies;

namespace WafOperator.Cli.Proxies;

/// <summary>A sidecar: what it was sent, and what it says of itself.</summary>
/// <param name="Pod">Its pod.</param>
/// <param name="Policy">The policy that it was injected for; null when that is gone.</param>
/// <param name="Status">Its own status; null when it did not answer.</param>
/// <param name="Problem">Why it did not answer.</param>
internal sealed record ProxyView(PodFacts Pod, WafPolicy? Policy, SidecarStatus? Status, string? Problem)
{
    /// <summary>What a person wants to know first.</summary>
    public string State => this switch
    {
        { Status: null } => "NoAnswer",
        { Policy: null } => "PolicyGone",
        _ when Status.RejectedRevision is not null && Status.RejectedRevision == Policy.Status?.Revision => "Rejected",
        _ when Status.Revision is null => "NoPolicy",
        _ when Policy.Status?.Revision is { } sent && sent != Status.Revision => "Stale",
        _ when Status.Models.Any(model => model.State != "Loaded") => "ModelsNotReady",
        _ => "InSync",
    };
}

/// <summary>Sidecars as people and programs read them. Pure.</summary>
internal static class ProxyReport
{
    public static Report Of(IReadOnlyList<ProxyView> views, DateTimeOffset now) => new(
        new JsonObject
        {
            ["kind"] = "ProxyStatus",
            ["items"] = new JsonArray([.. views.Select(Json)]),
        },
        [.. views.Select(view => $"pod/{view.Pod.Metadata.Name}")],
        (output, paint) => Write(output, paint, views, now));

    private static JsonNode Json(ProxyView view) => new JsonObject
    {
        ["namespace"] = view.Pod.Metadata.Namespace,
        ["pod"] = view.Pod.Metadata.Name,
        ["policy"] = view.Pod.InjectedPolicy,
        ["state"] = view.State,
        ["sentRevision"] = view.Policy?.Status?.Revision,
        ["acknowledgedRevision"] = view.Status?.Revision,
        ["problem"] = view.Problem ?? view.Status?.RejectedReason,
        ["status"] = view.Status is null ? null
            : JsonNode.Parse(JsonSerializer.Serialize(view.Status, ProtocolJson.Default.SidecarStatus)),
    };

    private static void Write(TextWriter output, Paint paint, IReadOnlyList<ProxyView> views, DateTimeOffset now)
    {
        var table = new Table("POD", "POLICY", "STATE", "SENT", "ACKNOWLEDGED", "MODE", "MODELS", "CONTACT",
            "REQUESTS", "BLOCKED");
        foreach (var view in views)
        {
            var status = view.Status;
            table.Add(
                view.Pod.Key.ToString(), view.Pod.InjectedPolicy ?? "-", Cell.Of(view.State, view.State == "InSync"),
                Short(view.Policy?.Status?.Revision), Short(status?.Revision), status?.Mode ?? "-",
                status is null ? "-" : $"{status.Models.Count(m => m.State == "Loaded")}/{status.Models.Count}",
                status?.LastContact is { } contact ? $"{(now - contact).TotalSeconds:0} s" : "-",
                Number(status?.Requests.Total), Number(status?.Requests.Blocked));
        }

        table.Write(output, paint);
        foreach (var view in views)
        {
            var problem = view.Problem ?? (view.State == "Rejected" ? view.Status!.RejectedReason : null);
            if (problem is not null) output.WriteLine(
                $"  {paint.Warning(view.Pod.Key.ToString())}: {PlainText.Of(problem, 1_000)}");
            foreach (var model in view.Status?.Models.Where(model => model.State != "Loaded") ?? [])
                output.WriteLine(
                    $"  {paint.Warning(view.Pod.Key.ToString())}: "
                    + PlainText.Of($"{model.Model} {model.Version} is {model.State}: {model.Message}"));
        }
    }

    private static string Short(string? revision) => revision is null ? "-" : revision[..Math.Min(12, revision.Length)];

    private static string Number(long? value) => value?.ToString(CultureInfo.InvariantCulture) ?? "-";
}
