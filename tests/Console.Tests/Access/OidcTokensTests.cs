using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using WafOperator.Console.Access;

namespace WafOperator.Console.Tests.Access;

/// <summary>Tokens of an identity provider that serves its keys on a socket.</summary>
public sealed class OidcTokensTests : IAsyncLifetime, IDisposable
{
    private readonly RsaSecurityKey _rsa = new(RSA.Create(2048)) { KeyId = "rsa" };
    private readonly ECDsaSecurityKey _ecdsa = new(ECDsa.Create(ECCurve.NamedCurves.nistP256)) { KeyId = "ec" };
    private readonly List<JsonWebKey> _keys = [];
    private readonly HttpClient _http = new();
    private WebApplication _provider = null!;
    private OidcTokens _tokens = null!;
    private string _issuer = "";
    private int _reads;

    public async Task InitializeAsync()
    {
        _keys.Add(JsonWebKeyConverter.ConvertFromRSASecurityKey(
            new RsaSecurityKey(_rsa.Rsa.ExportParameters(false)) { KeyId = "rsa" }));
        _keys.Add(JsonWebKeyConverter.ConvertFromECDsaSecurityKey(
            new ECDsaSecurityKey(ECDsa.Create(_ecdsa.ECDsa.ExportParameters(false))) { KeyId = "ec" }));
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        _provider = builder.Build();
        _provider.MapGet("/.well-known/openid-configuration", () => Results.Text(
            new JsonObject { ["issuer"] = _issuer, ["jwks_uri"] = _issuer + "/keys" }.ToJsonString(),
                "application/json"));
        _provider.MapGet("/keys", () =>
        {
            _reads++;
            var keys = new JsonArray([.. _keys.Select(k => (JsonNode)new JsonObject
            {
                ["kty"] = k.Kty, ["kid"] = k.Kid, ["n"] = k.N, ["e"] = k.E, ["crv"] = k.Crv, ["x"] = k.X, ["y"] = k.Y,
                    ["use"] = "sig",
            })]);
            return Results.Text(new JsonObject { ["keys"] = keys }.ToJsonString(), "application/json");
        });
        await _provider.StartAsync();
        _issuer = _provider.Urls.First();
        _tokens = new OidcTokens(
            new OidcOptions(new Uri(_issuer), "waf-console"), _http, TimeProvider.System, TimeSpan.FromSeconds(1));
    }

    public async Task DisposeAsync() => await _provider.DisposeAsync();

    public void Dispose() => _http.Dispose();

    [Theory]
    [InlineData("RS256")]
    [InlineData("ES256")]
    public async Task AToken_IsAUserWithAPrefix(string algorithm)
    {
        var result = (await _tokens.ReadAsync(Token(algorithm), default))!;

        Assert.Equal("oidc:ann", result.Viewer!.Name);
        Assert.Equal(["oidc:sec", "oidc:system:masters"], result.Viewer.Groups);
    }

    public static TheoryData<string> Wrong =>
        ["audience", "expired", "not yet", "no end", "unsigned", "shared secret", "changed", "RS512", "no name"];

    [Theory, MemberData(nameof(Wrong))]
    public async Task ATokenThatIsWrong_IsNobody(string what)
    {
        var now = DateTime.UtcNow;
        var token = what switch
        {
            "audience" => Token("RS256", audience: "another"),
            "expired" => Token("RS256", expires: now.AddMinutes(-5)),
            "not yet" => Token("RS256", notBefore: now.AddMinutes(5), expires: now.AddMinutes(10)),
            "no end" => WithoutEnd(),
            "unsigned" => Unsigned(),
            "shared secret" => SharedSecret(),
            "changed" => Changed(),
            "RS512" => Token("RS512"),
            _ => Token("RS256", user: ""),
        };
        var result = await _tokens.ReadAsync(token, default);
        Assert.NotNull(result);
        Assert.Null(result.Viewer);
        Assert.Equal(401, result.StatusCode);
    }

