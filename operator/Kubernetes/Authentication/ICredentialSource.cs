namespace WafOperator.Kubernetes.Authentication;

/// <summary>Gives the credential for the next request; caches and renews it. Safe for concurrent use.</summary>
public interface ICredentialSource
{
    /// <summary>The current credential; throws <see cref="KubeconfigException"/> when none can be had.</summary>
    ValueTask<Credential> GetAsync(CancellationToken cancellationToken);

    /// <summary>Called after a 401: whatever is cached must be fetched again.</summary>
    void Invalidate();
}
