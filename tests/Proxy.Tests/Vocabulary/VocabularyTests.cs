using System.Net;
using System.Text;
using WafOperator.Protocols.Policies;
using WafOperator.Protocols.Status;
using WafOperator.Proxy.Identity;
using WafOperator.Proxy.Telemetry;
using WafOperator.Proxy.Tests.Harness;

namespace WafOperator.Proxy.Tests.Vocabulary;

/// <summary>Methods, media types and charsets that mode Detect learns.</summary>
public sealed class VocabularyTests
{
    private const string Rules =
        """
        SecRuleEngine On
        SecRule REQUEST_METHOD "!@within GET POST" \
            "id:911100,phase:1,pass,log,msg:'Method',setvar:'tx.anomaly_score=+5'"
        SecRule REQUEST_HEADERS:Content-Type "!@rx ^(?:text/plain|$)" \
            "id:920420,phase:1,pass,log,msg:'Type',setvar:'tx.anomaly_score=+5'"
        SecRule REQUEST_HEADERS:Content-Type "@rx charset=(?!utf-8)" \
            "id:920480,phase:1,pass,log,msg:'Charset',setvar:'tx.anomaly_score=+5'"
        SecRule ARGS "@contains evil" "id:942100,phase:2,pass,log,msg:'Attack',setvar:'tx.anomaly_score=+5'"
        """;

    [Fact]
    public async Task InDetect_WhatTheApplicationTook_IsLearnedWithItsClients()
    {
        await using var application = await TestUpstream.StartAsync();
        await using var sidecar = await TestSidecar.StartAsync(application.Address, Policy(InspectionMode.Detect));
        using var client = sidecar.Client();

        for (var i = 1; i <= 10; i++)
        {
            await SendAsync(client, i, "PURGE", "application/x-own; charset=Shift_JIS", "/");
            await SendAsync(client, 1, "BREW", "text/plain", "/");
        }

        Assert.Equal(
            [
                (SeenKind.Method, "PURGE", 10L, 10), (SeenKind.ContentType, "application/x-own", 10, 10),
                (SeenKind.Charset, "shift_jis", 10, 10), (SeenKind.Method, "BREW", 10, 1),
            ],
            sidecar.Sidecar.Status().Vocabulary
                .Select(seen => (seen.Kind, seen.Value, seen.Requests, seen.Clients))
                .OrderByDescending(seen => seen.Clients).ThenBy(seen => seen.Kind));
    }

    [Theory]
    [InlineData(InspectionMode.Enforce, "/", 200)]
    [InlineData(InspectionMode.Detect, "/?a=evil", 200)]
    [InlineData(InspectionMode.Detect, "/", 405)]
    public async Task WhatWasEnforced_IsAnAttack_OrWasRefusedByTheApplication_IsNotLearned(
        InspectionMode mode, string target, int status)
    {
        await using var application = await TestUpstream.StartAsync(context =>
        {
            context.Response.StatusCode = status;
            return Task.CompletedTask;
        });
        await using var sidecar = await TestSidecar.StartAsync(application.Address, Policy(mode));
        using var client = sidecar.Client();

        await SendAsync(client, 1, "PURGE", "text/plain", target);

        Assert.Empty(sidecar.Sidecar.Status().Vocabulary);
    }

    [Theory]
    [InlineData("/?a=1&b=2", "")]
    [InlineData("/?a=1&b=2&A=3&a=4", "Repeated")]
    [InlineData("/?a%5B%5D=1&a%5B%5D=2", "Repeated List")]
    [InlineData("/?a[b]=1", "Map")]
    [InlineData("/?a[b][]=1&[]=2&[x=1&c[=1", "List Map")]
    [InlineData("/?a.b=1&.c=1&d.=1", "Dotted")]
    [InlineData("/?$filter=1&$=2", "Dollar")]
    [InlineData("/?a={\"b\":1}&c=%20[1,2]", "Json")]
    [InlineData("/?a={b", "")]
    [InlineData("/?a=1&a=evil", "")]
    public async Task InDetect_FormsOfParameters_AreLearned_WhereRulesFoundNothing(string target, string styles)
    {
        await using var application = await TestUpstream.StartAsync();
        await using var sidecar = await TestSidecar.StartAsync(application.Address, Policy(InspectionMode.Detect));
        using var client = sidecar.Client();

        await SendAsync(client, 1, "POST", "text/plain", target);

        Assert.Equal(styles, string.Join(' ', sidecar.Sidecar.Status().Vocabulary
            .Where(seen => seen.Kind is SeenKind.ParameterStyle)
            .OrderBy(seen => Enum.Parse<SeenStyle>(seen.Value)).Select(seen => seen.Value)));
    }

    [Fact]
    public void Values_AreBounded_AndOneClientCannotPushOutWhatSeveralSent()
    {
        var tally = new VocabularyTally();
        for (var i = 0; i < SeenValue.ValuesMax / 2; i++)
        {
            tally.Count(SeenKind.Method, $"SHARED{i}", Client(1));
            tally.Count(SeenKind.Method, $"SHARED{i}", Client(2));
        }

        for (var i = 0; i < 10_000; i++) tally.Count(SeenKind.Method, $"OWN{i}", Client(3));
        tally.Count(SeenKind.Charset, "koi8-r", Client(3));

        var read = tally.Read();
        Assert.Equal(SeenValue.ValuesMax + 1, read.Count);
        Assert.Equal(SeenValue.ValuesMax / 2, read.Count(seen => seen.Clients == 2));
        Assert.Contains(read, seen => seen.Value == "OWN9999");
        Assert.DoesNotContain(read, seen => seen.Value == "OWN0");
    }

    [Fact]
    public void WhereSeveralClientsSentEachValue_ANewOneIsNotKept_AndClientsAreCountedToABound()
    {
        var tally = new VocabularyTally();
        for (var client = 0; client < 100; client++)
            for (var i = 0; i < SeenValue.ValuesMax; i++) tally.Count(SeenKind.Method, $"SHARED{i}", Client(client));

        tally.Count(SeenKind.Method, "LATE", Client(1));

        Assert.DoesNotContain(tally.Read(), seen => seen.Value == "LATE");
        Assert.All(tally.Read(), seen => Assert.Equal((SeenValue.ClientsMax, 100L), (seen.Clients, seen.Requests)));
    }

    [Fact]
    public void AllAddressesOfAnIPv6Network_AreOneClient()
    {
        var tally = new VocabularyTally();
        foreach (var address in (string[])["2001:db8::1", "2001:db8:0:1::1", "2001:db8:1::1"])
            tally.Count(SeenKind.Method, "PURGE", Address.Of(IPAddress.Parse(address)));

        Assert.Equal(2, Assert.Single(tally.Read()).Clients);
    }

    private static Address Client(int number) => new((UInt128)number, IsV6: false);

    private static PolicyDocument Policy(InspectionMode mode) => TestSidecar.Policy(mode, Rules) with
    {
        ClientIdentity = new ClientIdentity { TrustedProxies = ["127.0.0.0/8"] },
    };

    private static async Task SendAsync(HttpClient client, int address, string method, string type, string target)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), target)
        {
            Content = new ByteArrayContent(Encoding.ASCII.GetBytes("text")),
        };
        request.Headers.TryAddWithoutValidation("X-Forwarded-For", $"192.0.2.{address}");
        request.Content.Headers.TryAddWithoutValidation("Content-Type", type);
        using var response = await client.SendAsync(request);
        Assert.NotEqual(HttpStatusCode.Forbidden, response.StatusCode);
    }
}
