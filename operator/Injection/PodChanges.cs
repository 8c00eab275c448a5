using System.Globalization;
using System.Text.Json.Nodes;
using WafOperator.Injection.Capture;
using WafOperator.Injection.Containers;
using WafOperator.Resources;
using WafOperator.Resources.Quantities;

namespace WafOperator.Injection;

/// <summary>
/// What may not change about a pod that was injected. Kubernetes lets images, labels, annotations and ephemeral
/// containers of a running pod change; each of them could take the sidecar away or take it over. Pure.
/// </summary>
public static class PodChanges
{
    private static readonly HashSet<string> Capabilities = new(StringComparer.OrdinalIgnoreCase)
    {
        "ALL", "NET_ADMIN", "SYS_ADMIN", "SYS_PTRACE", "SYS_MODULE", "BPF", "PERFMON",
    };

    /// <summary>Why a change is refused, or null.</summary>
    /// <param name="before">The pod as it is.</param>
    /// <param name="after">The pod as it would become.</param>
    /// <param name="settings">What is injected now.</param>
    public static string? Refusal(JsonObject before, JsonObject after, InjectionSettings settings)
    {
        if (!InjectedSidecar.IsIn(before, settings.SidecarImage)) return null;
        var (old, now) = (new PodView(before), new PodView(after));
        if (ChangedMark(old.Annotations, now.Annotations) is { } annotation)
            return $"the annotation {annotation} says what was decided when the pod was made: change the pod template";
        if (ChangedMark(old.Labels, now.Labels) is { } label)
            return $"the label {label} says what was decided when the pod was made: change the pod template";
        return Image(old, now, WellKnown.SidecarContainer, settings.SidecarImage)
            ?? Image(old, now, WellKnown.InitContainer, settings.InitImage)
            ?? (SidecarPrint.Of(after) == SidecarPrint.Of(before) ? null
                : $"the container {WellKnown.SidecarContainer} would no longer be what was injected")
            ?? Shrunk(old, now)
            ?? now.EphemeralContainers.Select(Takeover).FirstOrDefault(problem => problem is not null);
    }

    private static string? ChangedMark(
        IReadOnlyDictionary<string, string> before, IReadOnlyDictionary<string, string> after) =>
        before.Keys.Union(after.Keys).Where(key => key.StartsWith(ApiGroup.Name + "/", StringComparison.Ordinal))
            .FirstOrDefault(key => before.GetValueOrDefault(key) != after.GetValueOrDefault(key));

    /// <summary>An image may become the one that is injected now, and no other.</summary>
    private static string? Image(PodView before, PodView after, string name, string injected)
    {
        if (SidecarPrint.Find(before, name).Container is not { } old) return null;
        var image = SidecarPrint.Find(after, name).Container is { } now ? SidecarPrint.ImageOf(now) : "";
        return image == SidecarPrint.ImageOf(old) || image == injected ? null
            : $"the image of the container {name} may become {injected} only, not {image}";
    }

    /// <summary>
    /// Resources of a running container can change. Less memory or time than it has would end the sidecar, or leave it
    /// too little to work with; more is welcome.
    /// </summary>
    private static string? Shrunk(PodView before, PodView after)
    {
        var (old, now) = (ResourcesOf(before), ResourcesOf(after));
        foreach (var (list, name) in (ReadOnlySpan<(string, string)>)
            [("requests", "cpu"), ("requests", "memory"), ("limits", "cpu"), ("limits", "memory")])
        {
            if (IsLess(PodView.Text(old?[list], name), PodView.Text(now?[list], name), isLimit: list == "limits"))
                return $"the container {WellKnown.SidecarContainer} would have less {name} ({list}) than it was given: "
                    + "change the policy's spec.sidecar";
        }

        return null;

        static JsonObject? ResourcesOf(PodView pod) =>
            SidecarPrint.Find(pod, WellKnown.SidecarContainer).Container?["resources"] as JsonObject;
    }

    /// <summary>Without a limit there is no less of anything, and without a request nothing is sure.</summary>
    private static bool IsLess(string? before, string? after, bool isLimit)
    {
        if (before == after) return false;
        if (before is null) return isLimit;
        if (after is null) return !isLimit;
        return !(Amount(after) >= Amount(before));
    }

    /// <summary>A quantity as Kubernetes writes it; null, which is no more than anything, where it is none.</summary>
    private static decimal? Amount(string text)
    {
        if (ByteQuantity.TryParse(text, out var bytes)) return bytes;
        var (digits, factor) = text.EndsWith('m') ? (text[..^1], 0.001m) : (text, 1m);
        return decimal.TryParse(digits, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number)
            ? number * factor : null;
    }

    /// <summary>
    /// A debugging container that is aimed at the sidecar, mounts its volumes, or has a capability that undoes
    /// redirects
    /// or reads other processes.
    /// </summary>
    private static string? Takeover(JsonObject container)
    {
        var name = PodView.Text(container, "name");
        if (PodView.Text(container, "targetContainerName") == WellKnown.SidecarContainer)
            return $"the ephemeral container {name} is aimed at {WellKnown.SidecarContainer}: aim it at "
                + "the application";
        if (PodView.Objects(container["volumeMounts"]).Select(mount => PodView.Text(mount, "name"))
            .FirstOrDefault(volume => SidecarContainer.Mounts.Any(own => own.Volume == volume)) is { } mounted)
            return $"the ephemeral container {name} mounts {mounted}, which is the sidecar's";
        var security = container["securityContext"] as JsonObject;
        var added = (security?["capabilities"]?["add"] as JsonArray ?? []).OfType<JsonValue>()
            .Select(value => value.TryGetValue<string>(out var text) ? text : "")
            .Select(text => text.StartsWith("CAP_", StringComparison.OrdinalIgnoreCase) ? text[4..] : text)
            .FirstOrDefault(Capabilities.Contains);
        if (added is not null)
            return $"the ephemeral container {name} asks for {added}, which could undo what the sidecar rests on";
        return PodView.Flag(security, "privileged")
            ? $"the ephemeral container {name} is privileged, which could undo what the sidecar rests on" : null;
    }
}
