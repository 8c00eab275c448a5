using System.Diagnostics;
using WafOperator.Protocols.Inference;
using WafOperator.Proxy.Telemetry;
using WafOperator.Scoring.Pool;

namespace WafOperator.Proxy.Models.Pool;

/// <summary>
/// Asks one pool, within the policy's budget: on one lane of connections, after the usual time once more on another
/// (which may reach another of the pool's servers), and not at all while the pool does not answer. Thread-safe.
/// </summary>
internal sealed class PoolClient : IDisposable
{
    private readonly PoolLane _first;
    private readonly PoolLane _second;
    private readonly SidecarMeters _meters;
    private readonly TimeProvider _time;
    private volatile PoolAccess? _access;

    public PoolClient(Uri url, SidecarMeters meters, TimeProvider time)
    {
        (Url, _meters, _time) = (url, meters, time);
        (_first, _second) = (new PoolLane(url, () => Access, time), new PoolLane(url, () => Access, time));
        Breaker = new CircuitBreaker(time);
    }

    public Uri Url { get; }

    public CircuitBreaker Breaker { get; }

    /// <summary>The pool's key, or null where it asks for none. Replaced by one write.</summary>
    public PoolAccess? Access { get => _access; set => _access = value; }

    public HedgePolicy Hedging { get; } = new();

    /// <summary>Asks for all models at once; what is not answered in time is missing from the answers.</summary>
    public async ValueTask<PoolAnswers> AskAsync(
        PoolQuestions questions, TimeSpan budget, CancellationToken cancellationToken)
    {
        var answers = questions.NewAnswers();
        if (questions.Models is [var only])
        {
            await AskAsync(only, answers, budget, cancellationToken);
            return answers;
        }

        await Task.WhenAll(questions.Models.Select(q => AskAsync(q, answers, budget, cancellationToken)));
        return answers;
    }

    /// <summary>Reads a page of the pool (metadata).</summary>
    public Task<(System.Net.HttpStatusCode? Status, byte[]? Body)> GetAsync(
        string path, int bytesMax, CancellationToken cancellationToken) =>
            _first.GetAsync(path, bytesMax, cancellationToken);

    public void Dispose()
    {
        _first.Dispose();
        _second.Dispose();
    }

    private async Task AskAsync(
        PoolQuestion question, PoolAnswers answers, TimeSpan budget, CancellationToken cancellationToken)
    {
        if (budget <= TimeSpan.Zero)
        {
            _meters.PoolAsked(PoolOutcome.TimedOut, TimeSpan.Zero);
            return;
        }

        if (!Breaker.TryEnter())
        {
            _meters.PoolAsked(PoolOutcome.CircuitOpen, TimeSpan.Zero);
            return;
        }

        Hedging.Called();
        var started = _time.GetTimestamp();
        var call = new PoolCall(
            InferenceProtocol.InferPath(
                question.Model.Model, question.Model.Version), question.ToBody(), question.Count,
            question.IsDeciding);
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(budget);
        var answer = await HedgedAsync(call, budget, patience);
        await patience.CancelAsync();
        var took = _time.GetElapsedTime(started);
        var isTaken = answer.Logits is not { } logits
            || question.Answer(answers, logits, (long)(took.TotalSeconds * Stopwatch.Frequency));
        // Numbers that are no answer of this model are a fault of the server, however fast they came.
        var outcome = isTaken ? answer.Outcome : PoolOutcome.Failed;
        Tell(outcome, cancellationToken);
        _meters.PoolAsked(outcome, took);
    }

    /// <summary>The first answer of one or two requests.</summary>
    private async Task<LaneAnswer> HedgedAsync(PoolCall call, TimeSpan budget, CancellationTokenSource patience)
    {
        var started = _time.GetTimestamp();
        var first = TimedAsync(_first.AskAsync(call, budget, patience.Token), started);
        // Shadow questions can wait; only what decides is asked twice.
        if (call.IsDeciding && Hedging.Delay is { } delay && delay < budget)
            await Task.WhenAny(first, WaitAsync(delay, patience.Token));
        else
            await first;
        if (first.IsCompleted && !CanRetry(await first, call)) return await first;
        if (!Hedging.TryTake()) return await first;
        _meters.PoolHedged();
        var left = budget - _time.GetElapsedTime(started);
        var second = _second.AskAsync(call, left, patience.Token);
        var winner = await Task.WhenAny(first, second);
        // A failure that comes first is not an answer: the other may still bring one.
        if ((await winner).Logits is null) winner = winner == first ? second : first;
        var answer = await winner;
        if (winner == second && answer.Outcome is PoolOutcome.Answered)
            return answer with { Outcome = PoolOutcome.HedgeAnswered };
        return answer;
    }

    /// <summary>A server that fails at once leaves time to ask another.</summary>
    private static bool CanRetry(LaneAnswer answer, PoolCall call) =>
        answer.Outcome is PoolOutcome.Failed && call.IsDeciding;

    private async Task<LaneAnswer> TimedAsync(Task<LaneAnswer> asking, long started)
    {
        var answer = await asking;
        if (answer.Logits is not null) Hedging.Answered(_time.GetElapsedTime(started));
        return answer;
    }

    private async Task WaitAsync(TimeSpan delay, CancellationToken cancellationToken)
    {
        try
        {
            await Task.Delay(delay, _time, cancellationToken);
        }
        catch (OperationCanceledException)
        {
            // The answer came, or the budget ended.
        }
    }

    private void Tell(PoolOutcome outcome, CancellationToken callerGone)
    {
        if (outcome is PoolOutcome.Answered or PoolOutcome.HedgeAnswered) Breaker.Succeeded();
        else if (outcome is PoolOutcome.Refused || callerGone.IsCancellationRequested) Breaker.Abandoned();
        else Breaker.Failed();
    }
}
