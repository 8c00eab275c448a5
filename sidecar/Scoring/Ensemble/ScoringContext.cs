using WafOperator.Features;
using WafOperator.Http;
using WafOperator.Scoring.Packages;
using WafOperator.Scoring.Parts;
using WafOperator.Scoring.Pool;

namespace WafOperator.Scoring.Ensemble;

/// <summary>Scratch of one request's scoring. Pooled; not thread-safe.</summary>
internal sealed class ScoringContext
{
    /// <summary>Models of a program at most: baseline and candidate of each family.</summary>
    public const int SlotsMax = 16;

    private const int PlacesMax = GatePlace.Max + 1;

    /// <summary>Arms evaluated at most: the baseline and a candidate per rollout.</summary>
    public const int SetsMax = 9;

    /// <summary>The normalised value.</summary>
    public readonly byte[] Value = new byte[ValueNormalizer.ValueBytesMax];

    /// <summary>Logit of the present value per model.</summary>
    public readonly double[] Logits = new double[SlotsMax];

    /// <summary>
    /// What the logit of each model is for: all of the present value, or the part that the set's gate found worst.
    /// </summary>
    public readonly Range[] Looked = new Range[SlotsMax];

    /// <summary>Where each gate found the present value worst, the worst first.</summary>
    private readonly GatePlace[] _places = new GatePlace[SlotsMax * PlacesMax];

    /// <summary>How many places each gate found.</summary>
    public readonly int[] PlaceCount = new int[SlotsMax];

    /// <summary>Logit is there.</summary>
    public readonly bool[] HasLogit = new bool[SlotsMax];

    /// <summary>Highest probability of each model over the request.</summary>
    public readonly double[] BestByModel = new double[SlotsMax];

    /// <summary>What exclusions take out.</summary>
    public readonly ExcludedParts Excluded = new();

    /// <summary>Stopwatch ticks spent in each model.</summary>
    public readonly long[] TicksByModel = new long[SlotsMax];

    /// <summary>Model failed on this request.</summary>
    public readonly bool[] FailedByModel = new bool[SlotsMax];

    /// <summary>The pool did not answer for the model.</summary>
    public readonly bool[] MissedByModel = new bool[SlotsMax];

    /// <summary>The model read the request as a whole, or tried to.</summary>
    public readonly bool[] IsWholeAsked = new bool[SlotsMax];

    /// <summary>What it said; null where it could read nothing.</summary>
    public readonly RequestAnswer?[] WholeBySlot = new RequestAnswer?[SlotsMax];

    /// <summary>The model of whole requests that raised the score of the deciding set; null for none.</summary>
    public Member? RaisedBy;

    /// <summary>Width of the answer of the deciding set's models of whole requests.</summary>
    public double Uncertainty;

    /// <summary>It is too wide to count.</summary>
    public bool IsUncertain;

    /// <summary>Highest score of each set over the request, with the rules' evidence.</summary>
    public readonly double[] BestBySet = new double[SetsMax];

    /// <summary>Highest probability of each set in the present part, of its models alone.</summary>
    public readonly double[] PartBySet = new double[SetsMax];

    /// <summary>The same over path and query.</summary>
    public readonly double[] UriBySet = new double[SetsMax];

    /// <summary>The same over the parts of the body.</summary>
    public readonly double[] BodyBySet = new double[SetsMax];

    /// <summary>The same over all parts.</summary>
    public readonly double[] AllBySet = new double[SetsMax];

    /// <summary>The request's parts.</summary>
    public readonly PartTable Parts = new();

    /// <summary>Part with the highest score of the deciding set.</summary>
    public RequestPart BestPart;

    public bool BestIsName;

    /// <summary>Where in a long value the piece that scored highest begins.</summary>
    public int BestAt;
    public double BestPartScore;

    /// <summary>Evidence that is in the highest score.</summary>
    public double BestEvidence;

    /// <summary>The present part's piece with the highest probability.</summary>
    public (double Score, bool IsName, int At) PartPiece;

    /// <summary>What rules found; null when there are no rules.</summary>
    public IReadOnlyList<RuleHit>? Hits;

    /// <summary>What was not looked at.</summary>
    public ModelGaps Gaps;

    /// <summary>Rules found something that no model looked at.</summary>
    public bool HasUnjudgedHits;

    /// <summary>Parts that models were shown, in pieces or whole.</summary>
    public int PartsScored;

    /// <summary>Work that may still be done, in units of <see cref="ScoringBudget"/>.</summary>
    public long WorkLeft;

    /// <summary>What the present part showed beside its score.</summary>
    public AttackSignals Signals;

    /// <summary>Set while only questions for the pool are collected: nothing is counted or learned.</summary>
    public PoolQuestions? Questions;

    /// <summary>The pool's answers, or null.</summary>
    public PoolAnswers? Answers;

    /// <summary>Room for the places that a gate finds in the present value.</summary>
    public Span<GatePlace> PlacesOf(int slot) => _places.AsSpan(slot * PlacesMax, PlacesMax);

    /// <summary>Keeps a probability of a model, or of what it would be without exclusions.</summary>
    public void Note(Member member, double probability)
    {
        var bests = Excluded.IsWithout ? Excluded.BestByModel : BestByModel;
        bests[member.Slot] = Math.Max(bests[member.Slot], probability);
    }

    public void Reset()
    {
        Array.Clear(BestByModel);
        Array.Clear(TicksByModel);
        Array.Clear(FailedByModel);
        Array.Clear(MissedByModel);
        Array.Clear(IsWholeAsked);
        Array.Clear(WholeBySlot);
        RaisedBy = null;
        Uncertainty = 0;
        IsUncertain = false;
        Array.Clear(BestBySet);
        Array.Clear(UriBySet);
        Array.Clear(BodyBySet);
        Array.Clear(AllBySet);
        BestPart = default;
        BestIsName = false;
        BestAt = 0;
        BestPartScore = -1;
        BestEvidence = 0;
        Hits = null;
        Excluded.Reset();
        Gaps = ModelGaps.None;
        HasUnjudgedHits = false;
        PartsScored = 0;
        Signals = AttackSignals.None;
        Questions = null;
        Answers = null;
    }
}
