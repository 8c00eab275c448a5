using System.Collections.Concurrent;
using WafOperator.Protocols.Events;

namespace WafOperator.Distribution.Events;

/// <summary>
/// Labels of counted events, out of fixed lists, whatever a sidecar says: a namespace has fifty series at most and
/// cannot use up the others'. Namespaces beyond the bound are counted together. Thread-safe.
/// </summary>
public sealed class EventLabels
{
    /// <summary>What stands for everything that has no label of its own.</summary>
    public const string Other = "other";

    /// <summary>Namespaces with series of their own: at fifty each, below the 10,000 that a metric may have.</summary>
    public const int NamespacesMax = 190;

    private readonly ConcurrentDictionary<string, bool> _namespaces = new(StringComparer.Ordinal);

    /// <summary>Namespace, verdict and reason of an event.</summary>
    public (string Namespace, string Verdict, string Reason) Of(SecurityEvent securityEvent) => (
        NamespaceOf(securityEvent.Namespace),
        Enum.IsDefined(securityEvent.Verdict) ? securityEvent.Verdict.ToString() : Other,
        EventReasons.IsKnown(securityEvent.Reason) ? securityEvent.Reason : Other);

    /// <summary>The label of a namespace.</summary>
    public string NamespaceOf(string ns) =>
        _namespaces.ContainsKey(ns) || (_namespaces.Count < NamespacesMax && _namespaces.TryAdd(ns, true)) ? ns : Other;
}
