using System.Globalization;
using System.Text.Json.Nodes;
using WafOperator.Cli.Output;
using WafOperator.Resources;
using WafOperator.Resources.Models;
using WafOperator.Resources.Policies;

namespace WafOperator.Cli.Status;

/// <summary>The state of everything as people and programs read it. Pure.</summary>
internal static class StatusReport
{
    private static readonly string[] BadWhenTrue = ["Degraded", "Weakened", "Stalled"];
    private static readonly string[] BadWhenFalse = ["Accepted", "ResolvedRefs", "Programmed", "Ready"];

    public static Report Of(StatusView view) => new(
        Json(view),
        [
            .. view.Policies.Select(policy => $"wafpolicy/{policy.Metadata.Name}"),
            .. view.Models.Select(version => $"modelversion/{version.Metadata.Name}"),
            .. view.Exclusions.Select(exclusion => $"wafexclusion/{exclusion.Metadata.Name}"),
            .. view.Pools.Select(pool => $"inferencepool/{pool.Metadata.Name}"),
        ],
        (output, paint) => Write(output, paint, view));

    /// <summary>Whether every policy is ready.</summary>
    public static bool IsWell(StatusView view) =>
        view.Unreadable.Count == 0 && view.Policies.All(policy => Of(policy, "Ready") is ConditionStatus.True);

    /// <summary>The first thing that is wrong with a policy, in its own words; null for none.</summary>
    public static string? Problem(WafPolicy policy)
    {
        var conditions = policy.Status?.Conditions ?? [];
        var bad = BadWhenFalse.Select(type => (type, ConditionStatus.False))
            .Concat(BadWhenTrue.Select(type => (type, ConditionStatus.True)))
            .Select(wanted => conditions.FirstOrDefault(c => (c.Type, c.Status) == wanted)).FirstOrDefault(c =>
                c is not null);
        return bad is not null ? $"{bad.Reason}: {bad.Message}"
            : policy.Status is null ? "no operator has looked at it yet" : null;
    }

    private static ConditionStatus Of(WafPolicy policy, string type) =>
        policy.Status?.Conditions.FirstOrDefault(c => c.Type == type)?.Status ?? ConditionStatus.Unknown;

    private static JsonObject Json(StatusView view) => new()
    {
        ["kind"] = "StatusReport",
        ["policies"] = new JsonArray([.. view.Policies.Select(policy => (JsonNode)new JsonObject
        {
            ["namespace"] = policy.Metadata.Namespace,
            ["name"] = policy.Metadata.Name,
            ["mode"] = policy.Spec.Mode.ToString(),
            ["effectiveMode"] = policy.Status?.EffectiveMode?.ToString(),
            ["ready"] = Of(policy, "Ready").ToString(),
            ["matched"] = policy.Status?.Coverage?.Matched ?? 0,
            ["programmed"] = policy.Status?.Coverage?.Programmed ?? 0,
            ["missing"] = policy.Status?.Coverage?.Missing ?? 0,
            ["stale"] = policy.Status?.Coverage?.Stale ?? 0,
            ["requestsWhole"] = policy.Status?.Inspection?.RequestsWhole,
            ["revision"] = policy.Status?.Revision,
            ["problem"] = Problem(policy),
        })]),
        ["models"] = new JsonArray([.. view.Models.Select(version => (JsonNode)new JsonObject
        {
            ["namespace"] = version.Metadata.Namespace,
            ["name"] = version.Metadata.Name,
            ["model"] = version.Spec.Model,
            ["version"] = version.Spec.Version,
            ["phase"] = version.Status?.Phase.ToString(),
            ["weight"] = version.Status?.Weight ?? 0,
            ["verdict"] = version.Status?.Verdict.ToString(),
            ["message"] = version.Status?.Message,
        })]),
        ["exclusions"] = new JsonArray([.. view.Exclusions.Select(exclusion => (JsonNode)new JsonObject
        {
            ["namespace"] = exclusion.Metadata.Namespace,
            ["name"] = exclusion.Metadata.Name,
            ["policy"] = exclusion.Spec.Policy,
            ["hits"] = exclusion.Status?.Hits ?? 0,
            ["expiresAt"] = exclusion.Spec.ExpiresAt?.ToString("O", CultureInfo.InvariantCulture),
            ["accepted"] = exclusion.Status?.Conditions.FirstOrDefault(c => c.Type == "Accepted")?.Status.ToString(),
        })]),
        ["pools"] = new JsonArray([.. view.Pools.Select(pool => (JsonNode)new JsonObject
        {
            ["namespace"] = pool.Metadata.Namespace,
            ["name"] = pool.Metadata.Name,
            ["ready"] = pool.Status?.Summary,
            ["accelerator"] = pool.Status?.Accelerator,
        })]),
    };

