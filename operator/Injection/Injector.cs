using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using WafOperator.Injection.Annotations;
using WafOperator.Injection.Capture;
using WafOperator.Injection.Containers;
using WafOperator.Injection.Patching;
using WafOperator.Resources;
using WafOperator.Resources.Policies;
using WafOperator.Resources.Quantities;

namespace WafOperator.Injection;

/// <summary>
/// Pod → patch, or a reason. Pure: no clock, no cluster. A pod that did not ask passes; one that asked is injected or
/// refused with a message, and passes bare only where there is nothing to protect or a sidecar would break it (a reason
/// of its own each).
/// </summary>
public static class Injector
{
    private const string DefaultContainerAnnotation = "kubectl.kubernetes.io/default-container";

    /// <summary>Whether a pod asks for a sidecar at all: the cheap question, before anything is looked up.</summary>
    public static bool IsRequested(JsonObject pod) =>
        new PodView(pod).Annotations.ContainsKey(WellKnown.InjectAnnotation);

    /// <summary>The policy that the pod's annotation names, or null.</summary>
    public static string? RequestedPolicy(JsonObject pod) =>
        new PodView(pod).Annotations.TryGetValue(WellKnown.PolicyAnnotation, out var name) ? name.Trim() : null;

    /// <summary>
    /// True when what the decision rests on may be about to appear: a pod that wants a sidecar, without a policy, or
    /// without a Service that selects it. Whoever has time waits a moment and asks again.
    /// </summary>
    public static bool IsUnsettled(PodInjectionInput input)
    {
        var pod = new PodView(input.Pod);
        var (options, problems) = AnnotationTable.Read(pod.Annotations);
        if (options.Inject != true || problems.Count > 0 || input.Settings.ExemptNamespaces.Contains(input.Namespace))
            return false;
        if (Obstacle(pod, input.Settings) is not null) return false;
        var hasPorts = pod.TcpPorts().Count > 0;
        return (hasPorts && input.Policy is PolicyChoice.Missing)
            || (hasPorts && options.Ports.Count == 0 && !input.Services.Any(service => service.Selects(pod.Labels)));
    }

    /// <summary>Decides, and builds the patch.</summary>
    public static InjectionDecision Decide(PodInjectionInput input)
    {
        var pod = new PodView(input.Pod);
        if (!pod.Annotations.ContainsKey(WellKnown.InjectAnnotation))
            return new InjectionDecision.Skip(SkipReason.NotRequested,
                $"the pod has no annotation {WellKnown.InjectAnnotation}");
        if (input.Settings.ExemptNamespaces.Contains(input.Namespace))
            return new InjectionDecision.Skip(SkipReason.NamespaceExempt,
                $"pods of the namespace {input.Namespace} are never injected");
        var (options, problems) = AnnotationTable.Read(pod.Annotations);
        if (problems.Count > 0) return Deny(DenyReason.InvalidAnnotation, string.Join("; ", problems));
        if (options.Inject != true)
            return new InjectionDecision.Skip(SkipReason.OptedOut,
                $"the annotation {WellKnown.InjectAnnotation} says false");
        return Obstacle(pod, input.Settings) ?? Plan(input, pod, options);
    }

    private static InjectionDecision? Obstacle(PodView pod, InjectionSettings settings)
    {
        if (pod.Spec is null || pod.Containers.Count == 0)
            return Deny(DenyReason.Malformed, "the pod has no containers");
        if (pod.Containers.Concat(pod.InitContainers)
            .Any(container => PodView.Text(container, "name") == WellKnown.SidecarContainer))
        {
            return pod.Annotations.ContainsKey(WellKnown.InjectedAnnotation)
                ? new InjectionDecision.Skip(SkipReason.AlreadyInjected, "the pod has its sidecar")
                : Deny(DenyReason.Clash,
                    $"a container of the pod is named {WellKnown.SidecarContainer}, which is the sidecar's name: "
                        + $"rename it");
        }
        if (pod.IsHostNetwork)
            return Deny(DenyReason.HostNetwork,
                "the pod uses its node's network (hostNetwork), where a sidecar cannot take ports over: "
                + $"remove hostNetwork, or the annotation {WellKnown.InjectAnnotation}");
        if (pod.IsWindows) return Deny(DenyReason.UnsupportedSystem, "the sidecar runs on Linux only");
        foreach (var volume in (string[])[SidecarContainer.IdentityVolume, SidecarContainer.StateVolume])
            if (pod.HasVolume(volume))
                return Deny(DenyReason.Clash, $"the pod has a volume {volume}, which is the sidecar's name: rename it");
        if (pod.InitContainers.Any(container => PodView.Text(container, "name") == WellKnown.InitContainer))
            return Deny(DenyReason.Clash,
                $"an init container of the pod is named {WellKnown.InitContainer}, which is ours: rename it");
        return pod.Completes && !settings.NativeSidecars
            ? new InjectionDecision.Skip(SkipReason.JobNeedsNativeSidecar,
                "the pod runs to completion, which a sidecar would prevent before Kubernetes 1.29 (native sidecars)")
            : null;
    }

