using WafOperator.Kubernetes.Client;
using WafOperator.Kubernetes.Objects;

namespace WafOperator.Controllers.Models;

/// <summary>configmap://NAME/KEY in the ModelVersion's namespace (<c>binaryData</c>), for small packages.</summary>
public sealed class ConfigMapArtifactSource(KubernetesClient client) : IArtifactSource
{
    public IReadOnlyList<string> Schemes => ["configmap"];

    public async Task<ArtifactFetch> FetchAsync(WantedArtifact wanted, CancellationToken cancellationToken)
    {
        var (uri, ns, _, bytesMax) = wanted;
        var key = Uri.UnescapeDataString(uri.AbsolutePath.TrimStart('/'));
        var map = await client.TryGetAsync(BuiltIn.ConfigMaps, new NamespacedName(ns, uri.Host), cancellationToken);
        if (map is null) return ArtifactFetch.Later($"there is no ConfigMap {ns}/{uri.Host}");
        if (map.Text("binaryData", key) is not { } text) return ArtifactFetch.Never(
            $"ConfigMap {ns}/{uri.Host} has no binaryData key {key}");
        var content = Convert.FromBase64String(text);
        return content.Length <= bytesMax
            ? ArtifactFetch.Of(content)
            : ArtifactFetch.Never(
                $"the artifact has {content.Length} bytes; spec.artifact.sizeLimit allows {bytesMax}");
    }
}

/// <summary>builtin://NAME: a package that came with the operator's image. Those are trusted by their digest.</summary>
public sealed class BuiltinArtifactSource(string? folder) : IArtifactSource
{
    public IReadOnlyList<string> Schemes => ["builtin"];

    public async Task<ArtifactFetch> FetchAsync(WantedArtifact wanted, CancellationToken cancellationToken)
    {
        var (uri, _, _, bytesMax) = wanted;
        // The host part of a URI is lower case and holds no separators, so it cannot lead out of the folder.
        var name = uri.Host.EndsWith(".tar", StringComparison.Ordinal) ? uri.Host : uri.Host + ".tar";
        var path = folder is null ? null : Path.Combine(folder, name);
        if (path is null || name.StartsWith('.') || !File.Exists(path))
            return ArtifactFetch.Never($"the operator's image has no package {name}");
        return new FileInfo(path).Length <= bytesMax
            ? ArtifactFetch.Of(await File.ReadAllBytesAsync(path, cancellationToken))
            : ArtifactFetch.Never(
                $"the artifact is larger than the {bytesMax} bytes that spec.artifact.sizeLimit allows");
    }
}
