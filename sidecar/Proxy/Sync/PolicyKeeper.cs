using System.Text.Json;
using Microsoft.Extensions.Logging;
using WafOperator.Protocols;
using WafOperator.Protocols.Policies;
using WafOperator.Proxy.Snapshots;
using WafOperator.Proxy.Telemetry;

namespace WafOperator.Proxy.Sync;

/// <summary>Where a policy came from; a part of the status.</summary>
internal enum PolicySource { Operator, LastGoodCopy, File }

/// <summary>What is known about the policy in force and the last one refused. Immutable.</summary>
internal sealed record KeeperState
{
    public PolicySource? Source { get; init; }
    public string? RejectedRevision { get; init; }
    public string? RejectedReason { get; init; }
    public DateTimeOffset? LastContact { get; init; }
    public long Applied { get; init; }
    public long Rejected { get; init; }
}

/// <summary>
/// Takes documents, compiles them and puts them in force. What cannot be used is refused with its reason, and the policy
/// in force stays. Thread-safe: callers take turns, so that a policy that was made anew cannot replace a newer one.
/// </summary>
internal sealed partial class PolicyKeeper(
    ActivePolicy active, SnapshotCompiler compiler, LastGoodCopy? copy, SidecarMeters meters, TimeProvider time,
    ILogger<PolicyKeeper> logger)
{
    private readonly Lock _turn = new();
    private volatile KeeperState _state = new();

    public KeeperState State => _state;

    /// <summary>A document from the operator, as it travelled. True when it is in force.</summary>
    public bool Receive(byte[] json, string ns, string name) => Apply(json, ns, name, PolicySource.Operator);

    /// <summary>The copy of the last good document, at start. True when it is in force.</summary>
    public bool Restore(string ns, string name) =>
        copy?.Read() is { } json && Apply(json, ns, name, PolicySource.LastGoodCopy);

    /// <summary>A document compiled from a file. True when it is in force.</summary>
    public bool Load(PolicyDocument document) =>
        Apply(JsonSerializer.SerializeToUtf8Bytes(document, ProtocolJson.Default.PolicyDocument), null, null, PolicySource.File);

    /// <summary>Makes the policy in force anew: models that could not be had before may be there now.</summary>
    public void Refresh()
    {
        lock (_turn)
        {
            if (active.Current is not { } current) return;
            if (compiler.Compile(current.Document, current).Snapshot is not { } next) return;
            WarmUp.Run(next, current, compiler.Scorer);
            active.Replace(next);
        }
    }

    /// <summary>The source was heard, whatever it said.</summary>
    public void Heard()
    {
        lock (_turn) _state = _state with { LastContact = time.GetUtcNow() };
    }

    /// <summary>Something that was offered cannot be used.</summary>
    public void Refuse(string? revision, string reason)
    {
        lock (_turn)
        {
            _state = _state with
            {
                RejectedRevision = revision ?? "unknown", RejectedReason = reason, Rejected = _state.Rejected + 1,
            };
        }

        meters.Incident("policy_rejected");
        LogRefused(logger, revision ?? "unknown", reason, active.Current?.Document.Revision ?? "none");
    }

    private bool Apply(byte[] json, string? ns, string? name, PolicySource source)
    {
        lock (_turn) return ApplyInTurn(json, ns, name, source);
    }

    private bool ApplyInTurn(byte[] json, string? ns, string? name, PolicySource source)
    {
        var reading = DocumentReader.Read(json, ns, name);
        if (reading.Document is not { } document)
        {
            Refuse(reading.Revision, reading.Refusal!);
            return false;
        }

        var started = time.GetTimestamp();
        SnapshotCompilation compilation;
        try
        {
            compilation = compiler.Compile(document, active.Current);
        }
        catch (Exception failure)
        {
            // A compiler that fails on a document must not take the running policy down with it.
            Refuse(reading.Revision, $"it does not compile: {failure.GetType().Name}: {failure.Message}");
            return false;
        }

        if (compilation.Snapshot is not { } snapshot)
        {
            Refuse(reading.Revision, compilation.Refusal!);
            return false;
        }

        WarmUp.Run(snapshot, active.Current, compiler.Scorer);
        active.Replace(snapshot);
        _state = _state with { Source = source, RejectedRevision = null, RejectedReason = null, Applied = _state.Applied + 1 };
        var milliseconds = (long)time.GetElapsedTime(started).TotalMilliseconds;
        LogApplied(logger, document.Revision, document.Mode, source, snapshot.Rules?.RuleCount ?? 0, milliseconds);
        foreach (var warning in compilation.Warnings.Take(20)) LogWarning(logger, warning);
        if (source is PolicySource.Operator && copy?.Write(json) is { } problem) LogNoCopy(logger, problem);
        return true;
    }

    [LoggerMessage(100, LogLevel.Information, "policy {Revision} is in force: mode {Mode}, from {Source}, {Rules} rules, compiled in {Milliseconds} ms")]
    private static partial void LogApplied(
        ILogger logger, string revision, InspectionMode mode, PolicySource source, int rules, long milliseconds);

    [LoggerMessage(101, LogLevel.Error, "policy {Revision} is refused: {Reason}. In force stays {Current}")]
    private static partial void LogRefused(ILogger logger, string revision, string reason, string current);

    [LoggerMessage(102, LogLevel.Warning, "{Warning}")]
    private static partial void LogWarning(ILogger logger, string warning);

    [LoggerMessage(103, LogLevel.Warning, "the last good policy cannot be kept for restarts: {Problem}")]
    private static partial void LogNoCopy(ILogger logger, string problem);
}
