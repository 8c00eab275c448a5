namespace WafOperator.Kubernetes.Authentication;

/// <summary>A credential that never changes.</summary>
internal sealed class StaticCredentials(Credential credential) : ICredentialSource
{
    public ValueTask<Credential> GetAsync(CancellationToken cancellationToken) => new(credential);

    public void Invalidate()
    {
        // Nothing to renew: the server's 401 is the answer.
    }

    public override string ToString() => credential.ToString();
}
