using System.Net;
using WafOperator.Engine;
using WafOperator.Http;
using WafOperator.Protocols.Policies;
using WafOperator.Proxy.Snapshots;
using WafOperator.Proxy.Tests.Harness;

namespace WafOperator.Proxy.Tests.Snapshots;

/// <summary>What a policy, its routes and its rules say about bodies → the bounds of the reader.</summary>
public sealed class ReadingLimitsTests
{
    private static readonly BodyLimits Few = new()
    {
        Arguments = 10, JsonValues = 11, Depth = 12, XmlNodes = 13, Parts = 14, Files = 15,
    };

    private static readonly PolicyDocument Plain = TestSidecar.Policy(InspectionMode.Enforce) with
    {
        Body = new BodyInspection { LimitBytes = 100 },
    };

    [Fact]
    public void Of_APlainPolicy_HoldsItsLimitAndShowsItWhole()
    {
        var limits = Of(Plain);

        Assert.Equal(100, limits.BodyBytesMax);
        Assert.Equal(HttpLimits.Default.ArgumentsMax, limits.ArgumentsMax);
        Assert.True(limits.ArgumentBytesMax >= limits.BodyBytesMax && limits.FileBytesMax >= limits.BodyBytesMax);
    }

    [Fact]
    public void Of_LongBodies_ShowsThemWholeToo()
    {
        var bytes = HttpLimits.Default.ArgumentBytesMax * 2;
        var limits = Of(Plain with { Body = new BodyInspection { LimitBytes = bytes } });

        Assert.Equal((bytes, bytes, bytes), (limits.BodyBytesMax, limits.ArgumentBytesMax, limits.FileBytesMax));
    }

    [Fact]
    public void Of_BodyLimits_AreWhatThePolicySays()
    {
        var limits = Of(Plain with { Body = Plain.Body with { Limits = Few } });

        Assert.Equal((10, 11, 12), (limits.ArgumentsMax, limits.JsonLeavesMax, limits.JsonDepthMax));
        Assert.Equal((12, 12, 13), (limits.XmlDepthMax, limits.GraphQlDepthMax, limits.XmlNodesMax));
        Assert.Equal((14, 15), (limits.MultipartPartsMax, limits.FilesMax));
    }

    [Theory]
    [InlineData(5, 3, 5, 3)]
    [InlineData(null, 3, null, 3)]
    [InlineData(5_000, 50_000, 5_000, 50_000)]
    [InlineData(null, null, null, null)]
    public void Of_WhatRulesSay_GoesBefore(int? depth, int? arguments, int? expectedDepth, int? expectedArguments)
    {
        var limits = ReadingLimits.Of(
            Plain, new RouteTable(Plain), new EngineSettings { JsonDepthMax = depth, ArgumentsMax = arguments });

        Assert.Equal(expectedDepth ?? HttpLimits.Default.JsonDepthMax, limits.JsonDepthMax);
        Assert.Equal(expectedArguments ?? HttpLimits.Default.ArgumentsMax, limits.ArgumentsMax);
    }

    [Fact]
    public void Of_ResponseLimitOfRules_IsBounded()
    {
        var limits = ReadingLimits.Of(
            Plain, new RouteTable(Plain), new EngineSettings { ResponseBodyBytesMax = long.MaxValue });

        Assert.InRange(limits.ResponseBodyBytesMax, 1, 16 * 1024 * 1024);
    }

    [Theory]
    [InlineData("/", 11, HttpStatusCode.OK)]
    [InlineData("/few", 10, HttpStatusCode.OK)]
    [InlineData("/few", 11, HttpStatusCode.Forbidden)]
    [InlineData("/many", 11, HttpStatusCode.OK)]
    [InlineData("/few/../many", 11, HttpStatusCode.OK)]
    public async Task BodyLimits_OfARoute_AreAboutThatRoute(string path, int fields, HttpStatusCode expected)
    {
        await using var upstream = await TestUpstream.StartAsync();
        await using var sidecar = await TestSidecar.StartAsync(
            upstream.Address, TestSidecar.Policy(InspectionMode.Enforce, "SecAction id:1,phase:2,pass,nolog") with
            {
                Routes =
                [
                    new RoutePolicy { PathPrefix = "/few", Body = new BodyInspection { Limits = Few } },
                    new RoutePolicy { PathPrefix = "/many", Body = new BodyInspection() },
                ],
            });
        var body = string.Join('&', Enumerable.Range(0, fields).Select(i => $"f{i}=tea"));

        var answer = await RawConnection.ExchangeAsync(
            sidecar.Endpoint,
            $"POST {path} HTTP/1.1\r\nHost: shop\r\nContent-Type: application/x-www-form-urlencoded\r\n"
            + $"Content-Length: {body.Length}\r\nConnection: close\r\n\r\n{body}");

        Assert.StartsWith($"HTTP/1.1 {(int)expected}", answer, StringComparison.Ordinal);
    }

    /// <summary>A request object goes back to a pool: the next request on it has the policy's bounds again.</summary>
    [Fact]
    public void Reset_AfterARoutesLimits_BringsThePolicysBack()
    {
        var request = new CanonicalRequest { Limits = new HttpLimits { ArgumentsMax = 1 } };
        Assert.True(Read(request).Exceeded.HasFlag(ExceededLimits.Arguments));

        request.Reset();

        Assert.Equal(ExceededLimits.None, Read(request).Exceeded);
    }

    private static CanonicalRequest Read(CanonicalRequest request)
    {
        request.Begin("GET", "/?a=1&b=2", "HTTP/1.1");
        request.EndHeaders();
        return request;
    }

    private static HttpLimits Of(PolicyDocument policy) => ReadingLimits.Of(policy, new RouteTable(policy), null);
}
