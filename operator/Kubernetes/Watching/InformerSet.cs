namespace WafOperator.Kubernetes.Watching;

/// <summary>The informers of a program, run together. Add all of them before <see cref="RunAsync"/>.</summary>
public sealed class InformerSet
{
    private readonly List<IInformer> _informers = [];

    public IReadOnlyList<IInformer> Informers => _informers;

    public bool HasSynced => _informers.TrueForAll(informer => informer.HasSynced);

    /// <summary>Adds an informer and returns it.</summary>
    public TInformer Add<TInformer>(TInformer informer)
        where TInformer : IInformer
    {
        _informers.Add(informer);
        return informer;
    }

    public Task RunAsync(CancellationToken cancellationToken) =>
        Task.WhenAll(_informers.Select(informer => informer.RunAsync(cancellationToken)));

    public Task WaitForSyncAsync(CancellationToken cancellationToken) =>
        Task.WhenAll(_informers.Select(informer => informer.WaitForSyncAsync(cancellationToken)));

    /// <summary>
    /// One line per informer that has no complete cache, with its last failure: for readiness probes.
    /// </summary>
    public IEnumerable<string> Unsynced() => _informers
        .Where(informer => !informer.HasSynced)
        .Select(informer => $"{informer.Name}: {informer.LastProblem ?? "not listed yet"}");
}
