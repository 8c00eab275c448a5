using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Protocols;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;
using Microsoft.IdentityModel.Tokens;

namespace WafOperator.Console.Access;

/// <summary>An identity provider whose tokens are taken.</summary>
/// <param name="Issuer">Its issuer, https; the discovery document is found below it.</param>
/// <param name="Audience">What <c>aud</c> must hold: the console's client id.</param>
/// <param name="UserClaim">Claim with the user's name.</param>
/// <param name="GroupsClaim">Claim with groups.</param>
/// <param name="Prefix">What names and groups begin with in role bindings, as kube-apiserver's
/// <c>--oidc-*-prefix</c>.</param>
public sealed record OidcOptions(
    Uri Issuer, string Audience, string UserClaim = "sub", string GroupsClaim = "groups", string Prefix = "oidc:");

/// <summary>
/// Signed tokens of an identity provider: RS256 and ES256 by keys of its JWKS. Never a shared secret, never an unsigned
/// token, whatever the token's own header asks for. A key that is not known makes the JWKS be read again, at most every
/// half minute, so that a rotation is followed and a flood of odd tokens is not.
/// </summary>
public sealed class OidcTokens : ITokenSource
{
    private static readonly TimeSpan RefreshEvery = TimeSpan.FromSeconds(30);
    private static readonly string[] Algorithms = [SecurityAlgorithms.RsaSha256, SecurityAlgorithms.EcdsaSha256];

    private readonly OidcOptions _options;
    private readonly HttpClient _http;
    private readonly TimeSpan _refreshEvery;
    private readonly Lock _refreshing = new();
    private volatile ConfigurationManager<OpenIdConnectConfiguration> _configuration;
    private long? _refreshedAt;
    private readonly JsonWebTokenHandler _handler = new() { MapInboundClaims = false };
    private readonly TimeProvider _time;

    /// <param name="options">The provider.</param>
    /// <param name="http">Reads its documents.</param>
    /// <param name="time">Clock.</param>
    /// <param name="refreshEvery">How often keys are read again at most; half a minute when left out.</param>
    public OidcTokens(OidcOptions options, HttpClient http, TimeProvider time, TimeSpan? refreshEvery = null)
    {
        (_options, _time) = (options, time);
        // The prefix keeps tokens of a provider from being "system:masters" or a service account.
        if (options.Prefix.Length == 0 || options.Prefix.StartsWith("system:", StringComparison.Ordinal))
            throw new FormatException("the prefix of users and groups is needed, and is not system:");
        (_http, _refreshEvery) = (http, refreshEvery ?? RefreshEvery);
        _configuration = NewConfiguration();
    }

    public async Task<SignInResult?> ReadAsync(string token, CancellationToken cancellationToken)
    {
        if (!_handler.CanReadToken(token)) return null;
        JsonWebToken read;
        try
        {
            read = _handler.ReadJsonWebToken(token);
        }
        catch (Exception failure) when (failure is ArgumentException or SecurityTokenException)
        {
            return null;
        }

        // A service account's token is the API server's.
        if (read.Issuer.TrimEnd('/') != _options.Issuer.ToString().TrimEnd('/')) return null;
        var configuration = await KeysAsync(cancellationToken);
        var result = await ValidateAsync(token, configuration);
        if (!result.IsValid && configuration.SigningKeys.All(key => key.KeyId != read.Kid))
        {
            if (await TryRefreshAsync(cancellationToken))
                result = await ValidateAsync(token, await KeysAsync(cancellationToken));
        }

        if (!result.IsValid) return SignInResult.Refused(401, "the token is not valid: " + Reason(result.Exception));
        var name = read.TryGetPayloadValue<string>(_options.UserClaim, out var user) ? user : "";
        return name.Length == 0
            ? SignInResult.Refused(401, $"the token has no claim {_options.UserClaim}")
            : SignInResult.Of(new Viewer(_options.Prefix + name, [.. Groups(read).Select(g => _options.Prefix + g)]));
    }

    /// <summary>
    /// Reads the provider's documents anew, at most as often as is said. What was read before stays when that fails.
    /// </summary>
    private async Task<bool> TryRefreshAsync(CancellationToken cancellationToken)
    {
        lock (_refreshing)
        {
            if (_refreshedAt is { } last && _time.GetElapsedTime(last) < _refreshEvery) return false;
            _refreshedAt = _time.GetTimestamp();
        }

        var fresh = NewConfiguration();
        try
        {
            await fresh.GetConfigurationAsync(cancellationToken);
        }
        catch (Exception failure) when (failure is InvalidOperationException or HttpRequestException or IOException)
        {
            return false;
        }

        _configuration = fresh;
        return true;
    }

    private ConfigurationManager<OpenIdConnectConfiguration> NewConfiguration() => new(
        _options.Issuer.ToString().TrimEnd('/') + "/.well-known/openid-configuration",
        new OpenIdConnectConfigurationRetriever(),
        new HttpDocumentRetriever(_http) { RequireHttps = !_options.Issuer.IsLoopback });

    private async Task<OpenIdConnectConfiguration> KeysAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await _configuration.GetConfigurationAsync(cancellationToken);
        }
        catch (Exception failure) when (failure is InvalidOperationException or HttpRequestException or IOException)
        {
            throw new AccessUnavailableException("the identity provider's keys cannot be read at present", failure);
        }
    }

    private Task<TokenValidationResult> ValidateAsync(string token, OpenIdConnectConfiguration configuration) =>
        _handler.ValidateTokenAsync(token, new TokenValidationParameters
        {
            ValidIssuer = configuration.Issuer,
            ValidAudience = _options.Audience,
            IssuerSigningKeys = configuration.SigningKeys,
            ValidAlgorithms = Algorithms,
            RequireSignedTokens = true,
            RequireExpirationTime = true,
            TryAllIssuerSigningKeys = false,
            ClockSkew = TimeSpan.FromSeconds(60),
            LifetimeValidator = (from, to, _, parameters) =>
            {
                var now = _time.GetUtcNow().UtcDateTime;
                return to is { } end && end + parameters.ClockSkew > now
                    && (from is not { } start || start - parameters.ClockSkew <= now);
            },
        });

    private IEnumerable<string> Groups(JsonWebToken token) => token.Claims
        .Where(claim => claim.Type == _options.GroupsClaim).Select(claim => claim.Value).Take(256);

    private static string Reason(Exception? failure) => failure switch
    {
        SecurityTokenInvalidLifetimeException or SecurityTokenExpiredException => "its time is over, or has not come",
        SecurityTokenInvalidAudienceException => "it is for another audience",
        SecurityTokenInvalidAlgorithmException => "its algorithm is not taken",
        SecurityTokenSignatureKeyNotFoundException => "its key is not one of the provider's",
        _ => "its signature or its content is wrong",
    };
}
