using System.Text;

namespace WafOperator.Http.Tests.Messages;

/// <summary>Bytes that programs of gRPC put into header fields are shown decoded.</summary>
public sealed class BinaryMetadataTests
{
    private const string Attack = "' or 1=1 -- ";

    public static TheoryData<string, string, string[]> Fields => new()
    {
        { "x-own-bin", Encode(Attack), ["metadata.x-own-bin=" + Attack] },
        { "X-Own-Bin", Encode(Attack), ["metadata.x-own-bin=" + Attack] },
        { "x-own-bin", Encode("four").TrimEnd('='), ["metadata.x-own-bin=four"] },
        { "x-own-bin", Encode("tea, cake") + ", " + Encode(Attack),
            ["metadata.x-own-bin=tea, cake", "metadata.x-own-bin=" + Attack] },
        // A message that is a text as well: both.
        { "x-own-bin", Encode("\x08\x01\x12\x0c" + Attack),
            ["metadata.x-own-bin.2=" + Attack, "metadata.x-own-bin=    " + Attack] },
        { "x-own-bin", Encode("{\"q\":\"\\u0027\"}"),
            ["metadata.x-own-bin={\"q\":\"\\u0027\"}", "metadata.x-own-bin={\"q\":\"'\"}"] },
        { "grpc-trace-bin", Encode("\0\x01\u00e0\u00b3\u00ff\u00fe\u0099"), [] },
        { "x-own-bin", "not base64!", [] },
        { "x-own-bin", "", [] },
        { "x-own-bin", ",,", [] },
        { "x-own", Encode(Attack), [] },
        { "x-own-binary", Encode(Attack), [] },
    };

    [Theory, MemberData(nameof(Fields))]
    public void WhatIsTextInThem_IsAnArgument(string name, string value, string[] expected)
    {
        var request = new CanonicalRequest();
        CanonicalRequestTests.Feed(request, "GET", "/", [("Host", "h"), (name, value)]);

        var found = new List<string>();
        foreach (var argument in request.Arguments)
            found.Add($"{Latin1(request[argument.Name])}={Latin1(request[argument.Value])}");
        Assert.Equal(expected, found.Where(text => !expected.Contains(text)).Concat(
            expected.Where(found.Contains)));
        Assert.Equal(request.Arguments.Length, request.QueryArgumentCount);
    }

    /// <summary>They count as arguments do.</summary>
    [Fact]
    public void Name_HoweverLong_IsRead()
    {
        var request = CanonicalRequestTests.Get(
            "/", ("Host", "h"), ($"x-{new string('a', 400)}-bin", Convert.ToBase64String("evilmarker"u8)));
        Assert.Contains("evilmarker", CanonicalRequestTests.Arguments(request), StringComparison.Ordinal);
    }

    [Fact]
    public void ManyOfThem_AreBounded()
    {
        var request = new CanonicalRequest(new HttpLimits { ArgumentsMax = 3 });

        CanonicalRequestTests.Feed(
            request, "GET", "/", [("x-own-bin", string.Join(',', Enumerable.Repeat(Encode("some tea"), 4)))]);

        Assert.Equal(3, request.Arguments.Length);
        Assert.True(request.MustReject);
    }

    private static string Encode(string text) => Convert.ToBase64String(Encoding.Latin1.GetBytes(text));

    private static string Latin1(ReadOnlySpan<byte> bytes) => Encoding.Latin1.GetString(bytes);
}
