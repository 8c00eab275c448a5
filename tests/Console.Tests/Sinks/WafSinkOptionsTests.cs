using System.Text.Json.Nodes;
using WafOperator.Console.Sinks;
using WafOperator.Console.Store;
using WafOperator.Kubernetes.Objects;
using WafOperator.Outside;
using WafOperator.Protocols.Events;
using WafOperator.Resources;
using WafOperator.Resources.Policies;
using ObjectMeta = WafOperator.Kubernetes.Objects.ObjectMeta;

namespace WafOperator.Console.Tests.Sinks;

/// <summary>What a WafSink says, and which events it means.</summary>
public sealed class WafSinkOptionsTests
{
    private static readonly DateTimeOffset Created = new(2026, 11, 30, 11, 0, 0, TimeSpan.Zero);

    [Fact]
    public void EveryField_ReachesTheOptions()
    {
        var options = Of(new WafSinkSpec
        {
            Scope = SinkScope.Cluster, Protocol = SinkProtocol.SplunkHec, Format = SinkFormat.Cef,
            Url = "https://splunk.example/services/collector", Index = "waf", LagLimit = 5_000, BatchSize = 50,
            Filter = new SinkEventFilter
            {
                Policies = ["front"], Actions = [SinkAction.Detected], MinimumThreat = SinkThreat.High,
                AllowedPercent = 7,
            },
        });

        Assert.Equal((SinkKind.SplunkHec, EventFormat.Cef, "waf"), (options.Kind, options.Format, options.Index));
        Assert.Equal((null, 5_000L, 50, Created), (options.Namespace, options.LagMax, options.BatchMax, options.From));
        Assert.Equal("https://splunk.example/services/collector", options.Url.ToString());
        Assert.False(options.OnlyAttacks);
        Assert.Equal(["front"], options.Filter.Policies);
        Assert.Equal([EventAction.Detected], options.Filter.Actions);
        Assert.Equal((ThreatLevel.High, 7), (options.Filter.AtLeast, options.Filter.AllowedPercent));
        var plain = Of(new WafSinkSpec { Url = "https://siem.example/" });
        Assert.Equal(("waf-system", true), (plain.Namespace, plain.OnlyAttacks));
    }

    [Theory]
    [InlineData(SinkProtocol.Http, SinkKind.Http, "https://siem.example/")]
    [InlineData(SinkProtocol.SplunkHec, SinkKind.SplunkHec, "https://siem.example/")]
    [InlineData(SinkProtocol.Elasticsearch, SinkKind.Elasticsearch, "https://siem.example/")]
    [InlineData(SinkProtocol.Otlp, SinkKind.Otlp, "https://siem.example/v1/logs")]
    [InlineData(SinkProtocol.Syslog, SinkKind.Syslog, "tls://siem.example:443")]
    public void EveryProtocol_IsSpoken(SinkProtocol protocol, object kind, string url) =>
        Assert.Equal(kind, Of(new WafSinkSpec { Protocol = protocol, Url = url }).Kind);

    [Theory]
    [InlineData(SinkProtocol.Http, "tls://siem.example:443", null, "InvalidSpec")]
    [InlineData(SinkProtocol.Syslog, "https://siem.example/", null, "InvalidSpec")]
    [InlineData(SinkProtocol.Syslog, "tls://siem.example", null, "InvalidSpec")]
    [InlineData(SinkProtocol.Http, "nothing", null, "InvalidSpec")]
    [InlineData(SinkProtocol.Http, "http://siem.example/", "login", "AddressNotAllowed")]
    [InlineData(SinkProtocol.Http, "https://siem.example:8443/", null, "AddressNotAllowed")]
    public void WhatDoesNotFit_IsNotServed(SinkProtocol protocol, string url, string? secret, string reason)
    {
        var sink = Sink(new WafSinkSpec { Protocol = protocol, Url = url, CredentialsSecret = secret });
        Assert.Equal(reason, WafSinkOptions.Of(sink, "waf-system", OutsideRules.Default).Fault?.Problem.ToString());
    }

    [Theory]
    [InlineData("front", VerdictKind.Block, ThreatLevel.High, true)]
    [InlineData("other", VerdictKind.Block, ThreatLevel.High, false)]
    [InlineData("front", VerdictKind.Limited, ThreatLevel.High, false)]
    [InlineData("front", VerdictKind.Block, ThreatLevel.Low, false)]
    public void AFilter_TakesWhatFitsAllOfIt(string policy, VerdictKind verdict, ThreatLevel threat, bool isTaken)
    {
        var filter = new SinkFilter
        {
            Policies = ["front"], Actions = [EventAction.Blocked], AtLeast = ThreatLevel.Medium, AllowedPercent = 0,
        };
        Assert.Equal(isTaken, filter.Takes(Row(verdict, policy) with { ThreatLevel = threat }));
    }

    [Theory]
    [InlineData(VerdictKind.Block, VerdictKind.Block, "Blocked")]
    [InlineData(VerdictKind.Limited, VerdictKind.Limited, "Limited")]
    [InlineData(VerdictKind.Unavailable, VerdictKind.Unavailable, "Unavailable")]
    [InlineData(VerdictKind.Allow, VerdictKind.Block, "Detected")]
    [InlineData(VerdictKind.Allow, VerdictKind.Allow, null)]
    public void AnAction_IsWhatWasDone(VerdictKind verdict, VerdictKind would, string? action) =>
        Assert.Equal(action, SinkFilter.ActionOf(Row(verdict) with { WouldHave = would })?.ToString());

