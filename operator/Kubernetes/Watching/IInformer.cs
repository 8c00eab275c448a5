namespace WafOperator.Kubernetes.Watching;

/// <summary>The part of an informer that does not depend on the type of its objects.</summary>
public interface IInformer
{
    /// <summary>For messages: the resource it watches.</summary>
    string Name { get; }

    /// <summary>True once the first full list is in the cache and was reported to all subscribers.</summary>
    bool HasSynced { get; }

    /// <summary>The last failure since which nothing succeeded, in one line, or null.</summary>
    string? LastProblem { get; }

    /// <summary>Completes when <see cref="HasSynced"/> becomes true.</summary>
    Task WaitForSyncAsync(CancellationToken cancellationToken);

    /// <summary>Lists and watches until cancelled; never throws for a failure of the server.</summary>
    Task RunAsync(CancellationToken cancellationToken);
}
