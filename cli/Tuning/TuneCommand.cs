using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using WafOperator.Cli.Events;
using WafOperator.Cli.Output;
using WafOperator.Cli.Running;
using WafOperator.Kubernetes.Client;
using WafOperator.Protocols.Events;
using WafOperator.Resources;

namespace WafOperator.Cli.Tuning;

/// <summary><c>tune</c>: stopped requests that look like false positives → the narrowest exclusions.</summary>
internal static class TuneCommand
{
    public static Command Build(CliEnvironment environment)
    {
        var file = new Option<string?>("--filename", "-f")
        {
            Description = "A kept decision log instead of the cluster's, or -.", HelpName = "FILE",
        };
        var policy = new Option<string?>("--policy") { Description = "Only of this policy.", HelpName = "NAME" };
        var clients = new Option<int>("--min-clients")
        {
            Description = "Clients that must have been stopped: attacks come from few.", HelpName = "N",
            DefaultValueFactory = _ => 2,
        };
        var since = EventsCommand.Since();
        var command = new Command("tune",
            "Propose the narrowest exclusions for what was stopped; -o yaml for kubectl apply.")
        {
            file, policy, clients, since,
        };
        command.Runs(environment, async (invocation, cancellationToken) =>
        {
            var parsed = invocation.Parsed;
            var filter = new EventFilter(parsed.GetValue(policy), IsBlockedOnly: true);
            invocation.Progress.Show("reading decisions");
            var events = parsed.GetValue(file) is { } name
                ? TuningProposals.Newest(DecisionFile.Read(name, environment).Where(filter.Lets))
                : await FromClusterAsync(invocation, filter, EventsCommand.Span(parsed.GetValue(since)),
                    cancellationToken);
            invocation.Progress.Show($"working out exclusions for {events.Count} stopped requests");
            var (all, left) = TuningProposals.Of(events, invocation.Now);
            if (events.Count >= TuningProposals.EventsMax)
                invocation.Note($"note: only the newest {TuningProposals.EventsMax} stopped requests are looked at");
            var least = parsed.GetValue(clients);
            invocation.Write(ReportOf([.. all.Where(p => p.Clients >= least)], all.Count(p => p.Clients < least),
                left));
            return ExitCodes.Ok;
        });
        return command;
    }

    private static async Task<List<SecurityEvent>> FromClusterAsync(
        Invocation invocation, EventFilter filter, TimeSpan? since, CancellationToken cancellationToken)
    {
        var logs = new SidecarLogs(invocation.Client, invocation.Note);
        var pods = await logs.PodsAsync(invocation.Scope, cancellationToken);
        if (pods.Count == 0) throw EventsCommand.NoPods();
        var options = new LogOptions { Container = WellKnown.SidecarContainer, Since = since };
        var events = new List<SecurityEvent>();
        await foreach (var decision in logs.ReadAsync(pods, options, null, cancellationToken))
        {
            if (!filter.Lets(decision)) continue;
            events.Add(decision);
            if (events.Count >= 2 * TuningProposals.EventsMax) events.RemoveRange(0, TuningProposals.EventsMax);
            if (events.Count % 100 == 0) invocation.Progress.Show($"{events.Count} stopped requests");
        }

        return events;
    }

    private static Report ReportOf(IReadOnlyList<TuningProposal> proposals, int fewClients, int left) => new(
        new JsonObject
        {
            ["apiVersion"] = "v1", ["kind"] = "List",
            ["items"] = new JsonArray([.. proposals.Select(Manifest)]),
        },
        [.. proposals.Select(proposal => $"wafexclusion/{proposal.Exclusion.Metadata.Name}")],
        (output, paint) =>
        {
            var table = new Table("POLICY", "PATH", "PART", "RULES", "REQUESTS", "CLIENTS", "SCORE", "EXAMPLE");
            foreach (var proposal in proposals)
            {
                var (spec, match) = (proposal.Exclusion.Spec, proposal.Exclusion.Spec.Match);
                table.Add(
                    spec.Policy, match?.Path, $"{match?.Part} {match?.Name}".Trim(),
                    string.Join(',', spec.Rules.Concat(spec.Models)), Number(proposal.Requests),
                    Number(proposal.Clients), Number(proposal.ScoreMax), proposal.Example);
            }

            if (proposals.Count > 0) table.Write(output, paint);
            output.WriteLine(
                $"{proposals.Count} proposals; {fewClients} more are for fewer clients (--min-clients), and "
                + $"{left} stopped requests have none: more than one part was found, or something else decided");
            if (proposals.Count > 0)
                output.WriteLine(
                    paint.Weak("look at an example: kubectl waf explain event ID; then -o yaml, and into Git"));
        });

    /// <summary>The object as people write it: without what is empty.</summary>
    internal static JsonNode Manifest(TuningProposal proposal)
    {
        var json = JsonSerializer.SerializeToNode(proposal.Exclusion, ResourceJson.Default.WafExclusion)!.AsObject();
        json.Remove("status");
        Prune(json);
        return json;
    }

    private static void Prune(JsonObject json)
    {
        foreach (var (name, value) in json.ToList())
        {
            if (value is JsonObject inner) Prune(inner);
            if (value is null or JsonArray { Count: 0 } or JsonObject { Count: 0 }) json.Remove(name);
        }
    }

    private static string Number(int value) => value.ToString(CultureInfo.InvariantCulture);
}