    private static InjectionDecision Plan(PodInjectionInput input, PodView pod, PodOptions options)
    {
        var spec = (input.Policy as PolicyChoice.Found)?.Spec;
        var mode = options.Capture ?? spec?.Interception?.Capture ?? CaptureMode.Auto;
        var plan = new CapturePlanner(pod, options, input.Services, mode, input.Settings).Plan(input.NamespaceLabels);
        if (plan is CapturePlan.Nothing nothing)
            return new InjectionDecision.Skip(nothing.Reason, nothing.Message);
        if (input.Policy is PolicyChoice.Missing missing) return Deny(DenyReason.NoPolicy, missing.Message);
        if (plan is CapturePlan.Impossible impossible) return Deny(impossible.Reason, impossible.Message);
        if (MemoryProblem(options, spec!.Sidecar ?? new()) is { } problem)
            return Deny(DenyReason.InvalidAnnotation, problem);
        return Build(input, pod, options, (PolicyChoice.Found)input.Policy, (CapturePlan.Ports)plan);
    }

    private static InjectionDecision.Inject Build(
        PodInjectionInput input, PodView pod, PodOptions options, PolicyChoice.Found policy, CapturePlan.Ports plan)
    {
        var settings = input.Settings;
        var builder = new SidecarContainer(settings, options, FreeUserId(pod, settings.UserId));
        var sidecar = builder.Build(policy.Name, policy.Spec, plan.Captured);
        var redirected = plan.Captured.Where(port => port.Kind == CaptureKind.Redirect).ToList();
        var report = new InjectionReport
        {
            Policy = policy.Name,
            IsNative = settings.NativeSidecars,
            Ports = plan.Captured,
            Notes = [.. plan.Notes, .. PodNotes.Of(pod, plan, settings)],
            Hash = HashOf(sidecar, redirected),
        };
        var editor = new PodEditor(input.Pod);
        PortEditor.Apply(editor, pod, plan);
        AddContainers(editor, builder, sidecar, redirected, settings.NativeSidecars);
        editor.Ensure(new JsonArray(), "spec", "volumes");
        foreach (var volume in builder.Volumes()) editor.Insert(volume, -1, "spec", "volumes");
        Mark(editor, pod, report);
        return new InjectionDecision.Inject(editor.Patch, editor.Pod, report);
    }

    private static void AddContainers(PodEditor editor, SidecarContainer builder, JsonObject sidecar,
        List<CapturedPort> redirected, bool isNative)
    {
        if (redirected.Count > 0 || isNative) editor.Ensure(new JsonArray(), "spec", "initContainers");
        if (isNative) editor.Insert(sidecar, 0, "spec", "initContainers");
        else editor.Insert(sidecar, 0, "spec", "containers");
        if (redirected.Count > 0) editor.Insert(builder.BuildRedirect(redirected), 0, "spec", "initContainers");
    }

    private static void Mark(PodEditor editor, PodView pod, InjectionReport report)
    {
        editor.Set(report.Hash, "metadata", "annotations", WellKnown.InjectedAnnotation);
        editor.Set(report.Policy, "metadata", "annotations", WellKnown.InjectedPolicyAnnotation);
        editor.Set(report.ToString(), "metadata", "annotations", WellKnown.ReportAnnotation);
        // In the classic form the sidecar stands first, and would be what kubectl logs and exec take.
        if (!report.IsNative && !pod.Annotations.ContainsKey(DefaultContainerAnnotation)
            && PodView.Text(pod.Containers[0], "name") is { } name)
            editor.Set(name, "metadata", "annotations", DefaultContainerAnnotation);
        editor.Set(PodNotes.EvictableVolumes(pod), "metadata", "annotations", PodNotes.EvictableVolumesAnnotation);
        editor.Ensure(new JsonObject(), "metadata", "labels");
        editor.Set("true", "metadata", "labels", WellKnown.InjectedLabel);
        editor.Set(CapturedPod.Read(editor.Pod)!.OpenPortsLabel, "metadata", "labels", WellKnown.OpenPortsLabel);
    }

    private static string HashOf(JsonObject sidecar, List<CapturedPort> redirected)
    {
        var text = sidecar.ToJsonString()
            + string.Concat(redirected.Select(port => $"|{port.ApplicationPort}={port.ListenPort}"));
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)))[..16];
    }

    private static long FreeUserId(PodView pod, long userId)
    {
        var used = pod.UserIds();
        while (used.Contains(userId)) userId++;
        return userId;
    }

    private static string? MemoryProblem(PodOptions options, SidecarResourcesSpec spec)
    {
        var request = options.MemoryRequest ?? spec.MemoryRequest;
        var limit = options.MemoryLimit ?? spec.MemoryLimit;
        return ByteQuantity.Parse(request) > ByteQuantity.Parse(limit)
            ? $"the sidecar's memory request {request} is over its "
            + $"limit {limit}: see {WellKnown.MemoryAnnotation} and {WellKnown.MemoryLimitAnnotation}"
            : null;
    }

    private static InjectionDecision.Deny Deny(DenyReason reason, string message) => new(reason, message);
}
