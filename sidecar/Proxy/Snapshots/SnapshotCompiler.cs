using System.Collections.Frozen;
using System.Text;
using WafOperator.Engine;
using WafOperator.Http;
using WafOperator.Protocols.Policies;
using WafOperator.Proxy.Access;
using WafOperator.Proxy.Behaviour;
using WafOperator.Proxy.Forwarding;
using WafOperator.Proxy.Identity;
using WafOperator.Proxy.Logins;
using WafOperator.Proxy.Models;
using WafOperator.Proxy.RateLimiting;
using WafOperator.Proxy.Reporting;
using WafOperator.Proxy.Schemas;
using WafOperator.Proxy.Sharing;
using WafOperator.Scoring;
using WafOperator.Scoring.Parts;
using WafOperator.SecLang;

namespace WafOperator.Proxy.Snapshots;

/// <summary>A snapshot, or why the document cannot be used.</summary>
internal sealed record SnapshotCompilation(PolicySnapshot? Snapshot, string? Refusal, IReadOnlyList<string> Warnings);

/// <summary>
/// Compiles documents to snapshots, off the hot path. Counters (rate limits, persistent collections of rules) live on
/// from one snapshot to the next. Everything must compile, or the document is refused as a whole.
/// </summary>
internal sealed class SnapshotCompiler(
    string? rulesDirectory, ModelStage models, BehaviourModels behaviour, Replicas replicas, TimeProvider time)
{
    /// <summary>What this pod was given for calling the application.</summary>
    public UpstreamAccess Access { get; init; } = new();

    private const int RefusalsShown = 5;

    /// <summary>Scores requests with the models of every snapshot.</summary>
    public RequestScorer Scorer => models.Scorer;

    private readonly CollectionStore _collections = new(EngineLimits.Default, time);

    public SnapshotCompilation Compile(PolicyDocument document, PolicySnapshot? previous)
    {
        var sharing = replicas.Prepare(document);
        var isUsed = false;
        try
        {
            var compilation = Compile(document, previous, sharing);
            isUsed = compilation.Snapshot is not null;
            return compilation;
        }
        finally
        {
            if (isUsed) replicas.Adopt(sharing);
            else replicas.Discard(sharing);
        }
    }

    private SnapshotCompilation Compile(PolicyDocument document, PolicySnapshot? previous, ReplicaSharing sharing)
    {
        var warnings = new List<string>();
        var identity = new ClientResolver(document.ClientIdentity);
        var access = new AccessProgram(document.AccessLists);
        var remembered = BehaviourOf(document, previous, sharing);
        var unreadable = identity.Unreadable.Concat(access.Unreadable).Concat(remembered?.Unreadable ?? []).ToList();
        var networks = string.Join(", ", unreadable.Take(RefusalsShown));
        if (unreadable.Count > 0)
            return new SnapshotCompilation(null, $"these are not networks: {networks}", warnings);

        var upstream = UpstreamSettings.Read(document.Upstream, Access, previous?.Upstream, time);
        if (upstream.Refusal is { } unreachable) return new SnapshotCompilation(null, unreachable, warnings);

        RuleProgram? program = null;
        if (previous?.Rules is not null && IsSame(document.Rules, previous.Document.Rules))
        {
            // Most changes of a policy leave its rules alone: what took a second to compile is kept.
            program = previous.Rules;
        }
        else if (document is { Mode: not InspectionMode.Off, Rules: { Sources.Count: > 0 } rules })
        {
            var refusal = CompileRules(rules, warnings, out program);
            if (refusal is not null) return new SnapshotCompilation(null, refusal, warnings);
        }

        var (schemas, misread) = ApiSchemaSet.Compile(document, previous?.Schemas);
        if (schemas is null) return new SnapshotCompilation(null, misread, warnings);

        // Compiling happens beside the traffic, on a thread of its own: it may wait for packages.
        var scoring = models.PrepareAsync(document, previous, CancellationToken.None).GetAwaiter().GetResult();
        var routes = new RouteTable(document);
        var limits = ReadingLimits.Of(document, routes, program?.Settings);
        if (document.Routes.Any(route => route.Body is not null))
            routes = routes.With(body => ReadingLimits.OfRoute(limits, body, program?.Settings));
        return new SnapshotCompilation(
            new PolicySnapshot
            {
                Document = document,
                Identity = identity,
                Access = access,
                RateLimits = new RateLimitProgram(document.RateLimits, time, sharing, previous?.RateLimits),
                Routes = routes,
                Upstream = upstream.Settings,
                Logins = new LoginProgram(document.Logins ?? [], time, sharing, previous?.Logins),
                Schemas = schemas,
                Behaviour = remembered,
                Redactor = new Redactor(document.Logging.Redact),
                HttpLimits = limits,
                Requests = new RequestPool(limits),
                Rules = program,
                ExclusionRules = (document.Rules?.Exclusions ?? [])
                    .SelectMany(e => e.RuleIds.Select(id => (id, e.Name))).ToFrozenDictionary(e => e.id, e => e.Name),
                Scoring = scoring,
                ModelExclusions = new ExclusionProgram(document.Exclusions, document.CodeFields),
                CodeFields = new CodeFieldProgram(document.CodeFields ?? []),
                InspectsResponses = program is not null && document.Rules!.InspectResponses,
            },
            null, warnings);
    }

    private BehaviourProgram? BehaviourOf(
        PolicyDocument document, PolicySnapshot? previous, ReplicaSharing sharing)
    {
        var isOn = document is { Mode: not InspectionMode.Off, Behaviour.Mode: not InspectionMode.Off };
        var judges = behaviour.PrepareAsync(isOn ? document.Behaviour : null, CancellationToken.None)
            .GetAwaiter().GetResult();
        return isOn ? new BehaviourProgram(document.Behaviour!, judges, time, previous?.Behaviour, sharing) : null;
    }

    private static bool IsSame(RulePolicy? rules, RulePolicy? others) =>
        rules is not null && others is not null
        && rules.Sources.SequenceEqual(others.Sources) && rules.Files.SequenceEqual(others.Files)
        && rules.LeavesOutUnreadable == others.LeavesOutUnreadable;

    private string? CompileRules(RulePolicy rules, List<string> warnings, out RuleProgram? program)
    {
        program = null;
        var sources = new List<SecLangSource>();
        var data = rules.Files.ToDictionary(file => file.Name, file => Encoding.UTF8.GetBytes(file.Text));
        var resolvers = new List<SourceResolver> { new MemorySourceResolver(data) };
        foreach (var source in rules.Sources)
        {
            if (source.Text is { } text)
            {
                sources.Add(SecLangSource.FromText(source.Name, text));
                continue;
            }

            if (source.RuleSet is not { } ruleSet) return $"rule source {source.Name} holds neither text nor a rule set";
            if (RuleSetFolder.Open(rulesDirectory, ruleSet) is not { } found)
                return $"rule set {ruleSet} is not in the rules directory {rulesDirectory ?? "(none was given)"}";
            sources.AddRange(found.Sources);
            resolvers.Add(found.Files);
        }

        var parsed = SecLangParser.Parse(
            sources, new ResolverChain(resolvers), leavesOut: rules.LeavesOutUnreadable is true);
        var compilation = RuleProgram.Compile(
            parsed.Document, new EngineOptions { Time = time, Collections = _collections });
        var findings = parsed.Diagnostics.Concat(compilation.Diagnostics).Distinct().ToList();
        var errors = findings.Where(finding => finding.Severity is DiagnosticSeverity.Error).ToList();
        warnings.AddRange(findings.Where(finding => finding.Severity is not DiagnosticSeverity.Error)
            .Select(finding => finding.ToString()));
        program = errors.Count == 0 ? compilation.Program : null;
        if (program is not null) return null;
        var shown = string.Join("; ", errors.Take(RefusalsShown).Select(error => error.ToString()));
        return errors.Count > RefusalsShown ? $"{shown}; and {errors.Count - RefusalsShown} more" : shown;
    }
}

/// <summary>Asks several resolvers in turn.</summary>
internal sealed class ResolverChain(IReadOnlyList<SourceResolver> resolvers) : SourceResolver
{
    public override ResolvedFile? Open(string path, string from, long bytesMax) =>
        resolvers.Select(resolver => resolver.Open(path, from, bytesMax)).FirstOrDefault(file => file is not null);

    public override IReadOnlyList<string> Expand(string pattern, string from) =>
        resolvers.Select(resolver => resolver.Expand(pattern, from)).FirstOrDefault(files => files.Count > 0) ?? [];
}
