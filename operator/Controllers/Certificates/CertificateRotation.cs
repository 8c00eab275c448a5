using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace WafOperator.Controllers.Certificates;

/// <summary>
/// Decides what certificates there should be now (pure but for the making of keys). An authority is replaced at two thirds of its life: the
/// next one is trusted first, for <see cref="Propagation"/>, and signs only then; the previous one stays trusted until it ends.
/// </summary>
public static class CertificateRotation
{
    /// <summary>Time for a new bundle to reach webhooks and sidecars (kubelets update volumes within about a minute).</summary>
    public static readonly TimeSpan Propagation = TimeSpan.FromMinutes(10);

    /// <summary>What should be, from what is.</summary>
    /// <param name="current">What is, or null when nothing usable is there.</param>
    /// <param name="dnsNames">Names that the serving certificate must carry.</param>
    /// <param name="now">The time.</param>
    /// <param name="left">
    /// What serves although its authority is lost, with the bundle that clients trust: it goes on until they trust the
    /// new one.
    /// </param>
    /// <returns>The wanted state (the same object when nothing changes) and when to look again.</returns>
    public static (CertificateState State, DateTimeOffset LookAgain) Next(
        CertificateState? current, IReadOnlyList<string> dnsNames, DateTimeOffset now, ServingState? left = null)
    {
        var state = current;
        if (state is null || state.Authority.NotAfter <= now) state = Fresh(dnsNames, now, left);
        if (state.NextAuthority is null && now >= state.Authority.RenewAt)
            state = state with { NextAuthority = CertificateIssuer.Authority(now) };
        if (state.NextAuthority is { } next && now >= TrustedSince(next) + Propagation)
        {
            state = new CertificateState(
                next, null, state.Authority.CertificatePem, CertificateIssuer.Serving(next, dnsNames, now));
        }

        if (state.PreviousAuthorityPem is { } previous && EndOf(previous) <= now) state = state with { PreviousAuthorityPem = null };
        if (NeedsServing(state, dnsNames, now))
            state = state with { Serving = CertificateIssuer.Serving(state.Authority, dnsNames, now) };
        return (state, LookAgain(state));
    }

    private static CertificateState Fresh(IReadOnlyList<string> dnsNames, DateTimeOffset now, ServingState? left)
    {
        var authority = CertificateIssuer.Authority(now);
        if (left is { Bundle.Length: > 0 } && left.Serving.NotAfter > now + Propagation && HasCertificate(left.Bundle))
            return new CertificateState(authority, null, left.Bundle, left.Serving);
        return new CertificateState(authority, null, null, CertificateIssuer.Serving(authority, dnsNames, now));
    }

    private static bool NeedsServing(CertificateState state, IReadOnlyList<string> dnsNames, DateTimeOffset now)
    {
        var isSigned = state.Serving.IsSignedBy(state.Authority);
        // Clients do not know the authority yet: what they know serves on.
        if (!isSigned && now < TrustedSince(state.Authority) + Propagation && now < state.Serving.NotAfter) return false;
        return !isSigned || now >= state.Serving.RenewAt
            || !dnsNames.All(name => state.Serving.DnsNames.Contains(name));
    }

    private static DateTimeOffset LookAgain(CertificateState state)
    {
        var times = new List<DateTimeOffset> { state.Authority.RenewAt, state.Serving.RenewAt };
        if (state.NextAuthority is { } next) times = [TrustedSince(next) + Propagation, state.Serving.RenewAt];
        if (state.PreviousAuthorityPem is { } previous) times.Add(EndOf(previous));
        return state.Serving.IsSignedBy(state.Authority) ? times.Min() : TrustedSince(state.Authority) + Propagation;
    }

    /// <summary>Authorities are valid slightly before they are made; the making is what counts here.</summary>
    private static DateTimeOffset TrustedSince(KeyedCertificate authority) => authority.NotAfter - CertificateIssuer.AuthorityLife;

    private static DateTimeOffset EndOf(string pem)
    {
        using var certificate = X509Certificate2.CreateFromPem(pem);
        return new DateTimeOffset(certificate.NotAfter.ToUniversalTime(), TimeSpan.Zero);
    }

    private static bool HasCertificate(string pem)
    {
        try
        {
            return EndOf(pem) > DateTimeOffset.MinValue;
        }
        catch (CryptographicException)
        {
            return false;
        }
    }
}