    private static void Write(TextWriter output, Paint paint, StatusView view)
    {
        if (view.Policies.Count == 0)
            output.WriteLine("No WafPolicy. The README's section \"Protect a workload\" has the first one.");
        else Policies(view).Write(output, paint);
        foreach (var policy in view.Policies)
        {
            if (Problem(policy) is { } problem)
                output.WriteLine($"  {paint.Warning($"{policy.Metadata.Namespace}/{policy.Metadata.Name}")}: "
                    + PlainText.Of(problem, 1_000));
        }

        foreach (var problem in view.Unreadable) output.WriteLine($"  {paint.Bad(PlainText.Of(problem))}");
        foreach (var table in new[] { Models(view), Exclusions(view), Pools(view) })
        {
            if (table.Count == 0) continue;
            output.WriteLine();
            table.Write(output, paint);
        }
    }

    private static Table Policies(StatusView view)
    {
        var table = new Table("NAMESPACE", "POLICY", "MODE", "READY", "PODS", "MISSING", "WHOLE", "REVISION");
        foreach (var policy in view.Policies)
        {
            var (coverage, ready) = (policy.Status?.Coverage, Of(policy, "Ready"));
            table.Add(
                policy.Metadata.Namespace, policy.Metadata.Name,
                Cell.Of(policy.Spec.Mode.ToString(), policy.Spec.Mode is PolicyMode.Enforce ? true : null),
                Cell.Of(ready.ToString(), ready is ConditionStatus.True),
                coverage is null ? "-" : $"{coverage.Programmed}/{coverage.Matched}",
                Cell.Of($"{coverage?.Missing ?? 0}", coverage?.Missing is null or 0),
                Percent(policy.Status?.Inspection?.RequestsWhole),
                policy.Status?.Revision is { } revision ? Short(revision) : "-");
        }

        return table;
    }

    private static Table Models(StatusView view)
    {
        var table = new Table("NAMESPACE", "MODEL VERSION", "PHASE", "WEIGHT", "SAMPLES", "MESSAGE");
        foreach (var version in view.Models)
        {
            var phase = version.Status?.Phase ?? ModelPhase.Pending;
            table.Add(
                version.Metadata.Namespace, version.Metadata.Name,
                Cell.Of(phase.ToString(), phase switch
                {
                    ModelPhase.Promoted => true,
                    ModelPhase.Failed or ModelPhase.RolledBack => false,
                    _ => null,
                }),
                $"{version.Status?.Weight ?? 0} %", $"{version.Status?.Samples ?? 0}", version.Status?.Message);
        }

        return table;
    }

    private static Table Exclusions(StatusView view)
    {
        var table = new Table("NAMESPACE", "EXCLUSION", "POLICY", "PATH", "HITS", "ENDS", "ACCEPTED");
        foreach (var exclusion in view.Exclusions)
        {
            var accepted = exclusion.Status?.Conditions.FirstOrDefault(c => c.Type == "Accepted");
            table.Add(
                exclusion.Metadata.Namespace, exclusion.Metadata.Name, exclusion.Spec.Policy,
                exclusion.Spec.Match?.Path ?? "*", $"{exclusion.Status?.Hits ?? 0}",
                exclusion.Spec.ExpiresAt?.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture) ?? "never",
                accepted is null ? "-" : Cell.Of(
                    accepted.Status is ConditionStatus.True ? "True" : accepted.Reason,
                    accepted.Status is ConditionStatus.True));
        }

        return table;
    }

    private static Table Pools(StatusView view)
    {
        var table = new Table("NAMESPACE", "POOL", "READY", "RUNG", "MODELS");
        foreach (var pool in view.Pools)
        {
            table.Add(
                pool.Metadata.Namespace, pool.Metadata.Name, pool.Status?.Summary ?? "-",
                pool.Status?.Accelerator ?? "-", $"{pool.Status?.Models.Count ?? 0}");
        }

        return table;
    }

    private static string Percent(string? share) =>
        double.TryParse(share, CultureInfo.InvariantCulture, out var value)
            ? (value * 100).ToString("0.##", CultureInfo.InvariantCulture) + " %" : "-";

    private static string Short(string revision) => revision[(revision.IndexOf(':', StringComparison.Ordinal) + 1)..]
        is { Length: > 12 } text ? text[..12] : revision;
}
