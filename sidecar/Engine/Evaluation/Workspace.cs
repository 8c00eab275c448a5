using WafOperator.Engine.Program;
using WafOperator.Engine.Values;

namespace WafOperator.Engine.Evaluation;

/// <summary>
/// What the parts of one transaction work with together: the request's values, the variables that rules write, the
/// account of work, and what the rule that runs has matched. One per transaction, reused; decides nothing.
/// </summary>
internal sealed class Workspace
{
    public Workspace(RuleProgram program)
    {
        Program = program;
        var limits = Parts.Options.Limits;
        Memory = new TransactionMemory(Parts.Constants, limits);
        Meter = new StepMeter(limits.StepsMax, limits.StepsPerByteMax);
        Values = new RequestValues(Memory);
        Transformed = new TransformedValues(Parts, Memory, Meter);
        Candidates = new CandidateFinder(Parts, Values, Transformed, Meter);
        Tx = new VariableStore(Parts.Names, Memory, Meter, limits.TxVariablesMax);
        Environment = new VariableStore(Parts.Names, Memory, Meter, limits.TxVariablesMax);
        Matched = new MatchList(limits.MatchedValuesMax);
        ResetState();
    }

    public RuleProgram Program { get; }

    public ProgramParts Parts => Program.Parts;

    public TransactionMemory Memory { get; }

    public StepMeter Meter { get; }

    public RequestValues Values { get; }

    public TransformedValues Transformed { get; }

    /// <summary>Which filtered rules may match which value.</summary>
    public CandidateFinder Candidates { get; }

    public VariableStore Tx { get; }

    public VariableStore Environment { get; }

    /// <summary>What the rule that runs, or the last one, matched.</summary>
    public MatchList Matched { get; }

    public RuleExclusions Exclusions { get; } = new();

    /// <summary>The mode now: the program's, or what <c>ctl:ruleEngine</c> made of it.</summary>
    public EngineMode Mode { get; set; }

    /// <summary>Rules that a trial leaves out; null where this is none.</summary>
    public IReadOnlySet<long>? Without { get; set; }

    /// <summary>Counters of clients and sessions stay as they are.</summary>
    public bool IsTrial => Without is not null;

    /// <summary>The head of the chain that runs.</summary>
    public CompiledRule? CurrentRule { get; set; }

    /// <summary>The severest of the rules that matched, 255 before any did.</summary>
    public int HighestSeverity { get; set; }

    /// <summary>Timestamp of the beginning, of the program's clock.</summary>
    public long StartedAt { get; private set; }

    public void Start() => StartedAt = Parts.Options.Time.GetTimestamp();

    public void Reset()
    {
        Values.Reset();
        Transformed.Reset();
        Candidates.Reset();
        Tx.Reset();
        Environment.Reset();
        Exclusions.Reset();
        Memory.Reset();
        Matched.Reset();
        Meter.Reset();
        ResetState();
    }

    private void ResetState()
    {
        Mode = Parts.Settings.Mode;
        Without = null;
        CurrentRule = null;
        HighestSeverity = 255;
    }
}
