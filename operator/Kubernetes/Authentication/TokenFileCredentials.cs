using System.Security.Cryptography.X509Certificates;

namespace WafOperator.Kubernetes.Authentication;

/// <summary>
/// A bearer token in a file that is replaced from time to time, as the kubelet does with projected service-account
/// tokens: read again every minute, and at once after a 401.
/// </summary>
internal sealed class TokenFileCredentials(string path, X509Certificate2? certificate, TimeProvider time)
    : ICredentialSource
{
    private const int TokenBytesMax = 1 << 20;
    private static readonly TimeSpan ReadAgainAfter = TimeSpan.FromMinutes(1);
    private readonly Lock _lock = new();
    private Credential? _current;
    private long _readAt;

    public ValueTask<Credential> GetAsync(CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            if (_current is { } cached && time.GetElapsedTime(_readAt) < ReadAgainAfter) return new(cached);
            _current = new Credential($"Bearer {Read()}", certificate);
            _readAt = time.GetTimestamp();
            return new(_current);
        }
    }

    public void Invalidate()
    {
        lock (_lock) _current = null;
    }

    public override string ToString() => $"token file {path}";

    private string Read()
    {
        try
        {
            if (new FileInfo(path).Length > TokenBytesMax)
                throw new KubeconfigException($"the token file {path} is larger than {TokenBytesMax} bytes");
            var token = File.ReadAllText(path).Trim();
            if (token.Length == 0) throw new KubeconfigException($"the token file {path} is empty");
            if (token.AsSpan().IndexOfAnyInRange('\0', ' ') >= 0)
                throw new KubeconfigException($"the token file {path} does not hold a single token");
            return token;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // A token that was good a minute ago is better than none: rotation may be under way.
            if (_current is { } last) return last.AuthorizationHeader!["Bearer ".Length..];
            throw new KubeconfigException($"cannot read the token file {path}: {e.Message}", e);
        }
    }
}
