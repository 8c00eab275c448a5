using WafOperator.SecLang;

namespace WafOperator.Engine.Tests.Profiles;

/// <summary>Each limit at its edge and beyond it. Reaching one never throws, and shows in the outcome.</summary>
public sealed class LimitTests
{
    [Theory]
    [InlineData(2, true)]
    [InlineData(1, false)]
    public void RulesMax_Compile(int max, bool compiles)
    {
        var document = SecLangParser.Parse("SecAction \"id:1,pass\"\nSecAction \"id:2,pass\"").Document;
        var result = RuleProgram.Compile(document, With(EngineLimits.Default with { RulesMax = max }));

        Assert.Equal(compiles, result.Program is not null);
        Assert.Equal(compiles, result.Diagnostics.IsEmpty);
    }

    [Theory]
    [InlineData(3, 3)]
    [InlineData(2, 2)]
    public void TxVariablesMax_DropsFurtherOnes(int max, int kept)
    {
        var outcome = Run(EngineLimits.Default with { TxVariablesMax = max }, """
            SecRule ARGS_NAMES "@rx ." "id:1,phase:1,pass,nolog,setvar:'tx.x_%{MATCHED_VAR}=1'"
            SecRule TX:/^x_/ "@eq 1" "id:2,phase:1,pass,nolog,setvar:tx.score=+1"
            """, "/?a=&b=&c=");

        Assert.Equal(kept, outcome.Score);
    }

    [Theory]
    [InlineData(7, "abc-def")]
    [InlineData(5, "abc-d")]
    public void VariableBytesMax_CutsMacros(int max, string expected) => Assert.Equal(expected, Run(
        EngineLimits.Default with { VariableBytesMax = max },
        "SecAction \"id:1,phase:1,pass,setvar:'tx.text=%{ARGS.a}-%{ARGS.b}'\"", "/?a=abc&b=def").Text);

    [Theory]
    [InlineData(2, 0)]
    [InlineData(1, 1)]
    public void MatchesMax_CountsFurtherOnes(int max, int dropped)
    {
        var outcome = Run(EngineLimits.Default with { MatchesMax = max },
            "SecAction \"id:1,pass\"\nSecAction \"id:2,pass\"", "/");

        Assert.Equal((2, dropped), (outcome.Ids.Count, outcome.DroppedMatches));
    }

    [Theory]
    [InlineData(3, true)]
    [InlineData(2, false)]
    public void MatchedValuesMax_BoundsMatchedVars(int max, bool matches)
    {
        var outcome = Run(EngineLimits.Default with { MatchedValuesMax = max }, """
            SecRule ARGS "@rx ." "id:1,phase:1,pass,chain"
              SecRule MATCHED_VARS "@streq third"
            """, "/?a=1&b=2&c=third");

        Assert.Equal(matches, outcome.Ids.Contains(1));
    }

    [Theory]
    [InlineData(4, "abcd")]
    [InlineData(3, "abc")]
    public void MatchDataBytesMax_CutsReports(int max, string expected)
    {
        var outcome = Run(EngineLimits.Default with { MatchDataBytesMax = max },
            "SecRule ARGS:a \"@rx .\" \"id:1,phase:1,pass,logdata:'%{MATCHED_VAR}'\"", "/?a=abcd");

        Assert.Equal((expected, expected), (outcome.Matches[0].Data, outcome.Matches[0].Value));
    }

    [Theory]
    [InlineData(100_000, false)]
    [InlineData(50, true)]
    public void StepsMax_EndsTheEvaluation(long max, bool exhausted)
    {
        var outcome = Run(EngineLimits.Default with { StepsMax = max, StepsPerByteMax = 0 },
            "SecRule ARGS \"!@rx zzz\" \"id:1,phase:1,pass\"\nSecRule ARGS \"@rx x\" \"id:2,phase:1,pass\"",
            "/?a=" + new string('x', 100));

        Assert.Equal(exhausted, outcome.Exhausted);
        Assert.Equal(!exhausted, outcome.Ids.Contains(2));
    }

