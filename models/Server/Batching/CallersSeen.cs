namespace WafOperator.Models.Server.Batching;

/// <summary>
/// Whether waiting for company can pay: how many requests were under way at once lately, and how many are now. One
/// caller that asks again when it was answered is never two; of a hundred that wait for their answers, the hundredth
/// need not wait for another. Without clock or lock. Not thread-safe.
/// </summary>
/// <param name="turnTicks">The most seen at once is remembered for one to two of these.</param>
internal sealed class CallersSeen(long turnTicks)
{
    private int _unfinished;
    private int _most;
    private int _mostBefore;
    private long _turnedAt;

    /// <summary>A request has come.</summary>
    public void Came(long now)
    {
        Turn(now);
        _unfinished++;
        _most = Math.Max(_most, _unfinished);
    }

    /// <summary>A request has ended.</summary>
    public void Went() => _unfinished--;

    /// <summary>Fewer are under way than were lately.</summary>
    public bool IsAnotherLikely(long now)
    {
        Turn(now);
        return _unfinished < Math.Max(_most, _mostBefore);
    }

    private void Turn(long now)
    {
        var passed = now - _turnedAt;
        if (passed < turnTicks) return;
        _mostBefore = passed < 2 * turnTicks ? _most : _unfinished;
        (_most, _turnedAt) = (_unfinished, now);
    }
}
