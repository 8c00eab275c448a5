using System.Text.Json.Nodes;
using WafOperator.Injection.Annotations;
using WafOperator.Injection.Capture;
using WafOperator.Injection.Containers;
using WafOperator.Resources;

namespace WafOperator.Injection;

/// <summary>
/// A pod that has a sidecar before the injector saw it: the API server asks again after other webhooks, and anybody can
/// write such a pod. It passes only with the very sidecar that it would get. Pure.
/// </summary>
internal static class BroughtSidecar
{
    /// <summary>Skip for the sidecar that would be injected, a refusal for any other.</summary>
    public static InjectionDecision Decide(PodInjectionInput input, PodView pod, JsonObject sidecar, PodOptions options)
    {
        if (!pod.Annotations.TryGetValue(WellKnown.InjectedAnnotation, out var print))
            return new InjectionDecision.Deny(DenyReason.Clash, $"a container of the pod is named "
                + $"{WellKnown.SidecarContainer}, which is the sidecar's name: rename it");
        if (input.Policy is not PolicyChoice.Found policy)
            return new InjectionDecision.Deny(DenyReason.NoPolicy, ((PolicyChoice.Missing)input.Policy).Message);
        if (CapturedPod.Read(input.Pod) is not { } captured || SidecarPrint.Of(input.Pod) is not { } present
            || present != print || !HasItsVolumes(input, policy, pod)
            || present != Expected(input, policy, captured, options)
            || !IsImage(sidecar, input.Settings.SidecarImage)
            || (SidecarPrint.Find(pod, WellKnown.InitContainer).Container is { } init
                && !IsImage(init, input.Settings.InitImage)))
            return new InjectionDecision.Deny(DenyReason.Clash,
                $"the pod brings a container {WellKnown.SidecarContainer} that is not what would be injected for "
                + $"WafPolicy {policy.Name}: take out it, its volumes and the annotation "
                + $"{WellKnown.InjectedAnnotation}");
        var around = CaptureAudit.Uncaptured(captured, pod.Labels, input.Services)
            .FirstOrDefault(port => port.Kind == UncapturedKind.Around);
        return around is null ? new InjectionDecision.Skip(SkipReason.AlreadyInjected, "the pod has its sidecar")
            : new InjectionDecision.Deny(DenyReason.CaptureImpossible,
                $"the pod brings a sidecar, and {around} leads around it: take it out, so that it is injected anew");
    }

    /// <summary>
    /// Its volumes hold what they should: anything else could be the policy or the authority that it believes.
    /// </summary>
    private static bool HasItsVolumes(PodInjectionInput input, PolicyChoice.Found policy, PodView pod)
    {
        var wanted = SidecarContainer.Volumes(input.Settings, policy.Spec);
        return wanted.All(expected => PodView.Objects(pod.Spec?["volumes"]).Any(volume =>
        {
            var present = (JsonObject)volume.DeepClone();
            // What the API server fills in.
            (present["projected"] as JsonObject)?.Remove("defaultMode");
            return JsonNode.DeepEquals(present, expected);
        }));
    }

    /// <summary>The print of the pod with the sidecar that it would get for the ports it says are captured.</summary>
    private static string? Expected(
        PodInjectionInput input, PolicyChoice.Found policy, CapturedPod captured, PodOptions options)
    {
        var ports = captured.Listeners.Select(listener => new CapturedPort(
            captured.Redirected.Contains(listener.Application) ? CaptureKind.Redirect : CaptureKind.NamedPort,
            listener.Name, listener.Listen, listener.Application, [])).ToList();
        // The user is not part of the print.
        var builder = new SidecarContainer(
            input.Settings, PolicyFloor.Of(policy.Name, policy.Spec, options).Resources, input.Settings.UserId);
        var pod = (JsonObject)input.Pod.DeepClone();
        Put(pod, WellKnown.SidecarContainer, builder.Build(policy.Name, policy.Spec, ports));
        var redirected = ports.Where(port => port.Kind == CaptureKind.Redirect).ToList();
        if (redirected.Count > 0) Put(pod, WellKnown.InitContainer, builder.BuildRedirect(redirected));
        return SidecarPrint.Of(pod);
    }

    private static void Put(JsonObject pod, string name, JsonObject container)
    {
        foreach (var list in (string[])["containers", "initContainers"])
        {
            if (pod["spec"]?[list] is not JsonArray containers) continue;
            for (var i = 0; i < containers.Count; i++)
                if (PodView.Text(containers[i], "name") == name) containers[i] = container.DeepClone();
        }
    }

    /// <summary>The image itself, or its digest, by which a webhook may have replaced the tag.</summary>
    private static bool IsImage(JsonObject container, string image)
    {
        var present = SidecarPrint.ImageOf(container);
        return present == image || (present.Contains("@sha256:", StringComparison.Ordinal)
            && SidecarPrint.RepositoryOf(present) == SidecarPrint.RepositoryOf(image));
    }
}
