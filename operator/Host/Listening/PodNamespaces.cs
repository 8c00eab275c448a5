using System.Collections.Concurrent;
using System.Net;
using WafOperator.Controllers.Sidecars;
using WafOperator.Kubernetes.Watching;

namespace WafOperator.Operator.Host.Listening;

/// <summary>
/// Namespaces of pods by their address, kept up by the pods' watch. An address that pods of several namespaces have
/// (those in a node's
/// network) is nobody's. Thread-safe.
/// </summary>
internal sealed class PodNamespaces
{
    private readonly ConcurrentDictionary<IPAddress, string> _byAddress = new();

    public PodNamespaces(Informer<PodView> pods) => pods.Subscribe(change =>
    {
        if (AddressOf(change.Previous) is { } old && AddressOf(change.Current)?.Equals(old) is not true)
            _byAddress.TryRemove(new KeyValuePair<IPAddress, string>(old, change.Key.Namespace));
        if (AddressOf(change.Current) is { } address)
            _byAddress.AddOrUpdate(address, change.Key.Namespace, (_, known) => known == change.Key.Namespace ? known
                : "");
    });

    public string? Find(IPAddress address) =>
        _byAddress.TryGetValue(address, out var ns) && ns.Length > 0 ? ns : null;

    private static IPAddress? AddressOf(PodView? pod) =>
        pod is { IsActive: true } && IPAddress.TryParse(pod.Address, out var address) ? address : null;
}