    [Theory]
    [InlineData(0, 0, 0)]
    [InlineData(10, 50, 150)]
    [InlineData(100, 1_000, 1_000)]
    public void AShareOfTheAllowed_IsTaken_AlwaysTheSameOnes(int percent, int least, int most)
    {
        var filter = new SinkFilter { AllowedPercent = percent, Actions = [EventAction.Blocked] };
        var random = new Random(7);
        var rows = Enumerable.Range(0, 1_000)
            .Select(_ => Row(VerdictKind.Allow) with { Id = $"{random.NextInt64():x16}{random.NextInt64():x16}" })
            .ToList();
        var taken = rows.Where(filter.Takes).ToList();

        Assert.InRange(taken.Count, least, most);
        Assert.Equal(taken, rows.Where(filter.Takes));
    }

    [Fact]
    public void SinksOfANamespace_AreBounded_AndTheOldestStay()
    {
        var many = Enumerable.Range(0, 500).Select(i => Sink(new WafSinkSpec(), "shop", i)).ToList();
        var others = Enumerable.Range(0, 300).Select(i => Sink(new WafSinkSpec(), $"ns{i}", 1_000 + i)).ToList();
        var served = SinkObjects.WithPlace([.. others, .. many]);

        Assert.Equal(SinkObjects.Max, served.Count);
        Assert.Equal(
            many.Take(SinkObjects.OfNamespaceMax).Select(s => s.Metadata.Uid).Order(),
            served.Intersect(many.Select(s => s.Metadata.Uid)).Order());
    }

    [Fact]
    public void WhatWentWrong_IsSaidWithoutWhatStandsThere()
    {
        Assert.Equal(
            "no usable answer came in time; the console's log says why",
            SinkObject.FaultOf(new HttpRequestException("Connection refused (10.0.0.7:9200)")).Message);
        Assert.Equal(
            SinkProblem.AddressNotAllowed,
            SinkObject.FaultOf(new HttpRequestException("x", new OutsideNotAllowedException("10.0.0.7"))).Problem);
    }

    private static SinkOptions Of(WafSinkSpec spec) =>
        WafSinkOptions.Of(Sink(spec), "waf-system", OutsideRules.Default).Options!;

    private static Resource<WafSink> Sink(WafSinkSpec spec, string ns = "waf-system", int age = 0) => new(
        new ObjectMeta
        {
            Name = "siem", Namespace = ns, Uid = $"{ns}-{age:0000}", CreationTimestamp = Created.AddSeconds(age),
        },
        new WafSink { Spec = spec });

    private static EventRow Row(VerdictKind verdict, string policy = "front") => new()
    {
        Id = "0123456789abcdef0123456789abcdef", Namespace = "shop", Policy = policy, Client = "198.51.100.7",
        Method = "GET", Path = "/", Reason = "Rules", Verdict = verdict, WouldHave = verdict,
    };
}

/// <summary>Events as logs of OpenTelemetry.</summary>
public sealed class OtlpFormatTests
{
    [Fact]
    public void AnEvent_IsALogRecord_WithTheNamesOfTheConventions()
    {
        var e = TestEvents.Attack();
        var row = new EventRow
        {
            Id = e.Id, Namespace = e.Namespace, Policy = e.Policy, Client = e.Client, Method = e.Method, Path = e.Path,
            Reason = e.Reason, Verdict = e.Verdict, WouldHave = e.WouldHave, Kind = "sqli", Parameter = "ARGS:q",
            ThreatLevel = ThreatLevel.Critical, Score = 0.97, IsWhole = true,
        };
        var request = OtlpFormat.Of([new StoredEvent(row, e)]);
        var record = request["resourceLogs"]![0]!["scopeLogs"]![0]!["logRecords"]![0]!;

        Assert.Equal("1796040000000000000", (string)record["timeUnixNano"]!);
        Assert.Equal((21, "FATAL"), ((int)record["severityNumber"]!, (string)record["severityText"]!));
        Assert.Equal("anomaly score 15", (string)record["body"]!["stringValue"]!);
        var attributes = ((JsonArray)record["attributes"]!)
            .ToDictionary(a => (string)a!["key"]!, a => a!["value"]!.ToJsonString());
        Assert.Equal($"{{\"stringValue\":\"{e.Id}\"}}", attributes["log.record.uid"]);
        Assert.Equal("{\"intValue\":\"403\"}", attributes["http.response.status_code"]);
        Assert.Equal("{\"doubleValue\":0.97}", attributes["waf.score"]);
        Assert.Equal("{\"boolValue\":true}", attributes["waf.whole"]);
        Assert.Equal("{\"stringValue\":\"blocked\"}", attributes["waf.action"]);
        Assert.Equal(
            "{\"arrayValue\":{\"values\":[{\"intValue\":\"942100\"},{\"intValue\":\"949110\"}]}}",
            attributes["waf.rules"]);
    }

    [Theory]
    [InlineData("{}", 0)]
    [InlineData("", 0)]
    [InlineData("[1]", 0)]
    [InlineData("{\"partialSuccess\":{}}", 0)]
    [InlineData("{\"partialSuccess\":{\"rejectedLogRecords\":\"3\",\"errorMessage\":\"x\"}}", 3)]
    [InlineData("{\"partialSuccess\":{\"rejectedLogRecords\":3}}", 3)]
    [InlineData("{\"partialSuccess\":{\"rejectedLogRecords\":\"-3\"}}", 0)]
    [InlineData("{\"partialSuccess\":7}", 0)]
    public void WhatACollectorDidNotKeep_IsCounted(string answer, long rejected) =>
        Assert.Equal(rejected, OtlpFormat.Rejected(System.Text.Encoding.UTF8.GetBytes(answer)));
}
