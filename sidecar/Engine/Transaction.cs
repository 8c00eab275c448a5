using WafOperator.Engine.Compilation;
using WafOperator.Engine.Evaluation;
using WafOperator.Http;

namespace WafOperator.Engine;

/// <summary>
/// The evaluation of rules for one request. Rent it from a <see cref="RuleProgram"/>, call the phases in order, read
/// the outcome, dispose. Not thread-safe; reused. Nothing is thrown for bad input.
/// </summary>
public sealed partial class Transaction : IDisposable
{
    private readonly ProgramParts _parts;
    private readonly RequestValues _values;
    private readonly TransformedValues _transformed;
    private readonly CandidateFinder _candidates;
    private readonly List<MatchedRule> _matches = [];
    private readonly List<long> _matchedIds = [];
    private bool _isRented;
    private ReadWork _readWork;
    private CanonicalResponse? _response;
    private long _dearestSteps;
    private IReadOnlySet<long>? _without;

    internal Transaction(RuleProgram program)
    {
        Program = program;
        _parts = program.Parts;
        var limits = _parts.Options.Limits;
        Memory = new TransactionMemory(_parts.Constants, limits);
        _values = new RequestValues(Memory);
        Meter = new StepMeter(limits.StepsMax, limits.StepsPerByteMax);
        _transformed = new TransformedValues(_parts, Memory, Meter);
        _candidates = new CandidateFinder(_parts, _values, _transformed, Meter);
        Tx = new VariableStore(_parts.Names, Memory, Meter, limits.TxVariablesMax);
        Environment = new VariableStore(_parts.Names, Memory, Meter, limits.TxVariablesMax);
        _matched = new MatchList(limits.MatchedValuesMax);
        _match = new MatchState(this, limits);
        ResetState();
    }

    /// <summary>The rules that are evaluated.</summary>
    public RuleProgram Program { get; }

    /// <summary>The mode now: the program's, or what <c>ctl:ruleEngine</c> made of it.</summary>
    public EngineMode Mode { get; internal set; }

    /// <summary>The first decision of a disruptive action, enforced or not; null while there is none.</summary>
    public Interruption? Interruption { get; private set; }

    /// <summary>Rules that matched and want to be reported, in order.</summary>
    public IReadOnlyList<MatchedRule> Matches => _matches;

    /// <summary>Ids of all rules that matched so far, silent ones included, in order.</summary>
    public IReadOnlyList<long> MatchedRuleIds => _matchedIds;

    /// <summary>Reports beyond EngineLimits.MatchesMax.</summary>
    public int DroppedMatches { get; private set; }

    /// <summary>
    /// Whether a bound on work or memory was reached. From then on only rules run that read nothing of the request,
    /// such as those that judge the score so far; the verdict rests on a part of the rules, and the policy's failure
    /// mode decides what follows.
    /// </summary>
    public bool Exhausted { get; private set; }

    /// <summary>
    /// Work so far, the reading of the request included, in steps: units of about a nanosecond of a quiet core.
    /// </summary>
    public long Steps => Meter.Used;

    /// <summary>The rule that spent the most steps so far; 0 before any ran.</summary>
    public long DearestRuleId { get; private set; }

    /// <summary>Searches that ended at their limit of steps without an answer; they count as no match.</summary>
    public int RegexLimitsExceeded { get; private set; }

    /// <summary>
    /// Whether rules want the request body read (<c>SecRequestBodyAccess</c>, <c>ctl:requestBodyAccess</c>).
    /// </summary>
    public bool WantsRequestBody { get; internal set; }

    /// <summary>Whether rules want the response body read.</summary>
    public bool WantsResponseBody { get; internal set; }

    /// <summary>Names of arguments and headers whose values must not appear in logs (<c>sanitise…</c>).</summary>
    public IReadOnlyCollection<string> Sanitized => _sanitized;

    /// <summary>Whether rules silenced the audit log (<c>ctl:auditEngine=Off</c>).</summary>
    public bool IsAuditSilenced { get; internal set; }

    /// <summary>
    /// Whether <c>ctl:ruleRemove…</c> left out a rule or value that would have been tested. It need not have matched.
    /// </summary>
    public bool HasSuppressed => Exclusions.HasSuppressed;

    internal TransactionMemory Memory { get; }

    internal StepMeter Meter { get; }

    /// <summary>Counters of clients and sessions stay as they are.</summary>
    internal bool IsTrial => _without is not null;

    internal VariableStore Tx { get; }

    internal VariableStore Environment { get; }

    internal RuleExclusions Exclusions { get; } = new();

    internal CanonicalRequest Request => _values.Request;

    /// <summary>Takes the request, its headers read (EndHeaders). It must outlive this transaction.</summary>
    public void Begin(CanonicalRequest request, in ConnectionFacts connection)
    {
        ArgumentNullException.ThrowIfNull(request);
        _isRented = true;
        Memory.Begin(request);
        _values.Begin(request, connection);
        _startedAt = _parts.Options.Time.GetTimestamp();
        SpendReading(request.ReadWork);
    }

