using WafOperator.Features;
using WafOperator.Http;
using WafOperator.Scoring.Parts;
using WafOperator.Scoring.Pool;

namespace WafOperator.Scoring.Ensemble;

/// <summary>Scratch of one request's scoring. Pooled; not thread-safe.</summary>
internal sealed class ScoringContext
{
    /// <summary>Models of a program at most: baseline and candidate of each family.</summary>
    public const int SlotsMax = 16;

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

    /// <summary>Where each gate found the present value worst.</summary>
    public readonly Range[] Focus = new Range[SlotsMax];

    /// <summary>Logit is there.</summary>
    public readonly bool[] HasLogit = new bool[SlotsMax];

    /// <summary>Highest probability of each model over the request.</summary>
    public readonly double[] BestByModel = new double[SlotsMax];

    /// <summary>Stopwatch ticks spent in each model.</summary>
    public readonly long[] TicksByModel = new long[SlotsMax];

    /// <summary>Model failed on this request.</summary>
    public readonly bool[] FailedByModel = new bool[SlotsMax];

    /// <summary>The pool did not answer for the model.</summary>
    public readonly bool[] MissedByModel = new bool[SlotsMax];

    /// <summary>Highest cascade score of each set over the request.</summary>
    public readonly double[] BestBySet = new double[SetsMax];

    /// <summary>Part with the highest score of the deciding set.</summary>
    public RequestPart BestPart;

    public bool BestIsName;
    public Range BestRange;
    public double BestPartScore;

    /// <summary>Ids of the rules that matched; null when there are no rules.</summary>
    public IReadOnlyList<long>? MatchedRules;
    public string? Exclusion;

    /// <summary>What the parts showed beside their scores.</summary>
    public AttackSignals Signals;

    /// <summary>Set while only questions for the pool are collected: nothing is counted or learned.</summary>
    public PoolQuestions? Questions;

    /// <summary>The pool's answers, or null.</summary>
    public PoolAnswers? Answers;

    public void Reset()
    {
        Array.Clear(BestByModel);
        Array.Clear(TicksByModel);
        Array.Clear(FailedByModel);
        Array.Clear(MissedByModel);
        Array.Clear(BestBySet);
        BestPart = default;
        BestIsName = false;
        BestPartScore = -1;
        MatchedRules = null;
        Exclusion = null;
        Signals = AttackSignals.None;
        Questions = null;
        Answers = null;
    }
}
