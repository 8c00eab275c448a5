using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using WafOperator.Console.Intake;
using WafOperator.Console.Store;
using WafOperator.Protocols;
using WafOperator.Protocols.Events;

namespace WafOperator.Console.Tests.Intake;

public sealed class EventPreparationTests
{
    [Theory]
    [InlineData("/", "/")]
    [InlineData("", "/")]
    [InlineData("/orders/4711", "/orders/{n}")]
    [InlineData("/orders/4711/", "/orders/{n}")]
    [InlineData("/users/3f2504e0-4f89-11d3-9a0c-0305e82c3301/photo.png", "/users/{uuid}/photo.png")]
    [InlineData("/blob/9f86d081884c7d65", "/blob/{hex}")]
    [InlineData("/facade/about-us", "/facade/about-us")]
    [InlineData("/a/<script>", "/a/{text}")]
    [InlineData("/a/..%2f..", "/a/{text}")]
    [InlineData("/a/b?c=d", "/a/b")]
    [InlineData("/a;jsessionid=1/b", "/a")]
    [InlineData("/1/2/3/4/5/6/7/8/9/10", "/{n}/{n}/{n}/{n}/{n}/{n}/{n}/{n}/…")]
    public void ARoute_IsThePathWithoutWhatDiffers(string path, string route) =>
        Assert.Equal(route, RouteTemplate.Of(path));

    [Theory]
    [InlineData("Rules", "attack-sqli", "sqli")]
    [InlineData("Rules", "attack-injection-php", "php")]
    [InlineData("Rules", "attack-reputation-scanner", "scanner")]
    [InlineData("Rules", "attack-fixation", "sessionfixation")]
    [InlineData("Rules", "attack-unheard-of", "other")]
    [InlineData("Rules", "language-php", "other")]
    [InlineData("RateLimit", "attack-sqli", "rate-limit")]
    [InlineData("Protocol", "", "protocol")]
    [InlineData("Uninspected", "", "uninspected")]
    [InlineData("Behaviour", "attack-sqli", "behaviour")]
    [InlineData("made-up-by-a-client", "attack-xss", "xss")]
    public void AKind_IsOneOfAClosedList(string reason, string tag, string kind)
    {
        var e = TestEvents.Attack() with
        {
            Reason = reason, Models = [], Rules = [new RuleMatch { Id = 1, Tags = [tag] }],
        };
        Assert.Equal(kind, AttackKinds.Of(e));
        Assert.Contains(kind, AttackKinds.All);
    }

    [Fact]
    public void AnAttackWeighsMoreThanTheProtocol() => Assert.Equal("xss", AttackKinds.Of(TestEvents.Attack() with
    {
        Models = [],
        Rules =
        [
            new RuleMatch { Id = 1, Tags = ["attack-protocol"] }, new RuleMatch { Id = 2, Tags = ["attack-protocol"] },
            new RuleMatch { Id = 3, Tags = ["attack-xss"] },
        ],
    }));

    [Theory]
    [InlineData("ARGS:items.17.name", "ARGS:items.#.name")]
    [InlineData("REQUEST_HEADERS:Referer", "REQUEST_HEADERS:Referer")]
    public void AParameter_IsThePartThatMatched_WithoutItsNumbers(string variable, string parameter) =>
        Assert.Equal(parameter, AttackKinds.ParameterOf(TestEvents.Attack(variable: variable)));

    [Fact]
    public void AParameter_IsTheModelsPart_WhereNoRuleNamesOne() =>
        Assert.Equal("query:q", AttackKinds.ParameterOf(TestEvents.Attack(variable: "TX:x")));

    [Theory]
    [InlineData("Critical", ThreatLevel.Critical)]
    [InlineData("medium", ThreatLevel.High)]
    [InlineData(null, ThreatLevel.High)]
    [InlineData("7", ThreatLevel.High)]
    public void AThreatLevel_IsTheHigherOfRiskAndSeverity(string? risk, ThreatLevel level) =>
        Assert.Equal(level, ThreatLevels.Of(TestEvents.Attack() with { Risk = risk }));

    [Fact]
    public void AThreatLevel_OfWhatPassed_IsLowWithAMatch_AndNoneWithout()
    {
        Assert.Equal(ThreatLevel.None, ThreatLevels.Of(TestEvents.Passed()));
        Assert.Equal(ThreatLevel.Low, ThreatLevels.Of(TestEvents.Passed() with { Rules = [new RuleMatch { Id = 1 }] }));
    }

    public static TheoryData<string, SecurityEvent> Refused => new()
    {
        { "format", TestEvents.Attack() with { Format = "waf-event/v0" } },
        { "id", TestEvents.Attack() with { Id = "short" } },
        { "id", TestEvents.Attack() with { Id = new string('G', 32) } },
        { "future", TestEvents.Attack(TestEvents.Now.AddMinutes(6)) },
        { "old", TestEvents.Attack(TestEvents.Now.AddDays(-31)) },
        { "namespace", TestEvents.Attack(ns: "") },
        { "verdict", TestEvents.Attack() with { Verdict = (VerdictKind)77 } },
    };

    [Theory, MemberData(nameof(Refused))]
    public void AnEventThatCannotBeTrue_IsRefusedWithAWord(string word, SecurityEvent e)
    {
        Assert.Null(EventPreparation.Prepare(e, TestEvents.Now, TestEvents.KeepFor, out var refusal));
        Assert.Equal(word, refusal);
    }

