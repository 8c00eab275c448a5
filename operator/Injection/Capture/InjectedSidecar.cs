using System.Text.Json;
using System.Text.Json.Nodes;
using WafOperator.Resources;

namespace WafOperator.Injection.Capture;

/// <summary>
/// Tells a sidecar that was injected from a container that only has its name: the pod carries the print of what was
/// injected, what it holds has that print still, and the container runs the repository of the image that is injected
/// (any tag, since pods outlive an upgrade). Pure.
/// </summary>
public static class InjectedSidecar
{
    /// <summary>A pod as the API server serves it.</summary>
    public static bool IsIn(JsonElement pod, string sidecarImage) =>
        pod.ValueKind == JsonValueKind.Object && IsIn(JsonObject.Create(pod)!, sidecarImage);

    /// <summary>Whether the pod has an injected sidecar.</summary>
    public static bool IsIn(JsonObject pod, string sidecarImage)
    {
        var view = new PodView(pod);
        return view.Annotations.TryGetValue(WellKnown.InjectedAnnotation, out var print)
            && SidecarPrint.Find(view, WellKnown.SidecarContainer).Container is { } sidecar
            && SidecarPrint.RepositoryOf(SidecarPrint.ImageOf(sidecar)) == SidecarPrint.RepositoryOf(sidecarImage)
            && SidecarPrint.Of(pod) == print;
    }
}
