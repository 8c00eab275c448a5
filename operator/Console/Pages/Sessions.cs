using System.Security.Cryptography;
using Microsoft.AspNetCore.DataProtection;
using WafOperator.Console.Access;

namespace WafOperator.Console.Pages;

/// <summary>
/// Sessions of browsers: the user's own token, sealed into a cookie that scripts do not see and other sites do not
/// send.
/// The console keeps no table of sessions; a token that is revoked ends its sessions within ten seconds.
/// </summary>
public sealed class Sessions(IDataProtectionProvider protection, Gatekeeper gate, bool isBehindTls)
{
    private const int TokenLengthMax = 2_800;
    private static readonly TimeSpan Lifetime = TimeSpan.FromHours(8);

    private readonly ITimeLimitedDataProtector _protector =
        protection.CreateProtector("waf-console session").ToTimeLimitedDataProtector();

    /// <summary>Signs in; null when that worked, else what is wrong.</summary>
    public async Task<string?> SignInAsync(HttpContext context, string token)
    {
        if (token.Length > TokenLengthMax)
            return "the token is too long for a cookie; use a ServiceAccount's (kubectl create token)";
        var result = await gate.SignInAsync(
            token, context.Connection.RemoteIpAddress, context.RequestAborted);
        if (result.Viewer is null) return result.Refusal;
        var isSecure = isBehindTls || context.Request.IsHttps;
        context.Response.Cookies.Append(NameOf(isSecure), _protector.Protect(token, Lifetime), new CookieOptions
        {
            HttpOnly = true, Secure = isSecure, SameSite = SameSiteMode.Strict, Path = "/", MaxAge = Lifetime,
                IsEssential = true,
        });
        return null;
    }

    public void SignOut(HttpContext context)
    {
        foreach (var isSecure in new[] { true, false })
            context.Response.Cookies.Delete(NameOf(isSecure), new CookieOptions { Path = "/", Secure = isSecure });
    }

    /// <summary>The user of a request, or null.</summary>
    public async Task<Viewer?> ViewerOfAsync(HttpContext context)
    {
        var isSecure = isBehindTls || context.Request.IsHttps;
        if (context.Request.Cookies[NameOf(isSecure)] is not { Length: > 0 } sealedToken) return null;
        try
        {
            var token = _protector.Unprotect(sealedToken);
            return (await gate.SignInAsync(token, context.Connection.RemoteIpAddress, context.RequestAborted)).Viewer;
        }
        catch (CryptographicException)
        {
            return null;
        }
    }

    /// <summary>With the prefix, browsers take the cookie from this host by https only.</summary>
    private static string NameOf(bool isSecure) => isSecure ? "__Host-waf-session" : "waf-session";
}
