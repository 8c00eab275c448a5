using WafOperator.Console.Store;

namespace WafOperator.Console.Intake;

/// <summary>Counts what intake does.</summary>
public static class IntakeMeters
{
    public static void Added(AddResult result, TimeSpan delay)
    {
        if (result.Added > 0) ConsoleMetrics.Events.Of("added").Inc(result.Added);
        if (result.Duplicates > 0) ConsoleMetrics.Events.Of("duplicate").Inc(result.Duplicates);
        ConsoleMetrics.EventDelay.Alone.Observe(Math.Max(0, delay.TotalSeconds));
    }

    public static void Refused(string why) => ConsoleMetrics.Events.Of("refused", why).Inc();

    public static void Failed(string cause) => ConsoleMetrics.IntakeFailures.Of(cause).Inc();
}
