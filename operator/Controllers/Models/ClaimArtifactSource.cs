using WafOperator.Kubernetes.Client;
using WafOperator.Kubernetes.Objects;

namespace WafOperator.Controllers.Models;

/// <summary>
/// pvc://CLAIM/PATH in the ModelVersion's namespace. A Job there mounts the claim, read-only, and offers the file by
/// its digest for a minute and a half; each replica of the operator reads it from the pod. What comes is checked
/// against the digest like everything else.
/// </summary>
public sealed class ClaimArtifactSource(KubernetesClient client, ArtifactTransport transport, string image) : IArtifactSource
{
    public IReadOnlyList<string> Schemes => ["pvc"];

    public async Task<ArtifactFetch> FetchAsync(WantedArtifact wanted, CancellationToken cancellationToken)
    {
        var (uri, ns, artifact, _) = wanted;
        var path = Uri.UnescapeDataString(uri.AbsolutePath.TrimStart('/'));
        if (path.Length == 0 || path.Split('/').Contains(".."))
            return ArtifactFetch.Never("a pvc URI is pvc://CLAIM/PATH, with a path inside the claim");
        var key = ClaimReaderJob.KeyOf(ns, artifact.Digest);
        var job = await client.TryGetAsync(BuiltIn.Jobs, key, cancellationToken);
        if (job is null)
        {
            await CreateAsync(ClaimReaderJob.Build(ns, uri.Host, path, artifact.Digest, image), cancellationToken);
            return ArtifactFetch.Wait($"Job {key.Name} opens the claim {uri.Host}");
        }

        if (job.Metadata.IsBeingDeleted) return ArtifactFetch.Wait($"Job {key.Name} is started anew");
        var pods = await client.ListAsync(
            BuiltIn.Pods, new ListOptions { Namespace = ns, LabelSelector = ClaimReaderJob.SelectorOf(key) },
            cancellationToken);
        var end = job.Json.Items("status", "conditions")
            .FirstOrDefault(c => c.Text("type") is "Complete" or "Failed" && c.Text("status") == "True");
        if (end.ValueKind is not System.Text.Json.JsonValueKind.Undefined)
            return await EndedAsync(key, end.Text("type") == "Failed", pods.Items, cancellationToken);
        var address = pods.Items.Where(p => p.Text("status", "phase") == "Running")
            .Select(p => p.Text("status", "podIP")).FirstOrDefault(a => a is { Length: > 0 });
        return address is null
            ? ArtifactFetch.Wait($"Job {key.Name} waits for its pod: is there a claim {ns}/{uri.Host}?")
            : await ReadAsync(address, wanted, cancellationToken);
    }

    private async Task CreateAsync(System.Text.Json.Nodes.JsonObject job, CancellationToken cancellationToken)
    {
        try
        {
            await client.CreateAsync(BuiltIn.Jobs, job, cancellationToken);
        }
        catch (KubernetesApiException exists) when (exists.IsAlreadyExists)
        {
            // Another replica was first.
        }
    }

    /// <summary>An ended Job is removed: the next try starts another one.</summary>
    private async Task<ArtifactFetch> EndedAsync(
        NamespacedName key, bool hasFailed, IReadOnlyList<KubernetesObject> pods, CancellationToken cancellationToken)
    {
        var words = pods.SelectMany(p => p.Json.Items("status", "containerStatuses"))
            .Select(c => c.Text("state", "terminated", "message")).FirstOrDefault(m => m is { Length: > 0 });
        await client.DeleteAsync(
            BuiltIn.Jobs, key, new DeleteOptions { Propagation = DeletePropagation.Background }, cancellationToken);
        return hasFailed
            ? ArtifactFetch.Later(words ?? $"Job {key.Name} did not offer the file in time")
            : ArtifactFetch.Wait($"Job {key.Name} is started anew");
    }

    private async Task<ArtifactFetch> ReadAsync(
        string address, WantedArtifact wanted, CancellationToken cancellationToken)
    {
        var host = address.Contains(':', StringComparison.Ordinal) ? $"[{address}]" : address;
        var uri = new Uri($"http://{host}:{ClaimReaderJob.Port}/{wanted.Artifact.Digest}");
        var fetch = await transport.DownloadAsync(wanted.Get(uri) with { IsToPod = true }, cancellationToken);
        // A pod runs a moment before its port is open.
        return fetch.Content is null && !fetch.IsFinal ? ArtifactFetch.Wait("the claim's reader is not ready") : fetch;
    }
}