    [Fact]
    public async Task TokensOfOthers_AreLeftToThem()
    {
        Assert.Null(await _tokens.ReadAsync("not a token", default));
        Assert.Null(await _tokens.ReadAsync(Token("RS256", issuer: "https://kubernetes.default.svc"), default));
    }

    [Fact]
    public async Task ANewKey_IsFollowed_AndAFloodOfUnknownOnesReadsTheKeysOnce()
    {
        Assert.NotNull((await _tokens.ReadAsync(Token("RS256"), default))!.Viewer);
        using var next = RSA.Create(2048);
        var key = new RsaSecurityKey(next) { KeyId = "next" };
        _keys.Clear();
        _keys.Add(JsonWebKeyConverter.ConvertFromRSASecurityKey(
            new RsaSecurityKey(next.ExportParameters(false)) { KeyId = "next" }));

        Viewer? viewer = null;
        for (var i = 0; i < 100 && viewer is null; i++)
        {
            viewer = (await _tokens.ReadAsync(Token("RS256", key: key), default))!.Viewer;
            if (viewer is null) await Task.Delay(100);
        }

        Assert.NotNull(viewer);
        using var stranger = RSA.Create(2048);
        var before = _reads;
        for (var i = 0; i < 50;
        i++) await _tokens.ReadAsync(Token("RS256", key: new RsaSecurityKey(stranger) { KeyId = $"k{i}" }), default);
        Assert.InRange(_reads - before, 0, 2);
    }

    [Theory]
    [InlineData("")]
    [InlineData("system:")]
    public void APrefix_KeepsProvidersApartFromTheCluster(string prefix) => Assert.Throws<FormatException>(() =>
        new OidcTokens(new OidcOptions(new Uri(_issuer), "waf-console", Prefix: prefix), _http, TimeProvider.System));

    private string Token(
        string algorithm, string audience = "waf-console", string? issuer = null, DateTime? notBefore = null,
            DateTime? expires = null,
        string user = "ann", SecurityKey? key = null)
    {
        SecurityKey signing = key ?? (algorithm == "ES256" ? _ecdsa : _rsa);
        return new JsonWebTokenHandler { SetDefaultTimesOnTokenCreation =
            false }.CreateToken(new SecurityTokenDescriptor
        {
            Issuer = issuer ?? _issuer, Audience = audience, NotBefore = notBefore, Expires = expires
                ?? DateTime.UtcNow.AddMinutes(5),
            Claims = new Dictionary<string, object> { ["sub"] = user, ["groups"] = new[] { "sec", "system:masters" } },
            SigningCredentials = new SigningCredentials(signing, algorithm),
        });
    }

    private string WithoutEnd() => new JsonWebTokenHandler { SetDefaultTimesOnTokenCreation = false }.CreateToken(
        new SecurityTokenDescriptor
        {
            Issuer = _issuer, Audience = "waf-console", Claims = new Dictionary<string, object> { ["sub"] = "ann" },
            SigningCredentials = new SigningCredentials(_rsa, "RS256"),
        });

    private string Unsigned()
    {
        var payload = Token("RS256").Split('.')[1];
        return Base64UrlEncoder.Encode("{\"alg\":\"none\"}") + "." + payload + ".";
    }

    /// <summary>The old trick: the public key as the shared secret.</summary>
    private string SharedSecret() => new JsonWebTokenHandler().CreateToken(new SecurityTokenDescriptor
    {
        Issuer = _issuer, Audience = "waf-console", Expires = DateTime.UtcNow.AddMinutes(5),
        Claims = new Dictionary<string, object> { ["sub"] = "ann" },
        SigningCredentials = new SigningCredentials(
            new SymmetricSecurityKey(Encoding.UTF8.GetBytes(_rsa.Rsa.ExportSubjectPublicKeyInfoPem())) { KeyId =
                "rsa" }, "HS256"),
    });

    private string Changed()
    {
        var parts = Token("RS256").Split('.');
        var payload = Base64UrlEncoder.Decode(parts[1]).Replace("ann", "eve", StringComparison.Ordinal);
        return $"{parts[0]}.{Base64UrlEncoder.Encode(payload)}.{parts[2]}";
    }
}
