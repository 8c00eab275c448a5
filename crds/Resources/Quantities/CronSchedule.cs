using Cronos;

namespace WafOperator.Resources.Quantities;

/// <summary>
/// Times of a cron expression (five fields) in a time zone. A time that a change of clocks leaves out is met at the
/// next moment that exists, and one that it repeats is met once. Immutable and thread-safe.
/// </summary>
public sealed class CronSchedule
{
    /// <summary>Times looked at when the shortest gap is sought: every pattern of a month is among them.</summary>
    private const int TimesLookedAt = 64;

    private readonly CronExpression _cron;
    private readonly TimeZoneInfo _zone;

    private CronSchedule(CronExpression cron, TimeZoneInfo zone) => (_cron, _zone) = (cron, zone);

    /// <summary>
    /// Reads an expression and the name of a time zone (IANA, such as <c>Europe/Berlin</c>).
    /// </summary>
    /// <param name="cron">The expression.</param>
    /// <param name="timeZone">The zone; it has to be in the machine's database, which always has UTC.</param>
    /// <param name="schedule">The schedule, or null.</param>
    /// <param name="problem">What is wrong, for people; empty when nothing is.</param>
    public static bool TryParse(string cron, string timeZone, out CronSchedule? schedule, out string problem)
    {
        (schedule, problem) = (null, "");
        if (!TimeZoneInfo.TryFindSystemTimeZoneById(timeZone, out var zone))
        {
            problem = $"there is no time zone \"{timeZone}\"";
            return false;
        }

        if (!CronExpression.TryParse(cron, CronFormat.Standard, out var expression))
        {
            problem = $"\"{cron}\" is not a cron expression of five fields such as \"0 3 * * 0\"";
            return false;
        }

        schedule = new CronSchedule(expression, zone);
        return true;
    }

    /// <summary>The first time after another, in UTC; null when there is none.</summary>
    public DateTimeOffset? NextAfter(DateTimeOffset time) =>
        _cron.GetNextOccurrence(time.ToUniversalTime(), _zone)?.ToUniversalTime();

    /// <summary>
    /// The shortest time between two neighbours of the next <see cref="TimesLookedAt"/>; null when fewer than two
    /// come.
    /// </summary>
    public TimeSpan? ShortestGap(DateTimeOffset from)
    {
        TimeSpan? shortest = null;
        var last = NextAfter(from);
        for (var i = 0; i < TimesLookedAt && last is { } before; i++)
        {
            last = NextAfter(before);
            if (last - before is { } gap && !(gap >= shortest)) shortest = gap;
        }

        return shortest;
    }
}
