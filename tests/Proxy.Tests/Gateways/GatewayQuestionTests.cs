using Microsoft.AspNetCore.Http;
using WafOperator.Proxy.Decisions;
using WafOperator.Proxy.Gateways;
using WafOperator.Proxy.Inspection;
using WafOperator.Protocols.Events;

namespace WafOperator.Proxy.Tests.Gateways;

public sealed class GatewayQuestionTests
{
    /// <summary>What is asked about, as <c>METHOD target host</c>; empty where it cannot be told.</summary>
    [Theory]
    [InlineData("/nginx", "X-Original-Method: POST|X-Original-URI: /a?b=c|X-Original-Host: shop", "POST /a?b=c shop")]
    [InlineData("/nginx", "X-Original-Method: GET|X-Original-URI: /a", "")]
    [InlineData("/nginx", "X-Original-Method: GET|X-Original-Host: a", "")]
    [InlineData("/nginx", "X-Original-URI: /a|X-Original-Host: a", "")]
    [InlineData("/nginx", "X-Forwarded-Method: GET|X-Forwarded-Uri: /a|X-Forwarded-Host: a", "")]
    [InlineData("/nginx", "X-Original-Method: GET|X-Original-URI: /a|X-Original-URI: /b|X-Original-Host: a", "")]
    [InlineData("/nginx", "X-Original-Method: GET|X-Original-Method: GET|X-Original-URI: /b|X-Original-Host: a", "")]
    [InlineData("/nginx", "X-Original-Method: GET|X-Original-URI: /b|X-Original-Host: a|X-Original-Host: b", "")]
    [InlineData("/nginx", "X-Original-Method: GET, GET|X-Original-URI: /a|X-Original-Host: a", "")]
    [InlineData("/nginx", "X-Original-Method: CONNECT|X-Original-URI: /a|X-Original-Host: a", "")]
    [InlineData("/nginx", "X-Original-Method: GET|X-Original-URI: /a b|X-Original-Host: a", "")]
    [InlineData("/nginx", "X-Original-Method: GET|X-Original-URI: /\u00e4|X-Original-Host: a", "")]
    [InlineData("/nginx", "X-Original-Method: GET|X-Original-URI: a|X-Original-Host: a", "")]
    [InlineData("/nginx", "X-Original-Method: GET|X-Original-URI: http://b/a|X-Original-Host: a", "")]
    [InlineData("/nginx", "X-Original-Method: GET|X-Original-URI: /a|X-Original-Host: a, b", "")]
    [InlineData("/nginx", "X-Original-Method: GET|X-Original-URI: /a|X-Original-Host: a/b", "")]
    [InlineData("/nginx?x", "X-Original-Method: GET|X-Original-URI: /a|X-Original-Host: a", "")]
    [InlineData("/nginx/", "X-Original-Method: GET|X-Original-URI: /a|X-Original-Host: a", "")]
    [InlineData("/ingress-nginx", "X-Original-Method: GET|X-Original-URL: https://shop:8443/a?b", "GET /a?b shop:8443")]
    [InlineData("/ingress-nginx", "X-Original-Method: GET|X-Original-URL: http://a//c?http://d/", "GET //c?http://d/ a")]
    [InlineData("/ingress-nginx", "X-Original-Method: GET|X-Original-URL: http:///a", "")]
    [InlineData("/ingress-nginx", "X-Original-Method: GET|X-Original-URL: http://a?b/c", "")]
    [InlineData("/ingress-nginx", "X-Original-Method: GET|X-Original-URL: /a", "")]
    [InlineData("/ingress-nginx", "X-Original-Method: GET|X-Original-URL: https://shop", "")]
    [InlineData("/traefik", "X-Forwarded-Method: PUT|X-Forwarded-Uri: /a|X-Forwarded-Host: shop", "PUT /a shop")]
    [InlineData("/traefik", "X-Forwarded-Method: PUT|X-Forwarded-Uri: /a", "")]
    [InlineData("/traefik", "X-Original-Method: GET|X-Original-URI: /a|X-Original-Host: a", "")]
    [InlineData("/envoy/a?b=c", "Host: shop", "DELETE /a?b=c shop")]
    [InlineData("/envoy/../nginx", "Host: a|X-Original-Method: GET|X-Original-URI: /a", "DELETE /../nginx a")]
    [InlineData("/envoy/a", "X-Original-Host: a", "")]
    [InlineData("/envoy", "Host: shop", "")]
    [InlineData("/envoys/a", "Host: shop", "")]
    [InlineData("/", "X-Original-Method: GET|X-Original-URI: /a|X-Original-Host: a", "")]
    [InlineData("http://x/nginx", "X-Original-Method: GET|X-Original-URI: /a|X-Original-Host: a", "")]
    public void AQuestion_IsReadAsItsGatewayWritesIt_AndNoOther(string target, string fields, string asked)
    {
        var question = GatewayQuestion.Read(target, "DELETE", Fields(fields));
        Assert.Equal(asked, question is null ? "" : $"{question.Method} {question.Target} {question.Host}");
    }

