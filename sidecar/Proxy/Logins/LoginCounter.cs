using WafOperator.Behaviour.Limits;
using WafOperator.Protocols.Policies;

namespace WafOperator.Proxy.Logins;

/// <summary>Failures and successes by client, user or network. Thread-safe.</summary>
/// <param name="limit">The limit.</param>
/// <param name="who">client, user or network.</param>
/// <param name="periodTicks">Ticks after which an attempt counts 1/e.</param>
/// <param name="keysMax">Keys that each of its two tables remembers, 40 bytes each.</param>
internal sealed class LoginCounter(FailureLimit limit, string who, long periodTicks, int keysMax)
{
    /// <summary>What has faded to this much of one attempt is over.</summary>
    public const double Faded = 0.5;

    private readonly FailureTable _credited = new(periodTicks, keysMax);

    public FailureLimit Limit { get; } = limit;

    public string Who { get; } = who;

    public FailureTable Table { get; } = new(periodTicks, keysMax);

    /// <summary>
    /// Counts a success under the key, once for each of those who have any while the last one counts.
    /// </summary>
    /// <param name="key">The counter's key.</param>
    /// <param name="whose">Who succeeded: a user, or of a user one of its clients. Never the key itself.</param>
    /// <param name="now">Ticks.</param>
    public void Succeeded(UInt128 key, UInt128 whose, long now)
    {
        if (_credited.Read(key ^ whose, now).Successes > Faded) return;
        _credited.Add(key ^ whose, isFailure: false, now);
        Table.Add(key, isFailure: false, now);
    }
}
