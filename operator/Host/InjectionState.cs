using WafOperator.Injection;
using WafOperator.Kubernetes;
using WafOperator.Kubernetes.Client;
using WafOperator.Kubernetes.Objects;

namespace WafOperator.Operator.Host;

/// <summary>
/// What is injected now. Sidecars are native ones where the API server and every node can run them: a kubelet before
/// 1.29 takes one for an ordinary init container and waits for its end for ever. Versions are read again every few
/// minutes, since clusters are upgraded under a running operator. Thread-safe.
/// </summary>
internal sealed class InjectionState(
    OperatorOptions options, KubernetesClient client, TimeProvider time, ILogger logger)
{
    private static readonly TimeSpan ReadEvery = TimeSpan.FromMinutes(5);
    private volatile InjectionSettings _current = options.Injection(nativeSidecars: false);

    /// <summary>The settings in force.</summary>
    public InjectionSettings Current => _current;

    /// <summary>The state after a first look at the cluster.</summary>
    public static async Task<InjectionState> StartAsync(
        OperatorOptions options, KubernetesClient client, RuntimeServices services, CancellationToken cancellationToken)
    {
        var state = new InjectionState(
            options, client, services.Time, services.Loggers.CreateLogger<InjectionState>());
        await state.ReadAsync(cancellationToken);
        return state;
    }

    /// <summary>Reads versions once. Where nodes cannot be read, the form stays that every cluster runs.</summary>
    private async Task ReadAsync(CancellationToken cancellationToken)
    {
        try
        {
            var capabilities = await client.GetCapabilitiesAsync(cancellationToken);
            var nodes = capabilities.NativeSidecars
                ? (await client.ListAsync(BuiltIn.Nodes, ListOptions.All, cancellationToken)).Items : [];
            var isNative = capabilities.NativeSidecars && nodes.All(RunsNativeSidecars);
            if (isNative != _current.NativeSidecars) HostLog.Sidecars(logger, isNative ? "native" : "classic");
            _current = options.Injection(isNative);
        }
        catch (Exception problem) when (problem is not OperationCanceledException
            || !cancellationToken.IsCancellationRequested)
        {
            HostLog.VersionsUnread(logger, problem);
        }
    }

    /// <summary>Reads them again and again, until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            await Task.Delay(ReadEvery, time, cancellationToken);
            await ReadAsync(cancellationToken);
        }
    }

    /// <summary>Whether a node's kubelet knows init containers that go on running: 1.29 and later. Pure.</summary>
    internal static bool RunsNativeSidecars(KubernetesObject node)
    {
        var parts = (node.Text("status", "nodeInfo", "kubeletVersion") ?? "").TrimStart('v').Split('.', '-', '+');
        return parts.Length > 1 && int.TryParse(parts[0], out var major) && int.TryParse(parts[1], out var minor)
            && (major > 1 || (major == 1 && minor >= 29));
    }
}
