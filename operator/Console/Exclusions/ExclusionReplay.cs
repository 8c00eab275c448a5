using WafOperator.Console.Store;
using WafOperator.Policies.Exclusions;
using WafOperator.Resources.Exclusions;

namespace WafOperator.Console.Exclusions;

/// <summary>What an exclusion would have changed in the last seven days.</summary>
/// <param name="Examined">Stopped events of the policy that were looked at, newest first; bounded.</param>
/// <param name="WouldPass">Those that would have passed.</param>
/// <param name="LabelledAttacks">Those of them that somebody called an attack: there should be none.</param>
/// <param name="IsComplete">False: there were more events than are looked at.</param>
public sealed record ReplayResult(int Examined, int WouldPass, int LabelledAttacks, bool IsComplete);

/// <summary>Replays stored events against an exclusion.</summary>
internal static class ExclusionReplay
{
    private const int ExaminedMax = 5_000;

    /// <summary>Events at once, each of 64 KiB at most.</summary>
    private const int AtOnce = 100;
    private static readonly TimeSpan Back = TimeSpan.FromDays(7);

    public static async Task<ReplayResult> RunAsync(
        IEventStore store, WafExclusion exclusion, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var (examined, pass, attacks) = (0, 0, 0);
        var query = new EventQuery
        {
            Scope = AccessScope.Of([exclusion.Metadata.Namespace ?? ""]),
            Policy = exclusion.Spec.Policy,
            From = now - Back,
            IsAttack = true,
            Limit = AtOnce,
        };
        while (examined < ExaminedMax)
        {
            var page = await store.ListWholeAsync(query, cancellationToken);
            foreach (var stored in page.Items)
            {
                examined++;
                if (!ExclusionProposal.LetsPass(exclusion, stored.Event)) continue;
                pass++;
                if (stored.Row.Label is EventLabel.Attack) attacks++;
            }

            if (page.Next is null) return new ReplayResult(examined, pass, attacks, true);
            query = query with { After = PageCursor.Parse(page.Next) };
        }

        return new ReplayResult(examined, pass, attacks, false);
    }
}
