using System.Text.Json.Nodes;
using WafOperator.Injection.Capture;
using WafOperator.Resources.Policies;
using WafOperator.Resources.Schema;

namespace WafOperator.Injection.Tests;

public sealed class PortProtocolTests
{
    [Theory]
    [InlineData("http", PortProtocol.Http)]
    [InlineData("HTTP", PortProtocol.Http)]
    [InlineData("HTTP/1.1", PortProtocol.Http)]
    [InlineData("http2", PortProtocol.Http)]
    [InlineData("h2c", PortProtocol.Http)]
    [InlineData("kubernetes.io/h2c", PortProtocol.Http)]
    [InlineData("kubernetes.io/ws", PortProtocol.Http)]
    [InlineData("grpc", PortProtocol.Http)]
    [InlineData("grpc-web", PortProtocol.Http)]
    [InlineData("https", PortProtocol.Tls)]
    [InlineData("HTTPS", PortProtocol.Tls)]
    [InlineData("tls", PortProtocol.Tls)]
    [InlineData("kubernetes.io/wss", PortProtocol.Tls)]
    [InlineData("tcp", PortProtocol.Other)]
    [InlineData("mysql", PortProtocol.Other)]
    [InlineData("redis", PortProtocol.Other)]
    [InlineData("mongo", PortProtocol.Other)]
    [InlineData("amqp", PortProtocol.Other)]
    [InlineData("example.com/redis", PortProtocol.Other)]
    [InlineData("xmpp-client", PortProtocol.Other)] // of IANA's registry, as names without a domain are
    [InlineData("example.com/our-protocol", PortProtocol.Unknown)]
    public void AnAppProtocol_IsRead(string text, PortProtocol expected) =>
        Assert.Equal(expected, PortProtocols.OfAppProtocol(text));

    [Theory]
    [InlineData("http", PortProtocol.Http)]
    [InlineData("http-admin", PortProtocol.Http)]
    [InlineData("grpc-orders", PortProtocol.Http)]
    [InlineData("grpc-web", PortProtocol.Http)]
    [InlineData("http-alt", PortProtocol.Http)]
    [InlineData("https", PortProtocol.Tls)]
    [InlineData("https-admin", PortProtocol.Tls)]
    [InlineData("tls-ingress", PortProtocol.Tls)]
    [InlineData("tcp-postgres", PortProtocol.Other)]
    [InlineData("tcp", PortProtocol.Other)]
    [InlineData("mongo-shard", PortProtocol.Other)]
    [InlineData("ms-sql-s", PortProtocol.Other)]
    [InlineData("dist", PortProtocol.Other)]
    [InlineData("transport", PortProtocol.Other)]
    [InlineData("serf-wan", PortProtocol.Other)]
    [InlineData("memberlist", PortProtocol.Other)]
    [InlineData("debugger", PortProtocol.Other)]
    [InlineData("cluster-api", PortProtocol.Unknown)]
    [InlineData("http-gossip", PortProtocol.Http)]
    [InlineData("debug", PortProtocol.Unknown)] // Go's profiles are HTTP
    [InlineData("web", PortProtocol.Unknown)]
    [InlineData("metrics", PortProtocol.Unknown)]
    [InlineData("tcpdump", PortProtocol.Unknown)]
    [InlineData("my-https", PortProtocol.Unknown)]
    [InlineData("", PortProtocol.Unknown)]
    [InlineData(null, PortProtocol.Unknown)]
    public void APortsName_IsRead(string? name, PortProtocol expected) =>
        Assert.Equal(expected, PortProtocols.OfName(name));

    // Service's appProtocol, Service's port name, container's port name, HTTPS probe: captured, or not.
    [Theory]
    [InlineData(null, null, "web", false, true)]
    [InlineData(null, null, "web", true, false)]
    [InlineData(null, null, "http", true, true)]
    [InlineData(null, null, "redis", false, false)]
    [InlineData(null, "http", "redis", false, true)]
    [InlineData(null, "redis", "http", false, true)]
    [InlineData(null, "https", "web", false, false)]
    [InlineData("https", "http", "web", false, false)]
    [InlineData("http", "tcp", "redis", true, true)]
    [InlineData("tcp", "http", "http", false, true)]
    [InlineData("", "web", "web", false, true)]
    public void WhereStatementsDiffer_TheOneThatCapturesHolds(
        string? appProtocol, string? service, string container, bool isHttpsProbed, bool isCaptured)
    {
        var port = new JsonObject { ["port"] = 80, ["targetPort"] = 8080 };
        if (appProtocol is not null) port["appProtocol"] = appProtocol;
        if (service is not null) port["name"] = service;
        var decision = Decide(container, isHttpsProbed, [port]);

        Assert.Equal(isCaptured, decision is InjectionDecision.Inject);
    }

    [Fact]
    public void OneServicePortThatMayBeHttp_IsEnough() => Assert.IsType<InjectionDecision.Inject>(Decide("web", false,
    [
        new() { ["port"] = 80, ["targetPort"] = 8080, ["appProtocol"] = "tcp" },
        new() { ["port"] = 81, ["targetPort"] = "web", ["name"] = "plain" },
    ]));

    private static InjectionDecision Decide(string name, bool isHttpsProbed, JsonObject[] ports)
    {
        var pod = YamlText.Read($$"""
            metadata: {name: shop, labels: {app: shop}, annotations: {wafoperator.dev/inject: "true"} }
            spec:
              containers:
              - name: shop
                ports: [{name: {{name}}, containerPort: 8080}]
                livenessProbe: {httpGet: {port: 8080, scheme: {{(isHttpsProbed ? "HTTPS" : "HTTP")}} } }
            """)!.AsObject();
        return Injector.Decide(new()
        {
            Pod = pod,
            Namespace = "shop",
            Services = [ServiceView.From(new JsonObject
            {
                ["metadata"] = new JsonObject { ["name"] = "shop" },
                ["spec"] = new JsonObject
                {
                    ["selector"] = new JsonObject { ["app"] = "shop" }, ["ports"] = new JsonArray([.. ports]),
                },
            })],
            Policy = new PolicyChoice.Found("shop", new WafPolicySpec()),
            Settings = GoldenInput.Settings(native: false),
        });
    }
}