    [Theory]
    [InlineData("/envoy/a", "Host: a|Content-Length: 3|X-Envoy-Auth-Partial-Body: false", nameof(GatewayBody.Whole))]
    [InlineData("/envoy/a", "Host: a|Content-Length: 3|X-Envoy-Auth-Partial-Body: true", nameof(GatewayBody.Beginning))]
    [InlineData("/envoy/a", "Host: a|Content-Length: 3", nameof(GatewayBody.Hidden))]
    [InlineData("/envoy/a", "Host: a|Content-Length: 0|X-Envoy-Auth-Partial-Body: false", nameof(GatewayBody.Hidden))]
    [InlineData("/envoy/a", "Host: a|Content-Length: 3|X-Envoy-Auth-Partial-Body: false|"
        + "X-Envoy-Auth-Partial-Body: true", nameof(GatewayBody.Hidden))]
    [InlineData("/traefik", Traefik + "|Content-Length: 3", nameof(GatewayBody.Whole))]
    [InlineData("/traefik", Traefik + "|X-Envoy-Auth-Partial-Body: false", nameof(GatewayBody.Hidden))]
    [InlineData("/nginx", "X-Original-Method: GET|X-Original-URI: /a|X-Original-Host: a|Content-Length: 3",
        nameof(GatewayBody.Hidden))]
    public void ABody_IsSeenWhereTheGatewayShowsIt(string target, string fields, string expected) =>
        Assert.Equal(expected, $"{GatewayQuestion.Read(target, "POST", Fields(fields))!.Body}");

    /// <summary>Status and form of refusals, gateway by gateway; null came to no question.</summary>
    [Theory]
    [InlineData(nameof(GatewayKind.Nginx), 413, 403)]
    [InlineData(nameof(GatewayKind.Nginx), 401, 403)]
    [InlineData(nameof(GatewayKind.IngressNginx), 302, 403)]
    [InlineData(nameof(GatewayKind.Traefik), 429, 429)]
    [InlineData(nameof(GatewayKind.Traefik), 503, 503)]
    [InlineData(nameof(GatewayKind.Traefik), 200, 403)]
    [InlineData(nameof(GatewayKind.Traefik), 0, 403)]
    [InlineData(nameof(GatewayKind.Envoy), 413, 413)]
    [InlineData(nameof(GatewayKind.Envoy), 503, 403)]
    [InlineData(nameof(GatewayKind.Envoy), 200, 403)]
    [InlineData(null, 400, 403)]
    public void ARefusal_IsNeverAnAnswerThatLetsPass(string? gateway, int status, int expected)
    {
        GatewayKind? kind = gateway is null ? null : Enum.Parse<GatewayKind>(gateway);
        var decision = new Decision(VerdictKind.Block, VerdictKind.Block, DecisionReason.Rules, status);
        Assert.Equal(expected, Refusals.Fit(kind, decision).StatusCode);
        foreach (var form in new[] { BlockForm.Drop, BlockForm.Challenge })
            Assert.Equal(default, Refusals.Fit(kind, decision with { Form = form }).Form);
        Assert.Equal(
            gateway is nameof(GatewayKind.Traefik) or nameof(GatewayKind.Envoy) ? BlockForm.Redirect : default,
            Refusals.Fit(kind, decision with { Form = BlockForm.Redirect }).Form);
    }

    private const string Traefik = "X-Forwarded-Method: POST|X-Forwarded-Uri: /a|X-Forwarded-Host: a";

    private static HeaderDictionary Fields(string fields)
    {
        var headers = new HeaderDictionary();
        foreach (var field in fields.Split('|')) headers.Append(field.Split(": ")[0], field.Split(": ")[1]);
        return headers;
    }
}
