using WafOperator.Cli.Events;
using WafOperator.Policies.Exclusions;
using WafOperator.Protocols.Events;
using WafOperator.Resources.Exclusions;

namespace WafOperator.Cli.Tuning;

/// <summary>An exclusion for many stopped requests that are alike, and what it rests on.</summary>
internal sealed record TuningProposal
{
    /// <summary>The narrowest exclusion by which they would have passed.</summary>
    public required WafExclusion Exclusion { get; init; }

    /// <summary>Stopped requests that it would have let pass.</summary>
    public required int Requests { get; init; }

    /// <summary>Different clients among them: a false positive meets many, an attack comes from few.</summary>
    public required int Clients { get; init; }

    /// <summary>Largest anomaly score among them.</summary>
    public required int ScoreMax { get; init; }

    /// <summary>Id of one of them, for <c>explain event</c>.</summary>
    public required string Example { get; init; }
}

/// <summary>Stopped requests → exclusions. Pure.</summary>
internal static class TuningProposals
{
    /// <summary>Stopped requests that are looked at; the newest count.</summary>
    public const int EventsMax = 50_000;

    /// <summary>
    /// Proposals that are worked out, those for most clients first: each is tried on every stopped request, and a
    /// scanner makes as many as it likes.
    /// </summary>
    public const int ProposalsMax = 200;

    private const string Reason = "false positive, proposed by kubectl waf tune: look at the requests first";

    /// <summary>Proposals, the most widespread first, and how many stopped requests none of them is for.</summary>
    public static (IReadOnlyList<TuningProposal> Proposals, int Left) Of(
        IReadOnlyList<SecurityEvent> events, DateTimeOffset now)
    {
        var stopped = events.Where(EventFilter.IsStopped).TakeLast(EventsMax).ToList();
        var groups = new Dictionary<string, Group>(StringComparer.Ordinal);
        foreach (var decision in stopped)
        {
            if (ExclusionProposal.Of(decision, null, Reason, now).Exclusion is not { } proposed) continue;
            var key = KeyOf(proposed);
            if (groups.TryGetValue(key, out var known)) known.Add(proposed, decision.Client);
            else groups[key] = new Group(proposed, decision.Client);
        }

        var proposals = new List<TuningProposal>();
        var covered = new HashSet<string>(StringComparer.Ordinal);
        foreach (var exclusion in groups.Values.OrderByDescending(group => group.Clients).Take(ProposalsMax)
            .Select(group => group.Exclusion))
        {
            var passing = stopped.Where(decision => ExclusionProposal.LetsPass(exclusion, decision)).ToList();
            if (passing.Count == 0) continue;
            covered.UnionWith(passing.Select(decision => decision.Id));
            proposals.Add(new TuningProposal
            {
                Exclusion = exclusion,
                Requests = passing.Count,
                Clients = passing.DistinctBy(decision => decision.Client).Count(),
                ScoreMax = passing.Max(decision => decision.AnomalyScore),
                Example = passing[^1].Id,
            });
        }

        return (
            [.. proposals.OrderByDescending(p => p.Clients).ThenByDescending(p => p.Requests)
                .ThenBy(p => p.Exclusion.Metadata.Name, StringComparer.Ordinal)],
            stopped.Count(decision => !covered.Contains(decision.Id)));
    }

    /// <summary>The last of many, in their order, without keeping all.</summary>
    public static List<SecurityEvent> Newest(IEnumerable<SecurityEvent> events)
    {
        var kept = new Queue<SecurityEvent>();
        foreach (var decision in events)
        {
            if (kept.Count == EventsMax) kept.Dequeue();
            kept.Enqueue(decision);
        }

        return [.. kept];
    }

    /// <summary>What makes two proposals the same but for their rules.</summary>
    private static string KeyOf(WafExclusion exclusion)
    {
        var match = exclusion.Spec.Match;
        return string.Join('\n', exclusion.Metadata.Namespace, exclusion.Spec.Policy, match?.Path,
            string.Join(',', match?.Methods ?? []), match?.Part, match?.Name);
    }

    /// <summary>Stopped requests for which the same exclusion is proposed, but for its rules.</summary>
    private sealed class Group(WafExclusion first, string client)
    {
        private readonly HashSet<string> _clients = new(StringComparer.Ordinal) { client };

        public WafExclusion Exclusion { get; private set; } = first;

        public int Clients => _clients.Count;

        public void Add(WafExclusion other, string client)
        {
            _clients.Add(client);
            var (spec, more) = (Exclusion.Spec, other.Spec);
            Exclusion = Exclusion with
            {
                Spec = spec with
                {
                    Rules = [.. spec.Rules.Concat(more.Rules).Distinct().Order(StringComparer.Ordinal).Take(64)],
                    Models = [.. spec.Models.Concat(more.Models).Distinct().Order(StringComparer.Ordinal).Take(8)],
                },
            };
        }
    }
}
