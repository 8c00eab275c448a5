using System.Globalization;
using System.Net;
using WafOperator.Resources.Exclusions;
using WafOperator.Resources.Models;
using WafOperator.Resources.Policies;
using WafOperator.Resources.Pools;
using WafOperator.Resources.Quantities;

namespace WafOperator.Resources.Validation;

/// <summary>
/// What neither a schema nor CEL can say well: networks, durations, orders, combinations. Runs on sound structure.
/// </summary>
internal sealed class ResourceChecks(List<FieldError> errors, List<FieldError> warnings)
{
    private const long BodyLimitMax = 128L << 20;
    private static readonly TimeSpan UpstreamIdleMin = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan UpstreamIdleMax = TimeSpan.FromHours(1);
    private static readonly TimeSpan LatencyBudgetMax = TimeSpan.FromSeconds(5);

    public static void Check(ICustomResource resource, List<FieldError> errors, List<FieldError> warnings)
    {
        var checks = new ResourceChecks(errors, warnings);
        switch (resource)
        {
            case WafPolicy policy: checks.CheckPolicy(policy.Spec); break;
            case WafExclusion exclusion: checks.CheckExclusion(exclusion.Spec); break;
            case ModelVersion version: checks.CheckModel(version.Spec); break;
            case InferencePool pool: checks.CheckPool(pool.Spec); break;
            case WafSink sink: checks.CheckSink(sink.Spec); break;
        }
    }

    private void CheckPolicy(WafPolicySpec spec)
    {
        Networks("spec.clientIdentity.trustedProxies", spec.ClientIdentity?.TrustedProxies);
        Networks("spec.accessLists.allowClients", spec.AccessLists?.AllowClients);
        Networks("spec.accessLists.denyClients", spec.AccessLists?.DenyClients);
        Networks("spec.accessLists.bypassClients", spec.AccessLists?.BypassClients);
        RuleRanges("spec.rules.disabledRules", spec.Rules?.DisabledRules);
        Body("spec.body", spec.Body);
        for (var i = 0; i < spec.Routes.Count; i++) CheckRoute(spec, spec.Routes[i], $"spec.routes[{i}]");
        for (var i = 0; i < spec.RateLimits.Count; i++)
        {
            Duration($"spec.rateLimits[{i}].period", spec.RateLimits[i].Period, TimeSpan.FromDays(1));
            if (spec.RateLimits[i].Cost?.BytesPerUnit is { } bytes)
                Bytes($"spec.rateLimits[{i}].cost.bytesPerUnit", bytes, BodyLimitMax);
        }
        for (var i = 0; i < spec.Logins.Count; i++) CheckLogin(spec.Logins[i], $"spec.logins[{i}]");
        if (spec.Upstream?.IdleTimeout is { } idle)
            Duration("spec.upstream.idleTimeout", idle, UpstreamIdleMax, UpstreamIdleMin);
        CheckTargets(spec.TargetRefs);
        if (spec.Ml is { } ml) CheckMl(spec, ml);
        if (spec.Behaviour is { } behaviour) CheckBehaviour(spec, behaviour);
        CheckDecision(spec);
        if (spec.Sidecar is { } sidecar) CheckSidecar(sidecar);
        if (spec.ExclusionBounds is { } bounds) CheckExclusionBounds(bounds);
    }

    private void CheckExclusionBounds(ExclusionBoundsSpec bounds)
    {
        if (bounds.MaximumLifetime is { } lifetime)
            Duration("spec.exclusionBounds.maximumLifetime", lifetime, TimeSpan.FromDays(3650));
        for (var i = 0; i < bounds.Families.Count; i++)
            if (bounds.Families[i] == AttackFamily.Protocol)
                Error($"spec.exclusionBounds.families[{i}]", FieldErrorReason.Invalid,
                    "Protocol cannot be excluded as a family: let exclusions name the rules");
    }

    private void CheckLogin(LoginSpec login, string path)
    {
        (FailureLimitSpec?, string)[] limits =
            [(login.PerClient, "perClient"), (login.PerUser, "perUser"), (login.PerNetwork, "perNetwork")];
        foreach (var (limit, name) in limits)
        {
            if (limit is not null) Duration($"{path}.{name}.period", limit.Period, TimeSpan.FromDays(1));
        }

        if (login.PerUser is not null && login.UserName is null)
            Error($"{path}.perUser", FieldErrorReason.Invalid, "needs userName: the parameter with the user's name");
    }

