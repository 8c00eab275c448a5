using System.Net;
using System.Text.Json;
using WafOperator.Protocols;
using WafOperator.Protocols.Inference;
using WafOperator.Protocols.Models;
using WafOperator.Protocols.Policies;
using WafOperator.Proxy.Telemetry;
using WafOperator.Scoring.Packages;
using WafOperator.Scoring.Pool;

namespace WafOperator.Proxy.Models.Pool;

/// <summary>
/// The pool that the policy names: its connections outlive policies, and change with its address. Asking is
/// thread-safe; describing is done by one loop at a time.
/// </summary>
internal sealed class PoolStage(SidecarMeters meters, TimeProvider time) : IRemoteModels, IDisposable
{
    private const int MetadataBytesMax = 2 << 20;

    /// <summary>
    /// Longest wait for a pool's word about a model, so that a policy is not held up by a pool that is away.
    /// </summary>
    private static readonly TimeSpan DescribeMax = TimeSpan.FromSeconds(3);

    /// <summary>Longer than any request asks.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(30);

    private volatile PoolClient? _client;

    /// <summary>State of the circuit, or null without a pool.</summary>
    public CircuitState? Circuit => _client?.Breaker.State;

    /// <summary>Asks the pool within what is left of the budget. Null when there is no pool.</summary>
    public async ValueTask<PoolAnswers?> AskAsync(
        PoolQuestions questions, TimeSpan budget, CancellationToken cancellationToken) =>
        _client is { } client ? await client.AskAsync(questions, budget, cancellationToken) : null;

    public void Use(string poolUrl, string? poolKey)
    {
        if (Uri.TryCreate(poolUrl, UriKind.Absolute, out var url) && url.Scheme == Uri.UriSchemeHttp)
            ClientOf(url).Access = PoolAccess.Of([poolKey]);
    }

    public async Task<ModelLoading> DescribeAsync(
        string poolUrl, string family, ModelBlob blob, CancellationToken cancellationToken)
    {
        if (blob.Signature is { } signature)
        {
            if (blob.PublicKeyPem is not { } key)
                return Refused("the package is signed, but the public key is not there");
            var identity = new PackageIdentity(family, blob.Version, blob.Digest);
            if (PackageSignature.Check(identity, signature, key) is { } wrong) return Refused(wrong);
        }

        if (!Uri.TryCreate(poolUrl, UriKind.Absolute, out var url) || url.Scheme != Uri.UriSchemeHttp)
            return Refused($"{poolUrl} is not the URL of a pool");
        var client = ClientOf(url);
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(DescribeMax);
        try
        {
            var path = InferenceProtocol.ModelPath(family, blob.Version);
            var (status, body) = await client.GetAsync(path, MetadataBytesMax, patience.Token);
            return status is HttpStatusCode.OK && body is not null
                ? Read(body, family, blob)
                : new(null, status is null
                    ? $"the pool {url} cannot be reached"
                    : $"the pool {url} does not serve {family} {blob.Version} yet");
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return new(null, $"the pool {url} does not answer");
        }
    }

    public void Dispose() => _client?.Dispose();

    private static ModelLoading Read(byte[] body, string family, ModelBlob blob)
    {
        try
        {
            var metadata = JsonSerializer.Deserialize(body, ProtocolJson.Default.Of<PoolModelMetadata>());
            if (metadata?.Manifest is not { } manifest) return Refused("the pool's metadata has no manifest");
            // Not refused for good: a pool loads the new package before it lets go of the old.
            if (metadata.Digest != blob.Digest)
                return new(null, $"the pool serves the package {metadata.Digest}, not {blob.Digest}");
            if (manifest.Name != family || manifest.Version != blob.Version)
                return Refused($"the package is {manifest.Name} {manifest.Version}, not {family} {blob.Version}");
            if (manifest.Kind is not RequestContract.Kind)
                return new(new RemoteValueModel(manifest, blob.Digest), null);
            return RequestContract.Problem(manifest) is { } problem
                ? Refused(problem)
                : new(new RemoteRequestModel(manifest, blob.Digest), null);
        }
        catch (JsonException failure)
        {
            return Refused($"the pool's metadata cannot be read: {failure.Message}");
        }
    }

    private static ModelLoading Refused(string reason) => new(null, reason) { IsRefused = true };

    private PoolClient ClientOf(Uri url)
    {
        if (_client is { } current && current.Url == url) return current;
        var old = _client;
        var next = new PoolClient(url, meters, time);
        _client = next;
        if (old is not null) _ = DisposeLaterAsync(old);
        return next;
    }

    private async Task DisposeLaterAsync(PoolClient client)
    {
        await Task.Delay(Grace, time);
        client.Dispose();
    }
}
