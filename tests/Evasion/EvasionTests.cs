using WafOperator.Evasion.Attackers;
using WafOperator.Evasion.Payloads;
using WafOperator.Evasion.Targets;

namespace WafOperator.Evasion;

/// <summary>
/// A short campaign with the released models, and what makes its figures honest. The long one is a command (README.md).
/// </summary>
public sealed class EvasionTests
{
    private static readonly Carrier[] Carriers = Enum.GetValues<Carrier>();

    /// <summary>What the newest release holds; figures by budget are in README.md.</summary>
    [Fact]
    public void AShortCampaign_EvadesNoMoreThanWhatIsRecorded()
    {
        const int Budget = 30;
        const double Recorded = 0.4;
        var findings = new Campaign(new Verdicts(), Budget, 1).Run(Seeds.All, Carriers).ToList();

        var output = new StringWriter();
        Report.Print(findings, Budget, output);
        Assert.True(Report.Evaded(findings, Budget) <= Recorded, output.ToString());
        Assert.Equal(Campaign.Attackers.Count * Seeds.All.Count, findings.Count);
    }

    /// <summary>
    /// An attacker who finds nothing where everything passes, or something where nothing does, proves nothing.
    /// </summary>
    [Fact]
    public void EveryAttacker_AgainstAnOpenAndAClosedDoor_FindsAtOnceAndNever()
    {
        var open = new Campaign(new Door(0), 5, 1).Run(Seeds.All, Carriers).ToList();
        var closed = new Campaign(new Door(1), 5, 1).Run(Seeds.All, Carriers).ToList();

        Assert.All(open, finding => Assert.Equal(1, finding.Queries));
        Assert.All(closed, finding => Assert.Null(finding.Queries));
    }

    [Fact]
    public void TheSameChance_GivesTheSameFindings()
    {
        List<Finding> Run(int chance) => [.. new Campaign(new LengthDoor(), 20, chance).Run(Seeds.All, Carriers)];

        Assert.Equal(Run(3), Run(3));
        Assert.NotEqual(Run(3), Run(4));
    }

    /// <summary>Whatever operators do, every family has some that change its payloads.</summary>
    [Fact]
    public void Operators_OfEveryFamily_ChangeItsPayloads()
    {
        var random = new Random(5);
        Assert.All(Seeds.All, seed =>
        {
            var texts = Enumerable.Range(0, 60).Select(_ => Mutation.Of(seed.Text, seed.Family, 3, random)).ToHashSet();
            Assert.True(texts.Count > 20, $"{seed}: {texts.Count}");
        });
    }

    [Fact]
    public void TheGrammar_WritesManyAttacksOfEveryFamily_WithoutOpenPlaces()
    {
        var random = new Random(6);
        Assert.All(Enum.GetValues<Family>(), family =>
        {
            var texts = Enumerable.Range(0, 200).Select(_ => AttackGrammar.Write(family, random)).ToHashSet();
            Assert.True(texts.Count > 15, $"{family}: {texts.Count}");
        });
    }

    /// <summary>The payload must arrive: each carrier's request holds it as one value after its own decoding.</summary>
    [Theory]
    [InlineData(0, 0, 0)]
    [InlineData(20, 3, 40)]
    public void EveryCarrier_BringsThePayload(int before, int depth, int escapes)
    {
        const string Payload = "1' or <b>&\"x\" = /etc/passwd";
        var target = new Recorder();
        foreach (var carrier in Carriers)
            target.Ask(new Carried(Payload, carrier, "q", before, 1, depth, escapes).ToRequest());

        Assert.All(Carriers.Zip(target.Values), pair =>
            Assert.True(pair.Second.Any(v => v.EndsWith(Payload, StringComparison.Ordinal)),
                $"{pair.First}: {string.Join(" | ", pair.Second)}"));
    }

    private sealed class Door(double score) : ITarget
    {
        public Verdict Ask(Benchmarks.Detection.LabelledRequest request) => new(score);
    }

    /// <summary>Lets through what is long.</summary>
    private sealed class LengthDoor : ITarget
    {
        public Verdict Ask(Benchmarks.Detection.LabelledRequest request) =>
            new(request.Uri.Length + request.Body.Length > 150 ? 0 : 1);
    }
}
