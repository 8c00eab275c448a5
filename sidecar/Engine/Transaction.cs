using WafOperator.Engine.Evaluation;
using WafOperator.Engine.Values;
using WafOperator.Http;

namespace WafOperator.Engine;

/// <summary>
/// The evaluation of rules for one request. Rent it from a <see cref="RuleProgram"/>, call the phases in order, read
/// the outcome, dispose. Not thread-safe; reused. Nothing is thrown for bad input.
/// </summary>
public sealed class Transaction : IDisposable
{
    private readonly RuleRunner _runner;
    private bool _isRented;
    private ReadWork _readWork;
    private CanonicalResponse? _response;

    internal Transaction(RuleProgram program)
    {
        Work = new Workspace(program);
        Records = new ChosenRecords(Work);
        Reader = new VariableReader(Work, Records);
        Report = new MatchReport(Work, Reader);
        _runner = new RuleRunner(Work, new RuleTester(this), Report);
        ResetState();
    }

    /// <summary>The rules that are evaluated.</summary>
    public RuleProgram Program => Work.Program;

    /// <summary>The mode now: the program's, or what <c>ctl:ruleEngine</c> made of it.</summary>
    public EngineMode Mode => Work.Mode;

    /// <summary>The first decision of a disruptive action, enforced or not; null while there is none.</summary>
    public Interruption? Interruption => Report.Interruption;

    /// <summary>Rules that matched and want to be reported, in order.</summary>
    public IReadOnlyList<MatchedRule> Matches => Report.Matches;

    /// <summary>Ids of all rules that matched so far, silent ones included, in order.</summary>
    public IReadOnlyList<long> MatchedRuleIds => Report.MatchedIds;

    /// <summary>Reports beyond EngineLimits.MatchesMax.</summary>
    public int DroppedMatches => Report.DroppedMatches;

    /// <summary>
    /// Whether a bound on work or memory was reached. From then on only rules run that read nothing of the request,
    /// such as those that judge the score so far; the verdict rests on a part of the rules, and the policy's failure
    /// mode decides what follows.
    /// </summary>
    public bool Exhausted => Work.Meter.IsExhausted;

    /// <summary>
    /// Work so far, the reading of the request included, in steps: units of about a nanosecond of a quiet core.
    /// </summary>
    public long Steps => Work.Meter.Used;

    /// <summary>The rule that spent the most steps so far; 0 before any ran.</summary>
    public long DearestRuleId => _runner.DearestRuleId;

    /// <summary>Searches that ended at their limit of steps without an answer; they count as no match.</summary>
    public int RegexLimitsExceeded => Work.Meter.SearchesCut;

    /// <summary>
    /// Whether rules want the request body read (<c>SecRequestBodyAccess</c>, <c>ctl:requestBodyAccess</c>).
    /// </summary>
    public bool WantsRequestBody { get; internal set; }

    /// <summary>Whether rules want the response body read.</summary>
    public bool WantsResponseBody { get; internal set; }

    /// <summary>Names of arguments and headers whose values must not appear in logs (<c>sanitise…</c>).</summary>
    public IReadOnlyCollection<string> Sanitized => Report.Sanitized;

    /// <summary>Whether rules silenced the audit log (<c>ctl:auditEngine=Off</c>).</summary>
    public bool IsAuditSilenced { get; internal set; }

    /// <summary>
    /// Whether <c>ctl:ruleRemove…</c> left out a rule or value that would have been tested. It need not have matched.
    /// </summary>
    public bool HasSuppressed => Work.Exclusions.HasSuppressed;

    /// <summary>
    /// Set before phase 1: rules that compare the anomaly score of a request with its threshold and deny
    /// (949110 of OWASP CRS) do not interrupt, what they say is <see cref="ScoreJudgement"/>, and the rules behind
    /// them are evaluated as well. Every other disruptive action interrupts as ever.
    /// </summary>
    public bool DefersScore
    {
        get => Report.DefersScore;
        set => Report.DefersScore = value;
    }

    /// <summary>
    /// Asked before a rule about attacks counts as matched in a value of the request; null: all do. Set before phase 2.
    /// </summary>
    public IMatchReview? Review
    {
        get => Report.Review;
        set => Report.Review = value;
    }

    /// <summary>
    /// What the score's own rule would have done, where <see cref="DefersScore"/>; null while it is satisfied.
    /// </summary>
    public Interruption? ScoreJudgement => Report.ScoreJudgement;

