using WafOperator.SecLang;
using Xunit.Abstractions;

namespace WafOperator.Conformance;

/// <summary>
/// The bulk filter may only save work: every request of CRS's suite gets the same outcome with and without it.
/// </summary>
public sealed class DifferentialTests(ITestOutputHelper output)
{
    private const string LevelOne = "SecAction \"id:1,phase:1,nolog,pass,setvar:tx.paranoia_level=1\"";

    [Theory]
    [InlineData(null)]
    [InlineData(LevelOne)]
    public void Evaluate_WithAndWithoutFilter_GivesTheSameOutcome(string? setup)
    {
        var filtered = setup is null ? new CrsEngine(prefilter: true) : new CrsEngine(prefilter: true, setup);
        var plain = setup is null ? new CrsEngine(prefilter: false) : new CrsEngine(prefilter: false, setup);
        var jumps = CrsEngine.Document().Directives.OfType<RuleDirective>()
            .Where(rule => rule.Actions.Any(action => action.Name == "skipAfter")).Select(rule =>
                RuleFacts.Id(rule.Actions)).ToHashSet();
        var compared = 0;
        foreach (var test in CrsTestReader.ReadAll(CrsData.TestsFolder()))
        {
            foreach (var stage in test.Stages)
            {
                var expected = Describe(plain.Run(stage.Input), jumps);
                var actual = Describe(filtered.Run(stage.Input), jumps);
                Assert.True(expected == actual, $"{test.Title}\nwithout: {expected}\nwith:    {actual}");
                compared++;
            }
        }

        output.WriteLine($"{compared} requests compared.");
        Assert.True(compared > 2000);
    }

    /// <summary>Everything but the rules that only jump: the filter decides those beforehand.</summary>
    private static string Describe(CrsAnswer answer, HashSet<long> jumps) =>
        string.Join(' ', answer.RuleIds.Where(id => !jumps.Contains(id))) + "\n" + answer.Log;
}
