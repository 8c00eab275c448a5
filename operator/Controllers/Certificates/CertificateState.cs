namespace WafOperator.Controllers.Certificates;

/// <summary>
/// All certificates of the operator at a moment. The bundle always holds every authority that a serving certificate in use may be signed
/// by, so a change of the authority is never seen as a failure.
/// </summary>
/// <param name="Authority">Signs.</param>
/// <param name="NextAuthority">Already trusted, signs soon; null outside a change.</param>
/// <param name="PreviousAuthorityPem">Still trusted; null when none is.</param>
/// <param name="Serving">What the webhooks and the distribution serve with.</param>
public sealed record CertificateState(
    KeyedCertificate Authority, KeyedCertificate? NextAuthority, string? PreviousAuthorityPem, KeyedCertificate Serving)
{
    /// <summary>PEM bundle that clients trust.</summary>
    public string Bundle => string.Concat(
        new[] { Authority.CertificatePem, NextAuthority?.CertificatePem, PreviousAuthorityPem }
            .Where(pem => pem is not null).Select(pem => pem!.TrimEnd() + "\n"));
}
