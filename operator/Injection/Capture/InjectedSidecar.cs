using System.Text.Json;
using System.Text.Json.Nodes;
using WafOperator.Resources;

namespace WafOperator.Injection.Capture;

/// <summary>
/// Tells a sidecar that was injected from a container that only has its name: the pod carries the injector's hash, the
/// container runs the repository of the image that is injected (any tag, since pods outlive an upgrade), and its
/// program was not replaced. Pure.
/// </summary>
public static class InjectedSidecar
{
    private const int HashLength = 16;

    /// <summary>A pod as the API server serves it.</summary>
    public static bool IsIn(JsonElement pod, string sidecarImage) =>
        pod.ValueKind == JsonValueKind.Object && IsIn(JsonObject.Create(pod)!, sidecarImage);

    /// <summary>Whether the pod has an injected sidecar.</summary>
    public static bool IsIn(JsonObject pod, string sidecarImage)
    {
        var view = new PodView(pod);
        return view.Annotations.TryGetValue(WellKnown.InjectedAnnotation, out var hash)
            && hash.Length == HashLength && hash.All(char.IsAsciiHexDigitLower)
            && view.Containers.Concat(view.InitContainers).Any(container =>
                PodView.Text(container, "name") == WellKnown.SidecarContainer
                && RepositoryOf(PodView.Text(container, "image") ?? "") == RepositoryOf(sidecarImage)
                && container["command"] is null && container["args"] is null);
    }

    /// <summary>An image's name without tag and digest; a port of its registry stays.</summary>
    internal static string RepositoryOf(string image)
    {
        var name = image.Split('@')[0];
        var colon = name.LastIndexOf(':');
        return colon > name.LastIndexOf('/') ? name[..colon] : name;
    }
}
