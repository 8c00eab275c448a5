using System.Text.Json;
using WafOperator.Kubernetes.Objects;

namespace WafOperator.Kubernetes.Client;

public sealed partial class KubernetesClient
{
    private static readonly TimeSpan CapabilitiesAge = TimeSpan.FromMinutes(10);
    private volatile CapabilitiesAt? _capabilities;

    /// <summary>What the server can do; asked again every ten minutes, so that an upgrade is noticed.</summary>
    public async Task<ServerCapabilities> GetCapabilitiesAsync(CancellationToken cancellationToken)
    {
        if (_capabilities is { } known && _time.GetElapsedTime(known.At) < CapabilitiesAge) return known.Value;
        var version = await DiscoverAsync("/version", cancellationToken);
        var legacy = await TryDiscoverAsync("/api", cancellationToken);
        var groups = await DiscoverAsync("/apis", cancellationToken);
        var resources = legacy is null ? null : await TryDiscoverAsync("/api/v1", cancellationToken);
        var value = Discovery.Read(version, legacy, groups, resources);
        _capabilities = new CapabilitiesAt(value, _time.GetTimestamp());
        return value;
    }

    /// <summary>Whether a kind is served now, for instance whether its definition is installed.</summary>
    public async Task<bool> ServesAsync(ResourceType type, CancellationToken cancellationToken)
    {
        var path = type.Group.Length == 0 ? $"/api/{type.Version}" : $"/apis/{type.ApiVersion}";
        return await TryDiscoverAsync(path, cancellationToken) is { } list
            && list.Items("resources").Any(resource => resource.Text("name") == type.Plural);
    }

    private async Task<JsonElement?> TryDiscoverAsync(string path, CancellationToken cancellationToken)
    {
        try
        {
            return await DiscoverAsync(path, cancellationToken);
        }
        catch (KubernetesApiException e) when (e.IsNotFound)
        {
            return null;
        }
    }

    private async Task<JsonElement> DiscoverAsync(string path, CancellationToken cancellationToken)
    {
        var target = new ApiTarget(ApiVerb.Get, path, "", "");
        var body = await _transport.SendAsync(new ApiRequest(target, HttpMethod.Get, path), cancellationToken);
        try
        {
            return JsonBytes.Parse(body).RootElement;
        }
        catch (JsonException e)
        {
            throw ListReader.NotKubernetes(target, e);
        }
    }

    private sealed record CapabilitiesAt(ServerCapabilities Value, long At);
}
