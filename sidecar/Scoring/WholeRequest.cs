using System.Diagnostics;
using WafOperator.Http;
using WafOperator.OnnxRuntime;
using WafOperator.Protocols.Models;
using WafOperator.Protocols.Policies;
using WafOperator.Scoring.Ensemble;
using WafOperator.Scoring.Packages;
using WafOperator.Scoring.Pool;

namespace WafOperator.Scoring;

/// <summary>
/// The models that read the request as a whole, behind those that read its parts. They may raise the score and never
/// lower it: what a client writes around an attack stands in the same row, and must not talk it down.
/// </summary>
internal readonly ref struct WholeRequest(
    ScoringProgram program, ScoringContext context, CanonicalRequest request, long deadline)
{
    private readonly ScoringProgram _program = program;
    private readonly ScoringContext _context = context;
    private readonly CanonicalRequest _request = request;
    private readonly long _deadline = deadline;

    /// <summary>
    /// Asks the set's models, each at most once for a request; in a cascade the next one only where the last is
    /// uncertain.
    /// </summary>
    /// <param name="set">The models of an arm.</param>
    /// <param name="index">Which of the context's scores is the set's; 0 is the one that decides.</param>
    public void Score(ModelSet set, int index)
    {
        foreach (var member in set.Whole)
        {
            var model = (WholeRequestModel)member.Model;
            if (!IsAsked(set, index, model) || AnswerOf(set, index, member) is not { } answer) continue;
            var probability = Probability(set, index, model, answer.Logit);
            _context.Note(member, probability);
            var isUncertain = answer.Uncertainty >= model.UncertainFrom;
            if (index == 0) Keep(set, answer, isUncertain);
            if (set.Ensemble is not EnsembleKind.Cascade) continue;
            if (probability > _context.BestBySet[index]) Raise(index, probability, member);
            if (!isUncertain) return;
        }
    }

    /// <summary>In a cascade what the parts leave open; without models of parts, and in other ensembles, all.</summary>
    private bool IsAsked(ModelSet set, int index, WholeRequestModel model)
    {
        if (set.Ensemble is not EnsembleKind.Cascade || set.Values.Length == 0) return true;
        // What a pool says of values may yet move the score into the band.
        if (set.Remote.Length > 0 && _context.Questions is { AsksValues: true }) return true;
        return _context.BestBySet[index] >= model.Low && _context.BestBySet[index] <= model.High;
    }

    /// <summary>
    /// What the models of parts saw they saw whole, so that this is a gap of one reading. Where there are none, nobody
    /// saw what lies in the rows that were left, and a client chose how many there are.
    /// </summary>
    private void Miss(ModelSet set) =>
        _context.Gaps |= set.Values.Length > 0 ? ModelGaps.Window : ModelGaps.Budget;

    private RequestAnswer? AnswerOf(ModelSet set, int index, Member member)
    {
        if (_context.IsWholeAsked[member.Slot]) return _context.WholeBySlot[member.Slot];
        _context.IsWholeAsked[member.Slot] = true;
        RequestAnswer? answer;
        if (_context.Answers?.TryGet(member.Model, out var known) is true)
        {
            answer = known;
            _context.TicksByModel[member.Slot] = _context.Answers.TicksOf(member.Model);
        }
        else if (member.Model is RemoteRequestModel remote)
        {
            if (_context.Questions is { } questions) Ask(questions, member, remote, isDeciding: index == 0);
            // What only a comparison asks for is no gap of the version that decides.
            else if (index == 0) _context.MissedByModel[member.Slot] = true;
            return null;
        }
        else
        {
            answer = AnswerHere(member, (RequestModel)member.Model);
        }

        if (answer is not { IsWhole: true } && !_context.FailedByModel[member.Slot]) Miss(set);
        return _context.WholeBySlot[member.Slot] = answer;
    }

    private RequestAnswer? AnswerHere(Member member, RequestModel model)
    {
        var started = Stopwatch.GetTimestamp();
        var answer = Read(member, model);
        var took = Stopwatch.GetTimestamp() - started;
        _context.TicksByModel[member.Slot] += took;
        if (answer is { } kept) _context.Questions?.Keep(model, kept, took);
        return answer;
    }

    private void Ask(PoolQuestions questions, Member member, RemoteRequestModel model, bool isDeciding)
    {
        var reading = model.Begin(_request[_request.Method]);
        Fill(member, reading);
        questions.Add(model, reading, isDeciding);
        model.Return(reading);
    }

    private void Fill(Member member, RequestText reading)
    {
        foreach (var part in new RequestParts(_request))
        {
            if (_context.WorkLeft <= 0 || Stopwatch.GetTimestamp() > _deadline)
            {
                reading.Cut();
                break;
            }

            _context.Excluded.Enter(_request, part, _program);
            // Rows do not tell which part is of which family: what an exclusion speaks of is left to the others.
            if (_context.Excluded.IsSkipped(member)
                || (_context.Excluded.HoldsNow && _context.Excluded.AsksForFamily)) continue;
            _context.WorkLeft -= ScoringBudget.UnitsPerTokenisedByte * (long)reading.Add(_request, part);
        }
    }

    private RequestAnswer? Read(Member member, RequestModel model)
    {
        var reading = model.Begin(_request[_request.Method]);
        try
        {
            Fill(member, reading);
            return reading.Run(ref _context.WorkLeft, ScoringBudget.UnitsPerToken, _deadline);
        }
        catch (OrtException)
        {
            // Says nothing about the request; that it failed is counted and decides the outcome.
            _context.FailedByModel[member.Slot] = true;
            return null;
        }
        finally
        {
            model.Return(reading);
        }
    }

    private double Probability(ModelSet set, int index, WholeRequestModel model, double logit)
    {
        if (set.Ensemble is not EnsembleKind.Cascade || model.Manifest.Cascade is not { } cascade)
            return model.Probability(logit);
        const double most = JointCalibration.LogOddsMax;
        var score = _context.BestBySet[index];
        var logOdds = score <= 0 ? -most : Math.Clamp(Math.Log(score / (1 - score)), -most, most);
        var joined = ValueModel.Sigmoid(
            (cascade.GateWeight * logOdds) + (cascade.ModelWeight * logit) + cascade.Intercept);
        // A manifest's numbers are anybody's: what is none raises nothing.
        return double.IsNaN(joined) ? 0 : joined;
    }

    private void Raise(int index, double probability, Member member)
    {
        _context.BestBySet[index] = probability;
        if (index == 0) _context.RaisedBy = member;
    }

    /// <summary>
    /// In a cascade the last answer counts, else the widest. One about a part of the request settles nothing: what was
    /// left out may be what others are uncertain about, and a client chose how long the request is.
    /// </summary>
    private void Keep(ModelSet set, in RequestAnswer answer, bool isUncertain)
    {
        var settles = set.Ensemble is EnsembleKind.Cascade && answer.IsWhole;
        _context.Uncertainty = settles ? answer.Uncertainty : Math.Max(_context.Uncertainty, answer.Uncertainty);
        _context.IsUncertain = isUncertain || (_context.IsUncertain && !settles);
    }
}
