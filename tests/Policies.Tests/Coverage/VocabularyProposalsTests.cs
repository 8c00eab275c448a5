using WafOperator.Policies.Coverage;
using WafOperator.Protocols.Status;
using WafOperator.Resources.Policies;

namespace WafOperator.Policies.Tests.Coverage;

public sealed class VocabularyProposalsTests
{
    [Fact]
    public void WhatManyClientsSent_IsProposed_OnceForAllSidecars()
    {
        var found = VocabularyProposals.Of(new RulesSpec(),
        [
            [Seen(SeenKind.Method, "PURGE", 30, 9), Seen(SeenKind.ContentType, "application/x-own", 1234, 32)],
            [Seen(SeenKind.Method, "PURGE", 25, 5), Seen(SeenKind.Charset, "shift_jis", 99, 8)],
        ]);

        Assert.Equal(
            [
                ("rules.allowedContentTypes", "application/x-own", 1000L, 32), ("rules.allowedMethods", "PURGE", 50, 9),
                ("rules.allowedCharsets", "shift_jis", 90, 8),
            ],
            found.Select(proposal => (proposal.Field, proposal.Value, proposal.Requests, proposal.Clients)));
    }

    [Theory]
    [InlineData(SeenKind.Method, "PURGE", 1_000_000, 7)]
    [InlineData(SeenKind.Method, "PURGE", 49, 32)]
    [InlineData(SeenKind.Method, "PATCH", 1000, 32)]
    [InlineData(SeenKind.Method, "TRACE", 1000, 32)]
    [InlineData(SeenKind.Method, "purge", 1000, 32)]
    [InlineData(SeenKind.ContentType, "application/json", 1000, 32)]
    [InlineData(SeenKind.ContentType, "a/b|c", 1000, 32)]
    [InlineData(SeenKind.Charset, "utf-8", 1000, 32)]
    [InlineData(SeenKind.Charset, "utf-7", 1000, 32)]
    [InlineData(SeenKind.Charset, "utf-16le", 1000, 32)]
    [InlineData(SeenKind.Charset, "ibm037", 1000, 32)]
    [InlineData(SeenKind.Charset, "iso-2022-kr", 1000, 32)]
    [InlineData(SeenKind.ParameterStyle, "Repeated", 1000, 32)]
    [InlineData((SeenKind)7, "x", 1000, 32)]
    public void WhatFewSent_IsAllowed_OrIsNoneToAllow_IsNotProposed(
        SeenKind kind, string value, long requests, int clients) =>
        Assert.Empty(VocabularyProposals.Of(new RulesSpec(), [[Seen(kind, value, requests, clients)]]));

    [Fact]
    public void OneClientOfManySidecars_AndASidecarThatRepeatsItself_ProposeNothing()
    {
        var one = Seen(SeenKind.Method, "PURGE", 1000, 1);

        Assert.Empty(VocabularyProposals.Of(
            new RulesSpec(), [.. Enumerable.Repeat<IReadOnlyList<SeenValue>>([one], 20)]));
        Assert.Empty(VocabularyProposals.Of(
            new RulesSpec(), [[.. Enumerable.Repeat(Seen(SeenKind.Method, "PURGE", 10, 32), 100)]]));
    }

    [Fact]
    public void WhatThePolicyNames_IsNotProposedAgain_AndTheListIsBounded()
    {
        var spec = new RulesSpec { AllowedMethods = ["GET", "PURGE"] };
        var many = Enumerable.Range(0, 100).Select(i => Seen(SeenKind.ContentType, $"a/x{i}", 1000, 32));

        Assert.Empty(VocabularyProposals.Of(spec, [[Seen(SeenKind.Method, "PURGE", 1000, 32)]]));
        Assert.Equal("POST", Assert.Single(
            VocabularyProposals.Of(spec, [[Seen(SeenKind.Method, "POST", 1000, 32)]])).Value);
        Assert.Equal(VocabularyProposals.ProposalsMax, VocabularyProposals.Of(spec, [[.. many]]).Count);
    }

    private static SeenValue Seen(SeenKind kind, string value, long requests, int clients) =>
        new() { Kind = kind, Value = value, Requests = requests, Clients = clients };
}
