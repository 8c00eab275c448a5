using WafOperator.Evasion.Payloads;
using WafOperator.Evasion.Targets;

namespace WafOperator.Evasion.Attackers;

/// <summary>Counts queries and ends an attack when the budget is used up or the attack passes.</summary>
internal sealed class Session(ITarget target, int budget)
{
    /// <summary>Queries asked.</summary>
    public int Asked { get; private set; }

    /// <summary>What passed first.</summary>
    public Carried? Evasion { get; private set; }

    public bool IsOver => Asked >= budget || Evasion is not null;

    /// <summary>The score of a request; what passes is kept.</summary>
    public double Ask(Carried carried)
    {
        if (IsOver) return 1;
        Asked++;
        var verdict = target.Ask(carried.ToRequest());
        if (verdict.Passes) Evasion = carried;
        return verdict.Score;
    }
}

/// <summary>One way to search for a form of an attack that passes.</summary>
internal interface IAttacker
{
    string Name { get; }

    void Attack(Seed seed, Carrier carrier, Session session, Random random);
}

/// <summary>Operators at random, a few at once; knows no scores.</summary>
internal sealed class RandomAttacker : IAttacker
{
    public string Name => "random operators";

    public void Attack(Seed seed, Carrier carrier, Session session, Random random)
    {
        session.Ask(new Carried(seed.Text, carrier));
        while (!session.IsOver)
            session.Ask(new Carried(Mutation.Of(seed.Text, seed.Family, random.Next(1, 5), random), carrier));
    }
}

/// <summary>
/// Keeps what scores lowest and changes it on. It sees scores, which no client does: stronger than whoever only sees
/// that a request is refused.
/// </summary>
internal sealed class GuidedAttacker : IAttacker
{
    private const int Kept = 5;

    public string Name => "guided by the score";

    public void Attack(Seed seed, Carrier carrier, Session session, Random random)
    {
        var best = new List<(double Score, string Text)> { (session.Ask(new Carried(seed.Text, carrier)), seed.Text) };
        while (!session.IsOver)
        {
            // The squared draw prefers what scores lowest.
            var draw = random.NextDouble();
            var from = best[(int)(draw * draw * best.Count)].Text;
            var text = Mutation.Of(from, seed.Family, random.Next(1, 3), random);
            if (random.Next(6) == 0) text = Padding.Beside(text, random.Next(5, 60), random);
            if (text.Length > 600 || best.Exists(b => b.Text == text)) text = Mutation.Of(seed.Text, seed.Family, 2,
                random);
            best.Add((session.Ask(new Carried(text, carrier)), text));
            best.Sort((a, b) => a.Score.CompareTo(b.Score));
            if (best.Count > Kept) best.RemoveAt(Kept);
        }
    }
}

/// <summary>Harmless text beside the attack, of any length and kind, on any side.</summary>
internal sealed class PaddingAttacker : IAttacker
{
    public string Name => "padding";

    public void Attack(Seed seed, Carrier carrier, Session session, Random random)
    {
        while (!session.IsOver)
        {
            var longest = carrier is Carrier.Query or Carrier.Path or Carrier.Cookie or Carrier.Header ? 3_000 : 60_000;
            var length = (int)(10 * Math.Pow(longest / 10.0, random.NextDouble()));
            session.Ask(new Carried(Padding.Beside(seed.Text, length, random), carrier));
        }
    }
}

/// <summary>
/// The same payload elsewhere: another carrier, other names, deeper, among many fields, escaped without need.
/// </summary>
internal sealed class StructuralAttacker : IAttacker
{
    private static readonly string[] Names =
        ["q", "id", "name", "comment", "x", "data", "file", "url", "page", "sort", "filter", "token", "a.b", "items",
            "text"];

    public string Name => "structure";

    public void Attack(Seed seed, Carrier carrier, Session session, Random random)
    {
        while (!session.IsOver)
        {
            session.Ask(new Carried(
                seed.Text, random.Next(3) == 0 ? carrier : (Carrier)random.Next(8), Names[random.Next(Names.Length)],
                random.Next(3) == 0 ? random.Next(300) : random.Next(4), random.Next(4), random.Next(8),
                random.Next(2) * random.Next(101)));
        }
    }
}

/// <summary>Writes each attack anew out of the parts that such attacks have, instead of changing one.</summary>
internal sealed class GrammarAttacker : IAttacker
{
    public string Name => "grammar";

    public void Attack(Seed seed, Carrier carrier, Session session, Random random)
    {
        while (!session.IsOver) session.Ask(new Carried(AttackGrammar.Write(seed.Family, random), carrier));
    }
}

/// <summary>All of that in turn, on one another.</summary>
internal sealed class CombinedAttacker : IAttacker
{
    public string Name => "combined";

    public void Attack(Seed seed, Carrier carrier, Session session, Random random)
    {
        var best = (Score: session.Ask(new Carried(seed.Text, carrier)), Text: seed.Text);
        while (!session.IsOver)
        {
            var source = random.Next(4) == 0 ? AttackGrammar.Write(seed.Family, random) : best.Text;
            var text = Mutation.Of(source, seed.Family, random.Next(0, 3), random);
            if (text.Length > 400) text = seed.Text;
            var sent = random.Next(2) == 0 ? Padding.Beside(text, random.Next(5, 400), random) : text;
            var score = session.Ask(new Carried(
                sent, random.Next(2) == 0 ? carrier : (Carrier)random.Next(8), Depth: random.Next(3),
                Escapes: random.Next(3) == 0 ? random.Next(60) : 0));
            if (score < best.Score) best = (score, text);
        }
    }
}

/// <summary>Applies operators.</summary>
internal static class Mutation
{
    public static string Of(string text, Family family, int count, Random random)
    {
        var mine = Operators.All.Where(o => o.IsFor(family)).ToArray();
        for (var i = 0; i < count; i++) text = mine[random.Next(mine.Length)].Apply(text, random);
        return text;
    }
}
