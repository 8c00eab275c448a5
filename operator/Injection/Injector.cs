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
/// Pod → patch, or a reason. Pure: no clock, no cluster. A pod that did not ask passes, unless its policy requires a
/// sidecar. One that asked is injected or refused with a message, and passes bare only where there is nothing to
/// protect
/// or a sidecar would break it (a reason of its own each); where one is required, it is refused instead.
/// </summary>
public static class Injector
{
    private const string DefaultContainerAnnotation = "kubectl.kubernetes.io/default-container";

    /// <summary>Longest name of a label of DNS; Kubernetes takes 15 for ports of containers.</summary>
    private const int PortNameCharsMax = 63;

    /// <summary>Whether a pod asks for a sidecar at all: the cheap question, before anything is looked up.</summary>
    public static bool IsRequested(JsonObject pod) =>
        new PodView(pod).Annotations.ContainsKey(WellKnown.InjectAnnotation);

    /// <summary>The policy that the pod's annotation names, or null.</summary>
    public static string? RequestedPolicy(JsonObject pod) =>
        new PodView(pod).Annotations.TryGetValue(WellKnown.PolicyAnnotation, out var name) ? name.Trim() : null;

    /// <summary>
    /// True when what the decision rests on may be about to appear: a pod that is to have a sidecar, without a policy
    /// or
    /// without a Service that selects it. Whoever has time waits a moment and asks again.
    /// </summary>
    public static bool IsUnsettled(PodInjectionInput input)
    {
        var pod = new PodView(input.Pod);
        var (options, problems) = AnnotationTable.Read(pod.Annotations);
        if ((options.Inject != true && !IsRequired(input)) || problems.Count > 0
            || input.Settings.ExemptNamespaces.Contains(input.Namespace)) return false;
        if (Obstacle(pod, input, options) is not null) return false;
        var hasPorts = pod.TcpPorts().Count > 0;
        return (hasPorts && input.Policy is PolicyChoice.Missing)
            || (hasPorts && !input.Services.Any(service => service.Selects(pod.Labels)));
    }

    /// <summary>Decides, and builds the patch.</summary>
    public static InjectionDecision Decide(PodInjectionInput input)
    {
        var pod = new PodView(input.Pod);
        var isRequired = IsRequired(input);
        if (!isRequired && !pod.Annotations.ContainsKey(WellKnown.InjectAnnotation))
            return new InjectionDecision.Skip(SkipReason.NotRequested,
                $"the pod has no annotation {WellKnown.InjectAnnotation}");
        if (input.Settings.ExemptNamespaces.Contains(input.Namespace))
            return new InjectionDecision.Skip(SkipReason.NamespaceExempt,
                $"pods of the namespace {input.Namespace} are never injected");
        var (options, problems) = AnnotationTable.Read(pod.Annotations);
        if (problems.Count > 0) return Deny(DenyReason.InvalidAnnotation, string.Join("; ", problems));
        if (options.Inject != true && !isRequired)
            return new InjectionDecision.Skip(SkipReason.OptedOut,
                $"the annotation {WellKnown.InjectAnnotation} says false");
        var decision = Obstacle(pod, input, options) ?? Plan(input, pod, options);
        return isRequired && decision is InjectionDecision.Skip { Reason: not SkipReason.AlreadyInjected } skip
            ? Deny(DenyReason.Required, $"WafPolicy {((PolicyChoice.Found)input.Policy).Name} requires a sidecar "
                + $"(interception.required): {skip.Message}")
            : decision;
    }

    private static bool IsRequired(PodInjectionInput input) =>
        input.Policy is PolicyChoice.Found { Spec.Interception.Required: true };

    private static InjectionDecision? Obstacle(PodView pod, PodInjectionInput input, PodOptions options)
    {
        if (pod.Spec is null || pod.Containers.Count == 0)
            return Deny(DenyReason.Malformed, "the pod has no containers");
        if (OddPortName(pod) is { } odd) return odd;
        if (pod.IsHostNetwork)
            return Deny(DenyReason.HostNetwork,
                "the pod uses its node's network (hostNetwork), where a sidecar cannot take ports over: "
                + "remove hostNetwork"
                + (IsRequired(input) ? "" : $", or the annotation {WellKnown.InjectAnnotation}"));
        if (pod.IsWindows) return Deny(DenyReason.UnsupportedSystem, "the sidecar runs on Linux only");
        if (pod.SharesProcesses)
            return Deny(DenyReason.SharedProcesses,
                "the containers of the pod see each other's processes (shareProcessNamespace, or hostPID), and with "
                + "them the sidecar's memory, files and token: remove that setting");
        if (PodNotes.Host(input.Settings.OperatorUrl) is { } host && pod.HasHostAlias(host))
            return Deny(DenyReason.Clash,
                $"hostAliases of the pod say where {host} is, which the sidecar asks for its policy: "
                + "take that name out");
        if (SidecarPrint.Find(pod, WellKnown.SidecarContainer).Container is { } brought)
            return BroughtSidecar.Decide(input, pod, brought, options);
        if (NameTaken(pod) is { } taken) return taken;
        return pod.Completes && !input.Settings.NativeSidecars
            ? new InjectionDecision.Skip(SkipReason.JobNeedsNativeSidecar,
                "the pod runs to completion, which a sidecar would prevent before Kubernetes 1.29 (native sidecars)")
            : null;
    }