    /// <summary>
    /// Phase 1. Rules may choose the body's reader (<c>ctl:requestBodyProcessor</c>), so call it before EndBody.
    /// </summary>
    public Interruption? EvaluateRequestHeaders() => EvaluatePhase(1);

    /// <summary>Phase 2, once the body is read (or there is none).</summary>
    public Interruption? EvaluateRequestBody()
    {
        _values.OnBody();
        SpendReading(Request.ReadWork);
        return EvaluatePhase(2);
    }

    /// <summary>Phase 3. The response must outlive this transaction.</summary>
    public Interruption? EvaluateResponseHeaders(CanonicalResponse response)
    {
        ArgumentNullException.ThrowIfNull(response);
        Memory.BeginResponse(response);
        _response = response;
        _values.OnResponse(response);
        return EvaluatePhase(3);
    }

    /// <summary>Phase 4, once as much of the body is there as will be inspected.</summary>
    public Interruption? EvaluateResponseBody()
    {
        _values.OnResponseBody();
        Meter.Allow(_response?.Body.Length ?? 0);
        return EvaluatePhase(4);
    }

    /// <summary>
    /// Phase 5: rules that log and keep counters. It decides nothing any more, and runs after an interruption as well.
    /// </summary>
    public void EvaluateLogging() => EvaluatePhase(5);

    /// <summary>A TX variable as a number (an anomaly score), or null where it is not set.</summary>
    public long? ReadNumber(string name) => TryReadTx(name,
        out var value) ? TransactionMemory.ParseNumber(Memory[value]) : null;

    /// <summary>A TX variable as text, or null where it is not set.</summary>
    public string? ReadText(string name) => TryReadTx(name,
        out var value) ? System.Text.Encoding.UTF8.GetString(Memory[value]) : null;

    /// <summary>Forgets the request, ready for the next one.</summary>
    public void Reset()
    {
        _values.Reset();
        _transformed.Reset();
        _candidates.Reset();
        Tx.Reset();
        Environment.Reset();
        Exclusions.Reset();
        Memory.Reset();
        _matched.Reset();
        _matches.Clear();
        _matchedIds.Clear();
        ResetEvidence();
        ResetState();
    }

    /// <summary>
    /// Makes this a trial: what the request would have met without some rules. Writes nothing to collections that
    /// outlive the request. Call before the phases.
    /// </summary>
    public void Try(IReadOnlySet<long> without) => _without = without;

    /// <summary>Resets and gives the transaction back to its program.</summary>
    public void Dispose()
    {
        if (!_isRented)
        {
            return;
        }

        _isRented = false;
        Reset();
        Program.Return(this);
    }

    internal void ChooseProcessor(BodyFormat format)
    {
        Request.Processor = format;
        _values.OnProcessorChosen();
    }

    internal void ForceBody() => _values.ForceBody();

    internal bool TrySpend(long steps)
    {
        if (steps > Meter.Left)
        {
            Exhausted = true;
            return false;
        }

        Meter.Spend(steps);
        return true;
    }

    internal void SpendAll(long steps)
    {
        Exhausted |= steps > Meter.Left;
        Meter.Spend(steps);
    }

    internal void NoteRegexLimit()
    {
        RegexLimitsExceeded++;
        Exhausted = true;
    }

    /// <summary>Counts what the reader did since this was asked last.</summary>
    private void SpendReading(ReadWork work)
    {
        Meter.Allow(work.Bytes - _readWork.Bytes);
        Meter.Spend((StepMeter.ReadByte * (work.Bytes - _readWork.Bytes))
            + (StepMeter.ReadItem * (work.Items - _readWork.Items)));
        _readWork = work;
    }

    private bool TryReadTx(string name, out Text value)
    {
        Span<byte> bytes = stackalloc byte[128];
        if (name.Length > bytes.Length)
        {
            value = Text.Empty;
            return false;
        }

        var length = System.Text.Encoding.Latin1.GetBytes(name, bytes);
        return Tx.TryRead(bytes[..length], NameHash.Of(bytes[..length]), out value);
    }

    private void ResetState()
    {
        Mode = _parts.Settings.Mode;
        WantsRequestBody = _parts.Settings.RequestBodyAccess;
        WantsResponseBody = _parts.Settings.ResponseBodyAccess;
        Interruption = null;
        DroppedMatches = 0;
        Exhausted = false;
        IsAuditSilenced = false;
        _hasRun = false;
        _without = null;
        Meter.Reset();
        _readWork = default;
        _response = null;
        _dearestSteps = DearestRuleId = 0;
        _match.RegexSteps = 0;
        RegexLimitsExceeded = 0;
        _sanitized.Clear();
        _allowed = Allowance.None;
        _highestSeverity = 255;
        _collections = default;
        _sessionId = _userId = Text.Empty;
    }
}