    private void CheckTargets(IReadOnlyList<PolicyTargetReference> targets)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < targets.Count; i++)
            if (!seen.Add(targets[i].ToString()))
                Error($"spec.targetRefs[{i}]", FieldErrorReason.Duplicate, $"{targets[i]} is named twice");
    }

    private void CheckRoute(WafPolicySpec spec, RouteSpec route, string path)
    {
        Body($"{path}.body", route.Body);
        if (route.Mode > spec.Mode)
            Warning($"{path}.mode", $"{route.Mode} has no effect here: spec.mode {spec.Mode} is the ceiling");
    }

    private void CheckMl(WafPolicySpec spec, MlSpec ml)
    {
        Duration("spec.ml.latencyBudget", ml.LatencyBudget, LatencyBudgetMax);
        if (ml.Models.Count == 0) Warning("spec.ml.models", "names no model: nothing is scored");
        if (ml.Mode > spec.Mode)
            Warning("spec.ml.mode", $"{ml.Mode} has no effect here: spec.mode {spec.Mode} is the ceiling");
        var actions = ml.Actions ?? new();
        Rise("high", actions.High, "medium", actions.Medium);
        Rise("critical", actions.Critical, "high", actions.High);
        for (var i = 0; i < ml.Models.Count; i++)
            if (ml.Ensemble == EnsembleMode.Weighted && DecimalText.ParseDouble(ml.Models[i].Weight) > 1000)
                Error($"spec.ml.models[{i}].weight", FieldErrorReason.OutOfRange, "is over 1000");
        if (ml.Ensemble == EnsembleMode.Weighted && ml.Models.Count > 0
            && ml.Models.All(model => DecimalText.ParseDouble(model.Weight) == 0))
            Error("spec.ml.models", FieldErrorReason.Invalid,
                "all weights are 0: the ensemble Weighted needs one above");
    }

    private void CheckBehaviour(WafPolicySpec spec, BehaviourSpec behaviour)
    {
        if (behaviour.Mode > spec.Mode)
            Warning("spec.behaviour.mode",
                $"{behaviour.Mode} has no effect here: spec.mode {spec.Mode} is the ceiling");
        Networks("spec.behaviour.exemptClients", behaviour.ExemptClients);
        Duration("spec.behaviour.quarantineFor", behaviour.QuarantineFor, TimeSpan.FromDays(7));
        if (behaviour.Throttle is { } throttle)
            Duration("spec.behaviour.throttle.period", throttle.Period, TimeSpan.FromDays(1));
        if (behaviour.Challenge is { } challenge)
            Duration("spec.behaviour.challenge.passFor", challenge.PassFor, TimeSpan.FromDays(7));
        var actions = behaviour.Actions ?? new();
        if (actions.High < actions.Medium || actions.Critical < actions.High)
            Error("spec.behaviour.actions", FieldErrorReason.Invalid,
                "actions may not fall with rising risk: Allow, Log, Challenge, Throttle, Quarantine, Block");
    }

    private void CheckDecision(WafPolicySpec spec)
    {
        var hasModels = spec.Ml is { Models.Count: > 0 };
        if (!hasModels && spec.Decision is (DecisionMode.Joint or DecisionMode.Models))
            Warning("spec.decision", $"{spec.Decision} without models in spec.ml.models: the rules decide");
        if (hasModels && spec.Rules is { InboundThreshold: > 100 } rules && spec.Decision is not DecisionMode.Models)
            Warning("spec.rules.inboundThreshold",
                $"{rules.InboundThreshold} keeps rules from deciding where models cannot, and about protocol and "
                    + "scanners; spec.decision: Joint lets the joint score decide about attacks, with the usual "
                    + "threshold of 5");
    }

    private void Rise(string level, RiskAction action, string below, RiskAction floor)
    {
        if (action >= floor) return;
        Error($"spec.ml.actions.{level}", FieldErrorReason.Invalid,
            $"{action} is less than {floor} at {below}: actions may not fall with rising risk; set {level}: {floor}");
    }

    private void CheckSidecar(SidecarResourcesSpec sidecar)
    {
        Order("spec.sidecar.memoryRequest", "memoryLimit", ByteQuantity.Parse(sidecar.MemoryRequest),
            ByteQuantity.Parse(sidecar.MemoryLimit));
        if (sidecar.CpuLimit is { } limit)
            Order("spec.sidecar.cpuRequest", "cpuLimit", MilliCpu(sidecar.CpuRequest), MilliCpu(limit));
    }

    private void CheckExclusion(WafExclusionSpec spec)
    {
        RuleRanges("spec.rules", spec.Rules);
        if (spec.Match is not { } match) return;
        if (match.Name is not null
            && match.Part is not (RequestPartKind.Parameter or RequestPartKind.Header or RequestPartKind.Cookie))
            Error("spec.match.name", FieldErrorReason.Invalid,
                $"needs part Parameter, Header or Cookie, not {match.Part}");
        if (match.Path is { } path && path.AsSpan(0, path.Length - 1).Contains('*'))
            Warning("spec.match.path", "only a * at the end matches any rest; this one is taken as it stands");
    }

    private void CheckModel(ModelVersionSpec spec)
    {
        Bytes("spec.artifact.sizeLimit", spec.Artifact.SizeLimit, ModelArtifact.SizeLimitMax);
        if (!Uri.TryCreate(spec.Artifact.Uri, UriKind.Absolute, out _))
            Error("spec.artifact.uri", FieldErrorReason.Invalid, $"\"{spec.Artifact.Uri}\" is not a URI");
        if (spec.Evaluation is { } evaluation)
            Duration("spec.evaluation.maximumLatency", evaluation.MaximumLatency, TimeSpan.FromMinutes(1));
        if (spec.Rollout is not { } rollout) return;
        if (rollout.Shadow is { } shadow)
            Duration("spec.rollout.shadow.duration", shadow.Duration, TimeSpan.FromDays(90));
        for (var i = 1; i < rollout.Steps.Count; i++)
            if (rollout.Steps[i].Weight < rollout.Steps[i - 1].Weight)
                Error($"spec.rollout.steps[{i}].weight", FieldErrorReason.Invalid,
                    $"{rollout.Steps[i].Weight} is less than the step before");
        for (var i = 0; i < rollout.Webhooks.Count; i++)
        {
            Duration($"spec.rollout.webhooks[{i}].timeout", rollout.Webhooks[i].Timeout, TimeSpan.FromSeconds(30));
            HttpUrl($"spec.rollout.webhooks[{i}].url", rollout.Webhooks[i].Url);
        }
        if (rollout.Analysis is { } analysis) CheckAnalysis(analysis);
    }

    private void CheckAnalysis(AnalysisSpec analysis)
    {
        Duration("spec.rollout.analysis.interval", analysis.Interval, TimeSpan.FromDays(1));
        Duration("spec.rollout.analysis.timeout", analysis.Timeout, TimeSpan.FromDays(90));
        if (DurationText.TryParse(analysis.Interval, out var interval) && interval < TimeSpan.FromSeconds(1))
            Error("spec.rollout.analysis.interval", FieldErrorReason.OutOfRange, "is under 1s");
        if (DecimalText.ParseDouble(analysis.Alpha) is <= 0 or > 0.5)
            Error("spec.rollout.analysis.alpha", FieldErrorReason.OutOfRange,
                $"{analysis.Alpha} is not over 0 and at most 0.5");
        for (var i = 0; i < analysis.Prometheus.Count; i++)
            HttpUrl($"spec.rollout.analysis.prometheus[{i}].address", analysis.Prometheus[i].Address);
    }

    private void CheckPool(InferencePoolSpec spec)
    {
        Duration("spec.unschedulableAfter", spec.UnschedulableAfter, TimeSpan.FromDays(1));
        // Each try reads all nodes and their pods.
        Duration("spec.retryAfter", spec.RetryAfter, TimeSpan.FromDays(1), InferencePoolSpec.RetryAfterMin);
        if (spec.Batching is { } batching)
            Duration("spec.batching.queueDelayMax", batching.QueueDelayMax, TimeSpan.FromSeconds(1), TimeSpan.Zero);
        if (spec.Autoscaling is not { } scaling) return;
        Duration("spec.autoscaling.targetQueueDelay", scaling.TargetQueueDelay, TimeSpan.FromMinutes(1));
        Duration("spec.autoscaling.scaleUpAfter", scaling.ScaleUpAfter, TimeSpan.FromDays(1), TimeSpan.Zero);
        Duration("spec.autoscaling.scaleDownAfter", scaling.ScaleDownAfter, TimeSpan.FromDays(1));
    }

    private void CheckSink(WafSinkSpec spec)
    {
        var isSyslog = spec.Protocol is SinkProtocol.Syslog;
        if (!Uri.TryCreate(spec.Url, UriKind.Absolute, out var url) || url.UserInfo.Length > 0
            || url.Scheme is not ("http" or "https" or "tcp" or "tls"))
        {
            Error("spec.url", FieldErrorReason.Invalid, $"\"{spec.Url}\" is not a URL without a user");
            return;
        }

        if (isSyslog != url.Scheme is "tcp" or "tls")
            Error("spec.url", FieldErrorReason.Invalid,
                isSyslog ? "Syslog needs tls://HOST:PORT or tcp://HOST:PORT" : $"{spec.Protocol} needs https or http");
        else if (isSyslog && url.Port <= 0)
            Error("spec.url", FieldErrorReason.Invalid, "names no port, such as tls://siem.example:6514");
        if (url.Scheme is "http" or "tcp")
            Warning("spec.url", $"{url.Scheme} sends clients' addresses and paths in the clear");
        if (isSyslog && spec.CredentialsSecret is not null)
            Error("spec.credentialsSecret", FieldErrorReason.Invalid,
                "Syslog knows no credentials: a client certificate is spec.tls.clientCertificateSecret");
        if (spec.Tls is not null && url.Scheme is "http" or "tcp")
            Error("spec.tls", FieldErrorReason.Invalid, $"{url.Scheme} has no TLS");
        if (spec.Index is not null && spec.Protocol is not (SinkProtocol.SplunkHec or SinkProtocol.Elasticsearch))
            Warning("spec.index", $"{spec.Protocol} knows no index");
    }

    private void Body(string path, BodyInspectionSpec? body)
    {
        if (body is not null) Bytes($"{path}.limit", body.Limit, BodyLimitMax);
    }

    private void Networks(string path, IReadOnlyList<string>? networks)
    {
        for (var i = 0; i < networks?.Count; i++)
        {
            if (IPAddress.TryParse(networks[i], out _) || IPNetwork.TryParse(networks[i], out _)) continue;
            Error($"{path}[{i}]", FieldErrorReason.Invalid,
                $"\"{networks[i]}\" is not an address or network such as 10.0.0.0/8");
        }
    }

    private void RuleRanges(string path, IReadOnlyList<string>? ranges)
    {
        for (var i = 0; i < ranges?.Count; i++)
            if (!RuleRange.TryParse(ranges[i], out _))
                Error($"{path}[{i}]", FieldErrorReason.Invalid,
                    $"\"{ranges[i]}\" is not a rule id or a rising range such as 942100-942199");
    }

    private void Duration(string path, string text, TimeSpan maximum, TimeSpan? minimum = null)
    {
        if (!DurationText.TryParse(text, out var value) || value > maximum
            || value < (minimum ?? TimeSpan.FromMicroseconds(1)))
            Error(path, FieldErrorReason.OutOfRange,
                $"\"{text}\" is not a duration of at most {DurationText.Format(maximum)}"
                + (minimum > TimeSpan.Zero ? $" and at least {DurationText.Format(minimum.Value)}" : ""));
    }

    private void Bytes(string path, string text, long maximum)
    {
        if (!ByteQuantity.TryParse(text, out var value) || value is 0 || value > maximum)
            Error(path, FieldErrorReason.OutOfRange, $"\"{text}\" is not between 1 byte and {maximum >> 20}Mi");
    }

    private void HttpUrl(string path, string text)
    {
        if (Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https") return;
        Error(path, FieldErrorReason.Invalid, $"\"{text}\" is not an http or https URL");
    }

    private void Order(string path, string limitName, long request, long limit)
    {
        if (request > limit) Error(path, FieldErrorReason.Invalid, $"is over {limitName}");
    }

    private static long MilliCpu(string text) => text.EndsWith('m')
        ? (long)DecimalText.ParseDouble(text[..^1])
        : (long)(double.Parse(text, CultureInfo.InvariantCulture) * 1000);

    private void Error(string path, FieldErrorReason reason, string message) => errors.Add(new(path, reason, message));

    private void Warning(string path, string message) => warnings.Add(new(path, FieldErrorReason.Invalid, message));
}
