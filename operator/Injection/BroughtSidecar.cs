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
    private const string TakeOut = $"take out that container, {WellKnown.InitContainer}, its volumes and the "
        + $"annotation {WellKnown.InjectedAnnotation}, so that it is injected anew";

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
            || !IsImage(sidecar, input.Settings.SidecarImage) || !IsRedirect(input, pod))
            return new InjectionDecision.Deny(DenyReason.Clash,
                $"the pod brings a container {WellKnown.SidecarContainer} that is not what would be injected for "
                + $"WafPolicy {policy.Name}: {TakeOut}");
        var around = CaptureAudit.Uncaptured(captured, pod.Labels, input.Services)
            .FirstOrDefault(port => port.Kind == UncapturedKind.Around);
        if (around is not null)
            return new InjectionDecision.Deny(DenyReason.CaptureImpossible,
                $"the pod brings a sidecar, and {around} leads around it: {TakeOut}");
        return (InjectionDecision?)Difference(input, policy, captured, options)
            ?? new InjectionDecision.Skip(SkipReason.AlreadyInjected, "the pod has its sidecar");
    }

    /// <summary>
    /// The pod as it was without a sidecar is planned anew, with the Services of today: what the pod itself says about
    /// its ports is no more than a claim.
    /// </summary>
    private static InjectionDecision.Deny? Difference(
        PodInjectionInput input, PolicyChoice.Found policy, CapturedPod captured, PodOptions options)
    {
        var bare = new PodView(Bare(input.Pod, captured));
        var floor = PolicyFloor.Of(policy.Name, policy.Spec, options);
        var plan = new CapturePlanner(bare, options, input.Services, floor, input.Settings)
            .Plan(input.NamespaceLabels);
        if (plan is CapturePlan.Impossible impossible)
            return new InjectionDecision.Deny(impossible.Reason, impossible.Message);
        var wanted = plan is CapturePlan.Ports ports ? ports.Captured : [];
        return PortsOf(captured).Select(Key).ToHashSet().SetEquals(wanted.Select(Key)) ? null
            : new InjectionDecision.Deny(DenyReason.Clash,
                $"the pod brings a sidecar for other ports ({Text(PortsOf(captured))}) than it would get for WafPolicy "
                + $"{policy.Name} ({Text(wanted)}): {TakeOut}");

        static (CaptureKind, string, int, int) Key(CapturedPort port) =>
            (port.Kind, port.Name, port.ListenPort, port.ApplicationPort);

        static string Text(IReadOnlyList<CapturedPort> ports) => ports.Count == 0 ? "none" : string.Join(", ",
            ports.Select(port => $"{port.Kind} {port.Name}: {port.ListenPort} to {port.ApplicationPort}"));
    }

    /// <summary>The pod without the sidecar, its redirect, and what was handed over to it.</summary>
    private static JsonObject Bare(JsonObject pod, CapturedPod captured)
    {
        var bare = (JsonObject)pod.DeepClone();
        foreach (var list in (string[])["containers", "initContainers"])
        {
            if (bare["spec"]?[list] is not JsonArray containers) continue;
            foreach (var own in containers.Where(container => PodView.Text(container, "name")
                is WellKnown.SidecarContainer or WellKnown.InitContainer).ToList()) containers.Remove(own);
            foreach (var port in containers.SelectMany(container =>
                PodView.Objects((container as JsonObject)?["ports"])))
            {
                if (PodView.Text(port, "name") is not null && PodView.Text(port, "protocol") is null or "TCP"
                    && captured.Listeners.FirstOrDefault(listener =>
                        listener.Listen == PodView.Number(port, "containerPort")) is { Listen: > 0 } moved)
                    port["containerPort"] = moved.Application;
            }
        }
        return bare;
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
        var ports = PortsOf(captured);
        // The user is not part of the print.
        var builder = new SidecarContainer(
            input.Settings, PolicyFloor.Of(policy.Name, policy.Spec, options).Resources, input.Settings.UserId);
        var pod = (JsonObject)input.Pod.DeepClone();
        Put(pod, WellKnown.SidecarContainer, builder.Build(policy.Name, policy.Spec, ports));
        var redirected = ports.Where(port => port.Kind == CaptureKind.Redirect).ToList();
        if (redirected.Count > 0) Put(pod, WellKnown.InitContainer, builder.BuildRedirect(redirected));
        return SidecarPrint.Of(pod);
    }

    private static List<CapturedPort> PortsOf(CapturedPod captured) =>
    [
        .. captured.Listeners.Select(listener => new CapturedPort(
            captured.Redirected.Contains(listener.Application) ? CaptureKind.Redirect : CaptureKind.NamedPort,
            listener.Name, listener.Listen, listener.Application, [])),
    ];

    private static void Put(JsonObject pod, string name, JsonObject container)
    {
        foreach (var list in (string[])["containers", "initContainers"])
        {
            if (pod["spec"]?[list] is not JsonArray containers) continue;
            for (var i = 0; i < containers.Count; i++)
                if (PodView.Text(containers[i], "name") == name) containers[i] = container.DeepClone();
        }
    }

    /// <summary>
    /// The redirect of a pod that has one: the image and the rights that it would get, before anything of the
    /// application serves.
    /// </summary>
    private static bool IsRedirect(PodInjectionInput input, PodView pod)
    {
        var inits = pod.InitContainers;
        var place = inits.ToList().FindIndex(init => PodView.Text(init, "name") == WellKnown.InitContainer);
        if (place < 0) return true;
        var meshes = Meshes.In(pod);
        var rights = new SidecarContainer(input.Settings, new(), input.Settings.UserId).BuildRedirect([])
            ["securityContext"]!.AsObject();
        return IsImage(inits[place], input.Settings.InitImage)
            && rights.All(right => JsonNode.DeepEquals(
                (inits[place]["securityContext"] as JsonObject)?[right.Key], right.Value))
            && !inits.Take(place).Any(init => PodView.Text(init, "restartPolicy") == "Always"
                && !meshes.Any(mesh => mesh.Name == PodView.Text(init, "name")));
    }

    /// <summary>
    /// The image itself. Where a webhook replaced its tag by a digest, the digest must be the one that the
    /// installation names: any other could be an old release with known holes.
    /// </summary>
    private static bool IsImage(JsonObject container, string image)
    {
        var present = SidecarPrint.ImageOf(container);
        return present == image || (DigestOf(present) is { } digest && digest == DigestOf(image)
            && SidecarPrint.RepositoryOf(present) == SidecarPrint.RepositoryOf(image));

        static string? DigestOf(string reference) =>
            reference.IndexOf("@sha256:", StringComparison.Ordinal) is >= 0 and var at ? reference[at..] : null;
    }
}
