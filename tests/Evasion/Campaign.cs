using WafOperator.Evasion.Attackers;
using WafOperator.Evasion.Payloads;
using WafOperator.Evasion.Targets;

namespace WafOperator.Evasion;

/// <summary>What one attacker found with one seed in one carrier.</summary>
/// <param name="Attacker">Its name.</param>
/// <param name="Seed">What it started from.</param>
/// <param name="Carrier">Where it travelled.</param>
/// <param name="Queries">Queries until the first that passed, or null.</param>
/// <param name="Evasion">What passed.</param>
internal sealed record Finding(string Attacker, Seed Seed, Carrier Carrier, int? Queries, Carried? Evasion);

/// <summary>Every attacker against every seed. The same seeds of chance give the same findings.</summary>
internal sealed class Campaign(ITarget target, int budget, int chance)
{
    public static IReadOnlyList<IAttacker> Attackers { get; } =
    [
        new RandomAttacker(), new GuidedAttacker(), new GrammarAttacker(), new StructuralAttacker(),
            new PaddingAttacker(),
        new CombinedAttacker(),
    ];

    public IEnumerable<Finding> Run(IReadOnlyList<Seed> seeds, IReadOnlyList<Carrier> carriers)
    {
        foreach (var attacker in Attackers)
        {
            for (var i = 0; i < seeds.Count; i++)
            {
                // Each seed in another carrier, so that a short run meets them all.
                var carrier = carriers[i % carriers.Count];
                var session = new Session(target, budget);
                attacker.Attack(seeds[i], carrier, session, new Random((chance * 1_000) + i));
                yield return new Finding(
                    attacker.Name, seeds[i], carrier, session.Evasion is null ? null : session.Asked, session.Evasion);
            }
        }
    }
}

/// <summary>Share evaded by budget, and the evasion that cost least.</summary>
internal static class Report
{
    public static IReadOnlyList<int> Budgets { get; } = [1, 10, 100, 1_000];

    public static double Evaded(IReadOnlyCollection<Finding> findings, int budget) =>
        findings.Count(f => f.Queries <= budget) / (double)findings.Count;

    public static void Print(IReadOnlyCollection<Finding> findings, int budget, TextWriter output)
    {
        var budgets = Budgets.Where(b => b <= budget).ToList();
        var heads = budgets.Select(b => $"{b:N0} queries");
        output.WriteLine($"| attacker | attacks | {string.Join(" | ", heads)} | cheapest |");
        output.WriteLine($"| --- | --- | {string.Join(" | ", budgets.Select(_ => "---"))} | --- |");
        foreach (var group in findings.GroupBy(f => f.Attacker).Append(All(findings)))
        {
            var mine = group.ToList();
            var shares = budgets.Select(b => Evaded(mine, b).ToString("P1"));
            var cheapest = mine.Where(f => f.Queries is not null).MinBy(f => f.Queries);
            output.WriteLine($"| {group.Key} | {mine.Count} | {string.Join(" | ", shares)} | {Text(cheapest)} |");
        }
    }

    private static IGrouping<string, Finding> All(IEnumerable<Finding> findings) => findings.GroupBy(_ =>
        "**all**").First();

    private static string Text(Finding? finding)
    {
        if (finding is not { Evasion: { } sent }) return "";
        var shown = sent.Payload.Length > 70 ? sent.Payload[..70] + "…" : sent.Payload;
        shown = shown.ReplaceLineEndings("\\n").Replace("|", "\\|", StringComparison.Ordinal).Replace('`', '\'');
        return $"{finding.Queries}: `{shown}` in {sent.Carrier}";
    }
}
