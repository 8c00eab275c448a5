using System.Text.Json;
using WafOperator.Cli.Events;
using WafOperator.Cli.Output;
using WafOperator.Cli.Tuning;
using WafOperator.Protocols;
using WafOperator.Protocols.Events;

namespace WafOperator.Cli.Tests.Events;

public sealed class TuningTests
{
    private static readonly DateTimeOffset Now = new(2026, 6, 1, 0, 0, 0, TimeSpan.Zero);

    internal static SecurityEvent Decision(
        string id, string client = "192.0.2.1", string path = "/search", string variable = "ARGS:q",
            long rule = 942100) => new()
        {
            Id = "0000000000" + id, Time = Now, Namespace = "web", Policy = "shop", Revision = "r", Client = client,
            Method = "GET", Path = path, Verdict = VerdictKind.Block, Reason = "Rules", StatusCode = 403,
                AnomalyScore = 5,
            Message = "rules found an attack", Rules =
            [
                new RuleMatch { Id = rule, Message = "SQL", Variable = variable }, new RuleMatch { Id = 949110 },
            ],
        };

    internal static string Line(SecurityEvent decision) =>
        JsonSerializer.Serialize(decision, ProtocolJson.Default.SecurityEvent);

    [Theory]
    [InlineData("\"client\":\"192.0.2.1\"", "\"client\":null")]
    [InlineData("\"rules\":[", "\"rules\":[null,")]
    [InlineData("\"path\":\"/search\"", "\"path\":\"\\ud800\"")]
    [InlineData("\"verdict\":\"Block\"", "\"verdict\":[]")]
    [InlineData("waf-event/v1", "waf-event/v9")]
    public void LinesThatLackAPart_AreNoDecisions(string part, string instead)
    {
        var line = Line(Decision("00000001"));
        Assert.NotNull(DecisionLine.Read(new(line, true)));
        Assert.Null(DecisionLine.Read(new(line, false)));
        Assert.Contains(part, line, StringComparison.Ordinal);
        Assert.Null(DecisionLine.Read(new(line.Replace(part, instead, StringComparison.Ordinal), true)));
    }

    /// <summary>Whoever may run a pod writes what he likes into its log.</summary>
    [Fact]
    public void ADecision_IsALineOfPlainText_WhateverIsInIt()
    {
        const string hostile = "\u001b]52;c;AAAA\u0007\u202e";
        var decision = Decision("00000001" + hostile) with
        {
            Namespace = hostile, Policy = hostile, Client = hostile, Method = hostile, Path = "/" + hostile,
            Reason = hostile, Host = hostile, Message = hostile,
        };
        foreach (var read in new[] { decision, DecisionLine.Read(new(Line(decision), true))! })
        {
            var shown = EventText.Line(read, new Paint(false));
            Assert.DoesNotContain(shown, letter => char.IsControl(letter) || letter == '\u202e');
        }

        Assert.Equal(
            EventReasons.Other, DecisionLine.Read(new(Line(decision), true))!.Reason);
        Assert.Null(DecisionLine.Read(new(Line(Decision("1") with { Path = "/" }), false)));
    }

    /// <summary>An attacker's path is no pattern of an exclusion.</summary>
    [Theory]
    [InlineData("/{")]
    [InlineData("/{id}/x")]
    [InlineData("/shop/{")]
    public void APathWithBraces_GetsAnExclusionForItselfAlone(string path)
    {
        var (proposals, _) = TuningProposals.Of([Decision("00000001", path: path)], Now);
        Assert.Equal(path, Assert.Single(proposals).Exclusion.Spec.Match!.Path);
    }

    [Theory]
    [InlineData("/*")]
    [InlineData("/shop/search*")]
    public void APathThatIsAPattern_GetsNone(string path)
    {
        var (proposals, left) = TuningProposals.Of([Decision("00000001", path: path)], Now);
        Assert.Empty(proposals);
        Assert.Equal(1, left);
    }

    /// <summary>
    /// A scanner asks for as many paths as it likes, and pushes out nobody who meets a false positive.
    /// </summary>
    [Fact]
    public async Task AScanner_KeepsNobodyWaiting_AndHidesNothing()
    {
        var scan = Enumerable.Range(0, 20_000).Select(i => Decision($"{i:x8}", "192.0.2.9", $"/{i}"));
        var people = Enumerable.Range(0, 3).Select(i => Decision($"a000000{i}", $"198.51.100.{i}"));
        var (proposals, left) = await Task.Run(() => TuningProposals.Of([.. people, .. scan], Now))
            .WaitAsync(TimeSpan.FromMinutes(2));
        Assert.Equal(TuningProposals.ProposalsMax, proposals.Count);
        Assert.Equal(("/search", 3), (proposals[0].Exclusion.Spec.Match!.Path, proposals[0].Clients));
        Assert.Equal(20_003 - 3 - (TuningProposals.ProposalsMax - 1), left);
    }

    [Fact]
    public void AlikeRequests_GetOneExclusion_WithAllRulesThatMatchedThere()
    {
        var (proposals, left) = TuningProposals.Of(
            [Decision("00000001"), Decision("00000002", "192.0.2.2", rule: 942200),
                Decision("00000003", path: "/other")], Now);
        Assert.Equal(0, left);
        Assert.Equal(2, proposals.Count);
        var widest = proposals[0];
        Assert.Equal((2, 2), (widest.Requests, widest.Clients));
        Assert.Equal(["942100", "942200"], widest.Exclusion.Spec.Rules);
        Assert.Equal(("/search", "q"), (widest.Exclusion.Spec.Match!.Path, widest.Exclusion.Spec.Match.Name));
        Assert.Equal(Now.AddDays(90), widest.Exclusion.Spec.ExpiresAt);
    }

    [Fact]
    public void WhatPassed_AndWhatSomethingElseDecided_GetsNone()
    {
        var passed = Decision("00000001") with { Verdict = VerdictKind.Allow };
        var limited = Decision("00000002") with { Reason = "RateLimit", Verdict = VerdictKind.Limited };
        var (proposals, left) = TuningProposals.Of([passed, limited], Now);
        Assert.Empty(proposals);
        Assert.Equal(1, left);
    }

    [Fact]
    public async Task TheYaml_IsWhatAnalyzeAndKubectlTake()
    {
        var log = Line(Decision("00000001")) + "\nnot a decision\n" + Line(Decision("00000002", "192.0.2.2")) + "\n";
        var run = await CliRun.WithInput(log, "tune", "-f", "-", "-o", "yaml");
        Assert.Contains("kind: WafExclusion", run.Out, StringComparison.Ordinal);
        Assert.DoesNotContain("status:", run.Out, StringComparison.Ordinal);
        Assert.Equal(0, (await CliRun.WithInput(run.Out, "analyze", "-f", "-")).Code);
    }

    [Fact]
    public async Task OneClientAlone_IsNotProposedByItself()
    {
        var run = await CliRun.WithInput(Line(Decision("00000001")) + "\n", "tune", "-f", "-");
        Assert.StartsWith("0 proposals; 1 more are for fewer clients", run.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AnEvent_IsExplained_WithWhatToDo()
    {
        var run = await CliRun.WithInput(Line(Decision("00000001")), "explain", "event", "000000000000000001", "-f",
            "-");
        Assert.Equal(0, run.Code);
        Assert.Contains("942100 SQL in ARGS:q", run.Out, StringComparison.Ordinal);
        Assert.Contains("exclude 942100 for Parameter q of /search", run.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AnEventThatIsNotThere_IsSaid() =>
        Assert.Equal(1, (await CliRun.WithInput("", "explain", "event", "x", "-f", "-")).Code);
}