    /// <summary>Values in which rules about attacks found something, in order; phases 1 and 2.</summary>
    public IReadOnlyList<RuleHit> Hits => Report.Hits;

    /// <summary>Finds beyond EngineLimits.HitsMax.</summary>
    public int DroppedHits => Report.DroppedHits;

    /// <summary>
    /// The share of the anomaly score that is of <see cref="RuleClass.Standing"/> rules, of the paranoia levels that
    /// may block.
    /// </summary>
    public long StandingScore => Report.StandingScore(
        Math.Max(ReadNumber("paranoia_level") ?? 0, ReadNumber("blocking_paranoia_level") ?? 0));

    internal Workspace Work { get; }

    internal ChosenRecords Records { get; }

    internal VariableReader Reader { get; }

    internal MatchReport Report { get; }

    /// <summary>Takes the request, its headers read (EndHeaders). It must outlive this transaction.</summary>
    public void Begin(CanonicalRequest request, in ConnectionFacts connection)
    {
        ArgumentNullException.ThrowIfNull(request);
        _isRented = true;
        Work.Memory.Begin(request);
        Work.Values.Begin(request, connection);
        Work.Start();
        SpendReading(request.ReadWork);
    }

    /// <summary>
    /// Phase 1. Rules may choose the body's reader (<c>ctl:requestBodyProcessor</c>), so call it before EndBody.
    /// </summary>
    public Interruption? EvaluateRequestHeaders() => _runner.Run(1);

    /// <summary>Phase 2, once the body is read (or there is none).</summary>
    public Interruption? EvaluateRequestBody()
    {
        Work.Values.OnBody();
        SpendReading(Work.Values.Request.ReadWork);
        return _runner.Run(2);
    }

    /// <summary>Phase 3. The response must outlive this transaction.</summary>
    public Interruption? EvaluateResponseHeaders(CanonicalResponse response)
    {
        ArgumentNullException.ThrowIfNull(response);
        Work.Memory.BeginResponse(response);
        _response = response;
        Work.Values.OnResponse(response);
        return _runner.Run(3);
    }

    /// <summary>Phase 4, once as much of the body is there as will be inspected.</summary>
    public Interruption? EvaluateResponseBody()
    {
        Work.Values.OnResponseBody();
        Work.Meter.Allow(_response?.Body.Length ?? 0);
        return _runner.Run(4);
    }

    /// <summary>
    /// Phase 5: rules that log and keep counters. It decides nothing any more, and runs after an interruption as well.
    /// </summary>
    public void EvaluateLogging() => _runner.Run(5);

    /// <summary>A TX variable as a number (an anomaly score), or null where it is not set.</summary>
    public long? ReadNumber(string name) => TryReadTx(name,
        out var value) ? TransactionMemory.ParseNumber(Work.Memory[value]) : null;

    /// <summary>A TX variable as text, or null where it is not set.</summary>
    public string? ReadText(string name) => TryReadTx(name,
        out var value) ? System.Text.Encoding.UTF8.GetString(Work.Memory[value]) : null;

    /// <summary>Forgets the request, ready for the next one.</summary>
    public void Reset()
    {
        Work.Reset();
        Records.Reset();
        Report.Reset();
        _runner.Reset();
        ResetState();
    }

    /// <summary>
    /// Makes this a trial: what the request would have met without some rules. Writes nothing to collections that
    /// outlive the request. Call before the phases.
    /// </summary>
    public void Try(IReadOnlySet<long> without) => Work.Without = without;

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
        Work.Values.Request.Processor = format;
        Work.Values.OnProcessorChosen();
    }

    internal void ForceBody() => Work.Values.ForceBody();

    /// <summary>Runs the rules with which phase 1 begins, without a request; null where there are none.</summary>
    internal PreparedStart? Prepare() => _runner.Prepare();

    /// <summary>Counts what the reader did since this was asked last.</summary>
    private void SpendReading(ReadWork work)
    {
        Work.Meter.Allow(work.Bytes - _readWork.Bytes);
        Work.Meter.Spend((StepMeter.ReadByte * (work.Bytes - _readWork.Bytes))
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
        return Work.Tx.TryRead(bytes[..length], NameHash.Of(bytes[..length]), out value);
    }

    private void ResetState()
    {
        WantsRequestBody = Work.Parts.Settings.RequestBodyAccess;
        WantsResponseBody = Work.Parts.Settings.ResponseBodyAccess;
        IsAuditSilenced = false;
        _readWork = default;
        _response = null;
    }
}
