using WafOperator.Http;
using WafOperator.OpenApi;
using WafOperator.Protocols.Policies;
using WafOperator.Protocols.Status;
using WafOperator.Schemas;

namespace WafOperator.Proxy.Schemas;

/// <summary>What an ApiSchema says of a request, and what is to be done about it.</summary>
/// <param name="Schema">Name of the ApiSchema; null: none covers the request, or all fits.</param>
/// <param name="Mode">What is done: Detect tells, Enforce refuses.</param>
/// <param name="Finding">What does not fit: the one that is treated most strictly.</param>
/// <param name="Operation">Name of the operation, or null.</param>
/// <param name="Allow">Methods of the path, where the method is none of them.</param>
internal readonly record struct SchemaOutcome(
    string? Schema, InspectionMode Mode, SchemaFinding Finding, string? Operation, string? Allow)
{
    /// <summary>Where a request for a path or method that is not described is counted when it ends.</summary>
    public ApiSchemaTally? Shadows { get; init; }

    /// <summary>The status of a refusal.</summary>
    public int Status => Finding.Reason switch
    {
        SchemaReason.UnknownPath => 404,
        SchemaReason.UnknownMethod => 405,
        SchemaReason.ContentType => 415,
        _ => 400,
    };
}

/// <summary>An ApiSchema ready for use: the document's program, its modes, and what was counted. Thread-safe.</summary>
internal sealed class ApiSchemaProgram
{
    private static readonly int Reasons = Enum.GetValues<SchemaReason>().Length;

    private readonly ApiSchemaPolicy _policy;
    private readonly SchemaProgram _program;
    private readonly InspectionMode[] _modes;
    private readonly Dictionary<int, InspectionMode[]> _ofOperations = [];

    private ApiSchemaProgram(ApiSchemaPolicy policy, SchemaProgram program, ApiSchemaTally tally)
    {
        (_policy, _program, Tally) = (policy, program, tally);
        Document = ApiSchemaDigest.Of(policy.Document);
        _modes = new InspectionMode[Reasons];
        Array.Fill(_modes, policy.Mode);
        _modes[(int)SchemaReason.UndeclaredParameter] = InspectionMode.Off;
        Set(_modes, policy.Reasons);
        var operations = program.Description.Operations;
        foreach (var own in policy.Operations)
        {
            var index = operations.TakeWhile(operation => operation.Id != own.Operation).Count();
            if (index < operations.Count) _ofOperations[index] = ModesOf(own);
        }
    }

    public string Name => _policy.Name;

    /// <summary>Digest of the document.</summary>
    public string Document { get; }

    public ApiSchemaTally Tally { get; }

    /// <summary>Reads and prepares a document; what is the same as before is kept with its counts.</summary>
    public static (ApiSchemaProgram? Program, string? Refusal) Compile(
        ApiSchemaPolicy policy, IReadOnlyList<ApiSchemaProgram> previous)
    {
        var before = previous.FirstOrDefault(other => other.Name == policy.Name
            && other._policy.Document == policy.Document && other._policy.BasePath == policy.BasePath);
        if (before is not null) return (new(policy, before._program, before.Tally), null);
        var reading = ApiReader.Read(policy.Document);
        if (reading.Description is not { } description)
            return (null, $"ApiSchema {policy.Name}: {reading.Problem}");
        return (new(policy, new SchemaProgram(description, policy.BasePath), new(description.Operations.Count)), null);
    }

    /// <summary>The request is one of this API's.</summary>
    public bool Covers(CanonicalRequest request) => _program.Covers(request);

    /// <summary>Compares a request. Nothing is counted yet.</summary>
    public SchemaVerdict Judge(CanonicalRequest request, BodyKnowledge body) => _program.Judge(request, body);

    /// <summary>Counts what was found, and says what is to be done.</summary>
    public SchemaOutcome Conclude(in SchemaVerdict verdict)
    {
        Tally.Count(verdict);
        if (verdict.Findings is not { } findings) return default;
        var strictest = new SchemaOutcome();
        foreach (var finding in findings)
        {
            var mode = (_ofOperations.GetValueOrDefault(verdict.Operation) ?? _modes)[(int)finding.Reason];
            if (mode <= strictest.Mode) continue;
            strictest = new(
                Name, mode, finding,
                verdict.Operation < 0 ? null : _program.Description.Operations[verdict.Operation].Id, verdict.Allow);
        }

        return verdict.Operation < 0 ? strictest with { Shadows = Tally } : strictest;
    }

    private InspectionMode[] ModesOf(ApiOperationPolicy operation)
    {
        var modes = (InspectionMode[])_modes.Clone();
        if (operation.Mode is { } mode)
        {
            var undeclared = modes[(int)SchemaReason.UndeclaredParameter];
            Array.Fill(modes, mode);
            modes[(int)SchemaReason.UndeclaredParameter] = undeclared;
        }

        Set(modes, operation.Reasons);
        return modes;
    }

    private static void Set(InspectionMode[] modes, IReadOnlyList<ApiReasonPolicy> reasons)
    {
        foreach (var reason in reasons)
        {
            if (Enum.TryParse<SchemaReason>(reason.Reason, out var known) && Enum.IsDefined(known))
                modes[(int)known] = reason.Mode;
        }
    }
}

/// <summary>The ApiSchemas of a policy. Immutable but for their counts.</summary>
internal sealed class ApiSchemaSet(IReadOnlyList<ApiSchemaProgram> all)
{
    public static readonly ApiSchemaSet Empty = new([]);

    public IReadOnlyList<ApiSchemaProgram> All { get; } = all;

    public bool IsEmpty => All.Count == 0;

    /// <summary>All of a document; a refusal when one cannot be read, and then the last good policy stays.</summary>
    public static (ApiSchemaSet? Set, string? Refusal) Compile(PolicyDocument document, ApiSchemaSet? previous)
    {
        if (document is not { ApiSchemas: { Count: > 0 } policies, Mode: not InspectionMode.Off }) return (Empty, null);
        var programs = new List<ApiSchemaProgram>();
        foreach (var policy in policies)
        {
            var (program, refusal) = ApiSchemaProgram.Compile(policy, previous?.All ?? []);
            if (program is null) return (null, refusal);
            programs.Add(program);
        }

        return (new(programs), null);
    }

    /// <summary>What was counted with each, for the operator, whose bound on a report holds for all together.</summary>
    public IReadOnlyList<ApiSchemaReport> Reports() =>
        [.. All.Select(schema => schema.Tally.Report(
            schema.Name, schema.Document, ApiSchemaReport.EntriesMax / All.Count))];

    /// <summary>
    /// Compares a request with the first ApiSchema that knows its path and method, or else with the first that covers
    /// it.
    /// </summary>
    public SchemaOutcome Judge(CanonicalRequest request, BodyKnowledge body)
    {
        (ApiSchemaProgram Program, SchemaVerdict Verdict)? first = null;
        foreach (var program in All)
        {
            if (!program.Covers(request)) continue;
            var verdict = program.Judge(request, body);
            if (verdict.Operation >= 0) return program.Conclude(verdict);
            first ??= (program, verdict);
        }

        return first is var (closest, found) ? closest.Conclude(found) : default;
    }
}