    [Theory]
    [InlineData(0, true)]
    [InlineData(200, false)]
    public void StepsPerByteMax_AddsWorkForLongRequests(long perByte, bool exhausted)
    {
        var outcome = Run(EngineLimits.Default with { StepsMax = 50, StepsPerByteMax = perByte },
            "SecRule ARGS \"!@rx zzz\" \"id:7,phase:1,pass\"", "/?a=" + new string('x', 100));

        Assert.Equal(exhausted, outcome.Exhausted);
    }

    [Theory]
    [InlineData(0, true)]
    [InlineData(10_000, false)]
    public void RegexStepsPerByteMax_AddsStepsForLongValues(long perByte, bool exhausted)
    {
        var limits = new EngineLimits
        {
            RegexStepsPerSearchMax = 100, RegexStepsMax = 100, RegexStepsPerByteMax = perByte,
        };
        var outcome = Run(limits, "SecRule ARGS \"@rx (a+)+\\1$\" \"id:1,phase:1,pass,capture\"",
            "/?a=" + new string('a', 12) + "!");

        Assert.Equal(exhausted, outcome.Exhausted);
    }

    [Theory]
    [InlineData(100_000, false)]
    [InlineData(20_000, true)]
    public void TransactionBytesMax_EndsTheEvaluation(int max, bool exhausted)
    {
        var limits = EngineLimits.Default with { TransactionBytesMax = max, RetainedBytesMax = 4096 };
        var outcome = Run(limits, "SecRule ARGS \"@rx a\" \"id:1,phase:1,pass,t:hexEncode\"", "/?a=" + new string('x',
            15_000));

        Assert.Equal(exhausted, outcome.Exhausted);
    }

    [Fact]
    public void RegexSteps_BeyondTheLimit_AreAnOutcomeAndNoMatch()
    {
        const string Rules = "SecRule ARGS \"@rx (a+)+\\1$\" \"id:1,phase:1,pass,capture\"\nSecRule "
            + "MSC_PCRE_LIMITS_EXCEEDED \"@eq 1\" \"id:2,phase:1,pass\"";
        var uri = "/?a=" + new string('a', 60) + "!";
        var limits = EngineLimits.Default with { RegexStepsPerByteMax = 0 };
        var few = Run(limits with { RegexStepsPerSearchMax = 1000 }, Rules, uri);
        var none = Run(limits with { RegexStepsMax = 1000 }, Rules, uri);

        Assert.All([few, none], outcome => Assert.True(outcome is { Exhausted: true, RegexLimitsExceeded: 1 }));
        Assert.All([few, none], outcome => Assert.Equal([2], outcome.Ids));
    }

    [Theory]
    [InlineData(2, "1|1")]
    [InlineData(1, "1|")]
    public void CollectionVariablesMax_BoundsARecord(int max, string expected) => Assert.Equal(expected, Run(
        EngineLimits.Default with { CollectionVariablesMax = max },
        "SecAction "
            + "\"id:1,phase:1,pass,initcol:ip=%{REMOTE_ADDR},setvar:ip.a=1,setvar:ip.b=1,"
            + "setvar:'tx.text=%{ip.a}|%{ip.b}'\"", "/").Text);

    [Fact]
    public void CollectionKeyBytesMax_CutsKeys()
    {
        var program = Profile.Compile(
            "SecAction \"id:1,phase:1,pass,initcol:ip=%{ARGS.k},setvar:ip.n=+1,setvar:'tx.score=%{ip.n}'\"",
            With(EngineLimits.Default with { CollectionKeyBytesMax = 20 }));
        new Profile("") { Uri = "/?k=" + new string('a', 30) }.Run(program);

        Assert.Equal(2, new Profile("") { Uri = "/?k=" + new string('a', 40) }.Run(program).Score);
    }

    private static EngineOptions With(EngineLimits limits) => EngineOptions.Default with { Limits = limits };

    private static Outcome Run(EngineLimits limits, string rules, string uri) =>
        new Profile("") { Uri = uri }.Run(Profile.Compile(rules, With(limits)));
}
