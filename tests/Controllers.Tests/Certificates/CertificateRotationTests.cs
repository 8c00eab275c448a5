using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using WafOperator.Controllers.Certificates;
using WafOperator.Kubernetes.Objects;

namespace WafOperator.Controllers.Tests.Certificates;

public sealed class CertificateRotationTests
{
    private static readonly string[] Names =
        ["waf-operator.waf-system.svc", "waf-operator.waf-system.svc.cluster.local"];
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Next_WithNothing_MakesAnAuthorityAndAServingCertificateForTheNames()
    {
        var (state, _) = CertificateRotation.Next(null, Names, Start);

        Assert.Equal(Names, state.Serving.DnsNames);
        Assert.True(state.Serving.IsSignedBy(state.Authority));
        Assert.Null(state.NextAuthority);
    }

    [Fact]
    public void Next_WhileAllIsFresh_ChangesNothing()
    {
        var (state, _) = CertificateRotation.Next(null, Names, Start);

        Assert.Same(state, CertificateRotation.Next(state, Names, Start.AddDays(50)).State);
    }

    [Fact]
    public void Next_AfterTwoThirdsOfTheServingLife_RenewsItUnderTheSameAuthority()
    {
        var (state, again) = CertificateRotation.Next(null, Names, Start);
        Assert.InRange(again, Start.AddDays(59), Start.AddDays(61));

        var (renewed, _) = CertificateRotation.Next(state, Names, again);

        Assert.Equal(state.Authority, renewed.Authority);
        Assert.NotEqual(state.Serving, renewed.Serving);
    }

    [Fact]
    public void Next_WhenTheNamesChange_RenewsTheServingCertificate()
    {
        var (state, _) = CertificateRotation.Next(null, Names, Start);

        var (renewed, _) = CertificateRotation.Next(state, ["other.svc"], Start);

        Assert.Equal(["other.svc"], renewed.Serving.DnsNames);
    }

    [Fact]
    public void Rotation_OverThreeYears_NeverServesWhatTheLastKnownBundleDoesNotTrust()
    {
        CertificateState? state = null;
        var bundle = "";
        var authorities = new HashSet<string>();
        // Clients learn each bundle late, by the time that a change leaves them.
        for (var now = Start; now < Start.AddDays(3 * 365); now += CertificateRotation.Propagation)
        {
            var (next, again) = CertificateRotation.Next(state, Names, now);
            if (state is not null) Assert.True(Trusts(bundle, next.Serving, now), $"untrusted at {now:u}");
            bundle = next.Bundle;
            state = next;
            authorities.Add(next.Authority.CertificatePem);
            // Nothing happens until then; the walk is only fine-grained around changes.
            if (again - now > TimeSpan.FromHours(1)) now = again - TimeSpan.FromMinutes(30);
        }

        Assert.True(authorities.Count >= 4, $"{authorities.Count} authorities");
    }

    [Fact]
    public void ToString_NeverShowsTheKey() =>
        Assert.DoesNotContain(
            "PRIVATE", CertificateRotation.Next(null, Names, Start).State.ToString(), StringComparison.Ordinal);

    [Fact]
    public void CaBundle_IsWrittenOnlyWhereItDiffersAndGuardedByName()
    {
        var configuration = KubernetesObject.From(JsonNode.Parse("""
            {"metadata":{"name":"waf"},"webhooks":[
              {"name":"a.wafoperator.dev","clientConfig":{"service":{"name":"s"},"caBundle":"QQ=="}},
              {"name":"b.wafoperator.dev","clientConfig":{"service":{"name":"s"}}},
              {"name":"c.wafoperator.dev","clientConfig":{"url":"https://elsewhere"}}]}
            """)!.AsObject());

        var operations = CaBundleController.Operations(configuration, "A");

        Assert.Equal(
            ["/webhooks/1/name", "/webhooks/1/clientConfig/caBundle"], operations.Select(o => (string)o["path"]!));
    }

    /// <summary>Clients with a late clock take a certificate that was just made.</summary>
    [Fact]
    public void Next_WithClocksThatDiffer_IsValidForAllOfThem()
    {
        var (state, _) = CertificateRotation.Next(null, Names, Start);

        Assert.True(Trusts(state.Bundle, state.Serving, Start.AddMinutes(-4)));
        Assert.True(Trusts(state.Bundle, state.Serving, Start.AddMinutes(4)));
    }

    /// <summary>The authority's Secret was deleted: what serves goes on until clients trust the new
    /// authority.</summary>
    [Fact]
    public void Next_WithoutTheAuthority_KeepsWhatServes_UntilTheNewOneIsTrusted()
    {
        var (state, _) = CertificateRotation.Next(null, Names, Start);
        var left = new ServingState(state.Serving, state.Bundle);
        var now = Start.AddDays(10);

        var (lost, again) = CertificateRotation.Next(null, Names, now, left);

        Assert.Equal(state.Serving, lost.Serving);
        Assert.NotEqual(state.Authority, lost.Authority);
        Assert.True(Trusts(lost.Bundle, lost.Serving, now));
        Assert.Equal(now + CertificateRotation.Propagation, again, TimeSpan.FromSeconds(2));
        Assert.Same(lost, CertificateRotation.Next(lost, Names, now.AddMinutes(1)).State);
        var (renewed, _) = CertificateRotation.Next(lost, Names, again.AddSeconds(2));
        Assert.True(renewed.Serving.IsSignedBy(lost.Authority));
        Assert.True(Trusts(lost.Bundle, renewed.Serving, again));
        Assert.True(Trusts(renewed.Bundle, lost.Serving, again));
    }

    private static bool Trusts(string bundle, KeyedCertificate serving, DateTimeOffset now)
    {
        using var certificate = X509Certificate2.CreateFromPem(serving.CertificatePem);
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.ImportFromPem(bundle);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.VerificationTime = now.UtcDateTime;
        return chain.Build(certificate);
    }
}
