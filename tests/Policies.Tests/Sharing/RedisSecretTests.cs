using WafOperator.Policies.Compilation;
using WafOperator.Protocols.Policies;
using WafOperator.Resources;
using WafOperator.Resources.Policies;

namespace WafOperator.Policies.Tests.Sharing;

public sealed class RedisSecretTests
{
    private const string Password = "a long password";

    [Theory]
    [InlineData("", Password, "servers names 1 to 32 servers")]
    [InlineData("redis", Password, "\"redis\" is not host:port")]
    [InlineData("redis:0", Password, "\"redis:0\" is not host:port")]
    [InlineData("redis:6379,user@redis:6379", Password, "\"user@redis:6379\" is not host:port")]
    [InlineData("redis:6379,ssl=false:1 2", Password, "is not host:port")]
    [InlineData("redis:6379", "short", "password has 8 to 512 characters")]
    [InlineData("redis:6379", null, "without one everybody")]
    public void WhatCannotBeUsed_IsSaid_WithoutThePassword(string servers, string? password, string problem)
    {
        var secret = Read(servers, password);

        Assert.Contains(problem, secret.Problem, StringComparison.Ordinal);
        if (password is not null) Assert.DoesNotContain(password, secret.Problem, StringComparison.Ordinal);
    }

    [Fact]
    public void TheSecret_BecomesWhatSidecarsNeed_EncryptedUnlessItSaysOtherwise()
    {
        var policy = Read("one:6379, two:6380", Password, ("username", "waf"), ("service", "primary"))
            .ToPolicy("shop", "main");
        var plain = Read("one:6379", Password, ("tls", "false")).ToPolicy("shop", "main");

        Assert.Equal(["one:6379", "two:6380"], policy.Servers);
        Assert.Equal((true, "waf", "primary", Password), (policy.Tls, policy.User, policy.Service, policy.Password));
        Assert.False(plain.Tls);
        Assert.Equal(32, Convert.FromBase64String(policy.HashKey).Length);
        Assert.Equal(policy.HashKey, plain.HashKey);
        Assert.NotEqual(policy.HashKey, Read("one:6379", Password).ToPolicy("shop", "other").HashKey);
        Assert.DoesNotContain(Password, policy.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void APolicyWithRateLimits_IsDivided_AndOneWithoutAnyStaysAsItWas()
    {
        Assert.Null(Compile(new WafPolicySpec()).Document!.Sharing);
        var divided = Compile(new WafPolicySpec { RateLimits = [new RateLimitSpec { Name = "all", Requests = 5 }] });
        Assert.Equal(LimitSharing.Divided, divided.Document!.Sharing!.Limits);
        Assert.Null(divided.Document.Sharing.Redis);
    }

    [Fact]
    public void ASecretThatIsMissing_IsAFinding_AndReplicasCountByThemselves()
    {
        var spec = new WafPolicySpec { Sharing = new SharingSpec { Redis = new RedisSpec { Secret = "waf-redis" } } };
        var without = Compile(spec);
        var with = Compile(spec, Read("redis:6379", Password));

        var finding = Assert.Single(without.Findings);
        Assert.Equal((FindingKind.RedisNotFound, FindingSeverity.Warning), (finding.Kind, finding.Severity));
        Assert.Null(without.Document!.Sharing!.Redis);
        Assert.Empty(with.Findings);
        Assert.Equal(["redis:6379"], with.Document!.Sharing!.Redis!.Servers);
    }

    private static RedisSecret Read(string servers, string? password, params (string Key, string Value)[] more) =>
        RedisSecret.Read("waf-redis", key => key == "servers" ? servers : key == "password" ? password
            : more.FirstOrDefault(pair => pair.Key == key).Value);

    private static PolicyCompilation Compile(WafPolicySpec spec, RedisSecret? redis = null) =>
        PolicyCompiler.Compile(new PolicyInputs
        {
            Policy = new WafPolicy { Metadata = new ObjectMeta { Namespace = "shop", Name = "main" }, Spec = spec },
            Redis = redis, Now = DateTimeOffset.UnixEpoch,
        });
}