    [Fact]
    public void WhateverASidecarSends_IsBounded()
    {
        var huge = new string('x', 100_000) + "\0";
        var e = TestEvents.Attack() with
        {
            Policy = huge, Revision = huge, Pod = huge, Client = huge, Method = huge, Path = "/" + huge, Host = huge,
            Reason = huge, Message = huge, Risk = huge, Score = double.NaN, RuleEvidence = double.PositiveInfinity,
            Rules = [.. Enumerable.Range(0, 5_000)
                .Select(i => new RuleMatch { Id = i, Message = huge, Variable = huge, Data = huge, Tags = [huge] })],
            Models = [.. Enumerable.Range(0, 5_000)
                .Select(_ => new ModelResult { Model = huge, Version = huge, Outcome = huge, Score = double.NaN,
                Excerpt = huge })],
            Exclusions = [.. Enumerable.Repeat(huge, 5_000)],
            Behaviour = new BehaviourFinding { Risk = double.NaN, By = huge, Action = huge },
            Bot = new BotFinding { Weight = int.MaxValue, Reasons = [.. Enumerable.Repeat(huge, 5_000)] },
            Coverage = new InspectionCoverage { Limits = [.. Enumerable.Repeat(huge, 5_000)], Uninspected =
                [(UninspectedReason)999] },
        };

        var prepared = TestEvents.Prepared(e);

        Assert.InRange(prepared.Json.Length, 1, 1_000_000);
        // Words of the event, and its rules.
        Assert.InRange(prepared.Terms.Count, 1, 48 + 64);
        Assert.All(prepared.Terms, term => Assert.InRange(term.Length, 1, SearchTerms.LengthMax));
        Assert.InRange(prepared.Route.Length, 1, 512);
        Assert.InRange(prepared.Parameter.Length, 0, 64);
        Assert.Equal("Other", prepared.Event.Reason);
        Assert.Null(prepared.Event.Score);
        Assert.Equal((0, 32), (prepared.Event.Behaviour!.Risk, prepared.Event.Behaviour.Action.Length));
        Assert.Equal((100, 64), (prepared.Event.Bot!.Weight, prepared.Event.Bot.Reasons.Count));
        Assert.DoesNotContain("\\u0000", Encoding.UTF8.GetString(prepared.Json), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("fe80::1%eth0", "fe80::1")]
    [InlineData("2001:db8::7", "2001:db8::7")]
    [InlineData("198.51.100.7", "198.51.100.7")]
    [InlineData("no%address", "no%address")]
    public void AnAddress_HasNoZone(string client, string kept) =>
        Assert.Equal(kept, TestEvents.Prepared(TestEvents.Attack(client: client)).Event.Client);

    public static TheoryData<string, string> Nulls()
    {
        var data = new TheoryData<string, string>();
        var whole = JsonSerializer.SerializeToNode(Full, ProtocolJson.Default.SecurityEvent)!.AsObject();
        foreach (var path in PathsOf(whole, "$"))
        {
            foreach (var value in new[] { "null", "[null]", "{}", "\"\"", "-1", "1e308", "[]" }) data.Add(path, value);
        }

        return data;
    }

    private static SecurityEvent Full => TestEvents.Attack() with
    {
        Behaviour = new BehaviourFinding { Risk = 0.5, By = "violations", Action = "Log" },
        Bot = new BotFinding { Weight = 7, Reasons = ["no-agent"] },
        Exclusions = ["titles"],
        Coverage = new InspectionCoverage { IsWhole = false, Uninspected = [UninspectedReason.Limit], Limits = ["x"] },
    };

    /// <summary>Whatever stands at any place of an event, it is read, or refused with a word: nothing else.</summary>
    [Theory, MemberData(nameof(Nulls))]
    public void AnyValueAtAnyPlace_EndsAtItsOwnEvent(string path, string value)
    {
        var whole = JsonSerializer.SerializeToNode(Full, ProtocolJson.Default.SecurityEvent)!;
        Set(whole, path, JsonNode.Parse(value));
        SecurityEvent? received;
        try
        {
            received = JsonSerializer.Deserialize(whole.ToJsonString(), ProtocolJson.Default.SecurityEvent);
        }
        catch (JsonException)
        {
            return;
        }

        var prepared = EventPreparation.Prepare(received!, TestEvents.Now, TestEvents.KeepFor, out var refusal);
        Assert.True(prepared is not null ^ refusal is not null);
    }

    private static IEnumerable<string> PathsOf(JsonNode node, string path)
    {
        if (path != "$") yield return path;
        var inner = node switch
        {
            JsonObject o => o.Where(p => p.Value is not null).SelectMany(p => PathsOf(p.Value!, $"{path}/{p.Key}")),
            JsonArray { Count: > 0 } a => PathsOf(a[0]!, $"{path}/0"),
            _ => [],
        };
        foreach (var below in inner) yield return below;
    }

    private static void Set(JsonNode root, string path, JsonNode? value)
    {
        var steps = path.Split('/')[1..];
        var at = root;
        foreach (var step in steps[..^1]) at = at is JsonArray list ? list[0]! : at[step]!;
        if (at is JsonArray array) array[0] = value;
        else at.AsObject()[steps[^1]] = value;
    }

    [Fact]
    public void AListThatIsNull_IsEmpty()
    {
        var prepared = TestEvents.Prepared(TestEvents.Attack() with { Rules = null!, Models = null!, Exclusions =
            null! });
        Assert.Equal((0, 0, 0),
            (prepared.Event.Rules.Count, prepared.Event.Models.Count, prepared.Event.Exclusions.Count));
    }
}
