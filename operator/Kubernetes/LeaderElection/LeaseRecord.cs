using System.Text.Json.Nodes;
using WafOperator.Kubernetes.Objects;

namespace WafOperator.Kubernetes.LeaderElection;

/// <summary>The content of a lease that decides who leads.</summary>
internal sealed record LeaseRecord(
    string Holder, long DurationSeconds, string AcquireTime, string RenewTime, long Transitions)
{
    public static LeaseRecord Read(KubernetesObject lease) => new(
        lease.Text("spec", "holderIdentity") ?? "",
        lease.Json.Number("spec", "leaseDurationSeconds") ?? 0,
        lease.Text("spec", "acquireTime") ?? "",
        lease.Text("spec", "renewTime") ?? "",
        lease.Json.Number("spec", "leaseTransitions") ?? 0);

    /// <summary>The record after <paramref name="identity"/> acquired or renewed the lease.</summary>
    public static LeaseRecord Held(LeaseRecord? previous, string identity, TimeSpan duration, DateTimeOffset now)
    {
        var time = KubernetesTime.Micros(now);
        var renewal = previous?.Holder == identity;
        return new LeaseRecord(
            identity,
            (long)Math.Ceiling(duration.TotalSeconds),
            renewal ? previous!.AcquireTime : time,
            time,
            (previous?.Transitions ?? 0) + (renewal || previous is null ? 0 : 1));
    }

    /// <summary>The record after its holder let go: anybody may take it at once.</summary>
    public LeaseRecord Released(DateTimeOffset now) =>
        this with { Holder = "", DurationSeconds = 1, RenewTime = KubernetesTime.Micros(now) };

    public JsonObject ToJson()
    {
        var json = new JsonObject
        {
            ["holderIdentity"] = Holder,
            ["leaseDurationSeconds"] = DurationSeconds,
            ["renewTime"] = RenewTime,
            ["leaseTransitions"] = Transitions,
        };
        if (AcquireTime.Length > 0) json["acquireTime"] = AcquireTime;
        return json;
    }
}