    /// <summary>
    /// Kubernetes refuses such a name as well, but only after admission; until then it would be read as part of the
    /// sidecar's settings, which list ports by name.
    /// </summary>
    private static InjectionDecision.Deny? OddPortName(PodView pod)
    {
        foreach (var port in pod.TcpPorts())
        {
            if (string.IsNullOrEmpty(port.Name) || IsPortName(port.Name)) continue;
            var container = PodView.Text(port.Owner.Json, "name") ?? "";
            return Deny(DenyReason.Malformed, $"port {port.Number} of the container {container} has a name that "
                + "Kubernetes does not take: at most 15 lower-case letters, digits and hyphens are");
        }

        return null;
    }

    /// <summary>More than Kubernetes takes, as it decides itself: what cannot be read as anything else.</summary>
    private static bool IsPortName(string name) =>
        name.Length <= PortNameCharsMax && name.All(c => char.IsAsciiLetterOrDigit(c) || c == '-');

    /// <summary>
    /// A volume of the sidecar that a container mounts before it is there would hand it the sidecar's token and its
    /// last
    /// good policy.
    /// </summary>
    private static InjectionDecision.Deny? NameTaken(PodView pod)
    {
        foreach (var volume in (string[])[SidecarContainer.IdentityVolume, SidecarContainer.StateVolume])
        {
            if (pod.HasVolume(volume))
                return Deny(DenyReason.Clash, $"the pod has a volume {volume}, which is the sidecar's name: rename it");
            if (pod.Mounts(volume))
                return Deny(DenyReason.Clash,
                    $"a container of the pod mounts the volume {volume}, which is the sidecar's: rename it");
        }

        return SidecarPrint.Find(pod, WellKnown.InitContainer).Container is not null
            ? Deny(DenyReason.Clash, $"a container of the pod is named {WellKnown.InitContainer}, which is ours: "
                + "rename it")
            : null;
    }

    private static InjectionDecision Plan(PodInjectionInput input, PodView pod, PodOptions options)
    {
        var found = input.Policy as PolicyChoice.Found;
        var floor = PolicyFloor.Of(found?.Name ?? "", found?.Spec ?? new(), options);
        var plan = new CapturePlanner(pod, options, input.Services, floor, input.Settings).Plan(input.NamespaceLabels);
        if (plan is CapturePlan.Nothing nothing)
            return new InjectionDecision.Skip(nothing.Reason, nothing.Message);
        if (input.Policy is PolicyChoice.Missing missing) return Deny(DenyReason.NoPolicy, missing.Message);
        if (plan is CapturePlan.Impossible impossible) return Deny(impossible.Reason, impossible.Message);
        if (MemoryProblem(floor.Resources) is { } problem) return Deny(DenyReason.InvalidAnnotation, problem);
        return Build(input, pod, floor, (CapturePlan.Ports)plan);
    }

    private static InjectionDecision.Inject Build(
        PodInjectionInput input, PodView pod, PolicyFloor floor, CapturePlan.Ports plan)
    {
        var settings = input.Settings;
        var policy = (PolicyChoice.Found)input.Policy;
        var builder = new SidecarContainer(settings, floor.Resources, FreeUserId(pod, settings.UserId));
        var sidecar = builder.Build(policy.Name, policy.Spec, plan.Captured);
        var redirected = plan.Captured.Where(port => port.Kind == CaptureKind.Redirect).ToList();
        var report = new InjectionReport
        {
            Policy = policy.Name,
            IsNative = settings.NativeSidecars,
            Ports = plan.Captured,
            Notes = [.. plan.Notes, .. floor.Notes, .. PodNotes.Of(pod, plan, settings, floor.SpeaksTls)],
        };
        var editor = new PodEditor(input.Pod);
        PortEditor.Apply(editor, pod, plan, floor.SpeaksTls);
        AddContainers(editor, builder, sidecar, redirected, settings.NativeSidecars);
        editor.Ensure(new JsonArray(), "spec", "volumes");
        foreach (var volume in SidecarContainer.Volumes(settings, policy.Spec))
            editor.Insert(volume, -1, "spec", "volumes");
        report = report with { Hash = SidecarPrint.Of(editor.Pod) ?? throw new InvalidOperationException("no print") };
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

    private static long FreeUserId(PodView pod, long userId)
    {
        var used = pod.UserIds();
        while (used.Contains(userId)) userId++;
        return userId;
    }

    private static string? MemoryProblem(SidecarResourcesSpec resources) =>
        ByteQuantity.Parse(resources.MemoryRequest) > ByteQuantity.Parse(resources.MemoryLimit)
            ? $"the sidecar's memory request {resources.MemoryRequest} is over its limit {resources.MemoryLimit}: see "
            + $"{WellKnown.MemoryAnnotation} and {WellKnown.MemoryLimitAnnotation}"
            : null;

    private static InjectionDecision.Deny Deny(DenyReason reason, string message) => new(reason, message);
}
