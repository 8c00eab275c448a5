using WafOperator.Engine.Variables;
using WafOperator.SecLang;

namespace WafOperator.Engine.Program;

/// <summary>What a rule's disruptive action is.</summary>
internal enum Disruption : byte
{
    None,
    Pass,
    Deny,
    Drop,
    Redirect,
    Allow,
    AllowPhase,
    AllowRequest,
}

/// <summary>
/// One rule ready to run: a <c>SecRule</c>, a <c>SecAction</c>, or a link of a chain. Immutable once compiled.
/// </summary>
internal sealed class CompiledRule
{
    public required long Id { get; init; }

    public required int Phase { get; init; }

    public required SourceLocation Location { get; init; }

    /// <summary>What is tested, exclusions left out; empty for a rule that always matches.</summary>
    public required Target[] Targets { get; init; }

    public required Target[] Exclusions { get; init; }

    public required RuleOperator Operator { get; init; }

    public required string OperatorName { get; init; }

    public required bool IsNegated { get; init; }

    /// <summary>Step of the transformation tree its values go through.</summary>
    public required int Node { get; init; }

    /// <summary>The steps on the way, the untransformed value first; only for <c>multiMatch</c>.</summary>
    public int[] MultiMatchNodes { get; init; } = [];

    public required RuleAction[] Actions { get; init; }

    public required Disruption Disruption { get; init; }

    public required int Status { get; init; }

    public Macro? RedirectUrl { get; init; }

    public Macro? Message { get; init; }

    public Macro? Data { get; init; }

    public Macro[] Tags { get; init; } = [];

    public required string[] TagTexts { get; init; }

    public required string MessageText { get; init; }

    public RuleSeverity Severity { get; init; } = RuleSeverity.None;

    public string Version { get; init; } = "";

    public string Revision { get; init; } = "";

    public int Maturity { get; init; }

    public int Accuracy { get; init; }

    public required bool Captures { get; init; }

    public required bool IsLogged { get; init; }

    public required bool IsAudited { get; init; }

    public string? SkipAfter { get; init; }

    public int Skip { get; init; }

    public CompiledRule? Next { get; set; }

    /// <summary>Never matches, because something it needs is refused.</summary>
    public bool IsRefused { get; init; }

    /// <summary>Place among the heads of its phase.</summary>
    public int Position { get; set; }

    /// <summary>Place among all heads of the program.</summary>
    public int Index { get; set; }

    /// <summary>Bit among the rules that are filtered in bulk, or -1.</summary>
    public int Unit { get; set; } = -1;

    /// <summary>
    /// Whether its chain reads nothing that grows with the request: such rules run when the steps are used up, so that
    /// a score that is high enough still counts.
    /// </summary>
    public bool IsLight { get; set; }

    /// <summary>What its score is about.</summary>
    public RuleClass Class { get; set; }

    /// <summary>Anomaly scores of requests that its chain adds to.</summary>
    public ScoreSlot[] Scores { get; set; } = [];

    /// <summary>What it adds to the score is told apart from what rules about attacks add.</summary>
    public bool CountsAsStanding { get; set; }

    /// <summary>Compares the request's anomaly score with a threshold, and denies for nothing else.</summary>
    public bool JudgesScore { get; set; }

    /// <summary>What it finds is evidence for a joint verdict.</summary>
    public bool IsEvidence { get; set; }

    /// <summary>Whether a tag is written exactly so.</summary>
    public bool HasTag(string tag) => Array.IndexOf(TagTexts, tag) >= 0;
}
