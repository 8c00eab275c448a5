using System.Text;
using WafOperator.Controllers.Certificates;
using WafOperator.Kubernetes.Objects;

namespace WafOperator.Controllers.Tests.Certificates;

/// <summary>The authority's key lies apart from what serving pods read, also after an upgrade.</summary>
public sealed class CertificateSecretTests
{
    private static readonly string[] Names = ["waf-operator.waf-system.svc"];
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly NamespacedName Serving = new("waf-system", "waf-operator-tls");
    private static readonly NamespacedName Authority = new("waf-system", CertificateSecret.AuthorityName);

    [Fact]
    public void TheTwoSecrets_KeepAllOfIt_AndTheServingOneHasNoKeyOfAnAuthority()
    {
        var (fresh, _) = CertificateRotation.Next(null, Names, Start);
        var (state, _) = CertificateRotation.Next(fresh, Names, fresh.Authority.RenewAt);
        Assert.NotNull(state.NextAuthority);

        var (authority, serving) = Stored(state);

        Assert.Equal(state, CertificateSecret.Read(authority, serving));
        Assert.Equal(new ServingState(state.Serving, state.Bundle), CertificateSecret.ReadServing(serving));
        Assert.True(CertificateSecret.HoldsAuthority(authority, state));
        Assert.True(CertificateSecret.HoldsServing(serving, state));
        foreach (var key in new[] { state.Authority.KeyPem, state.NextAuthority.KeyPem })
        {
            Assert.DoesNotContain(
                Convert.ToBase64String(Encoding.UTF8.GetBytes(key)),
                CertificateSecret.WriteServing(Serving, state, null).ToJsonString(), StringComparison.Ordinal);
        }
    }

    /// <summary>One Secret with everything in it, as earlier versions of the operator wrote it.</summary>
    [Fact]
    public void TheOldForm_IsTakenApart_AndNothingChangesForClients()
    {
        var (state, _) = CertificateRotation.Next(null, Names, Start);
        var old = Old(state);

        var read = CertificateSecret.Read(null, old);

        Assert.Equal(state, read);
        Assert.Same(read, CertificateRotation.Next(read, Names, Start.AddDays(1)).State);
        Assert.False(CertificateSecret.HoldsServing(old, state));
        Assert.False(CertificateSecret.HoldsAuthority(null, state));
        // Killed between the two writes: the old form is still the newest.
        var (authority, serving) = Stored(state);
        Assert.Equal(state, CertificateSecret.Read(authority, old));
        Assert.True(CertificateSecret.HoldsServing(serving, state));
        // An old replica that led once more after the upgrade.
        var (other, _) = CertificateRotation.Next(null, Names, Start.AddDays(2));
        Assert.Equal(other, CertificateSecret.Read(authority, Old(other)));
    }

    [Theory]
    [InlineData("ca.key", "bm90IGEga2V5")]
    [InlineData("ca.crt", "!")]
    public void ADamagedAuthority_IsNone(string field, string value)
    {
        var (state, _) = CertificateRotation.Next(null, Names, Start);
        var body = CertificateSecret.WriteAuthority(Authority, state, null);
        body["data"]![field] = value;

        Assert.Null(CertificateSecret.Read(KubernetesObject.From(body), Stored(state).Serving));
    }

    [Fact]
    public void ASecretOfSomebodyElse_ServesWithTheBundleThatItHas()
    {
        var (state, _) = CertificateRotation.Next(null, Names, Start);
        var body = CertificateSecret.WriteServing(Serving, state, null);
        ((System.Text.Json.Nodes.JsonObject)body["data"]!).Remove("ca.crt");

        Assert.Equal(
            new ServingState(state.Serving, ""), CertificateSecret.ReadServing(KubernetesObject.From(body)));
        Assert.Null(CertificateSecret.Read(null, KubernetesObject.From(body)));
    }

    internal static (KubernetesObject Authority, KubernetesObject Serving) Stored(CertificateState state) => (
        KubernetesObject.From(CertificateSecret.WriteAuthority(Authority, state, "1")),
        KubernetesObject.From(CertificateSecret.WriteServing(Serving, state, "1")));

    private static KubernetesObject Old(CertificateState state)
    {
        var body = CertificateSecret.WriteServing(Serving, state, "1");
        body["data"]!["ca.crt"] = Base64(state.Authority.CertificatePem);
        body["data"]!["ca.key"] = Base64(state.Authority.KeyPem);
        return KubernetesObject.From(body);
    }

    private static string Base64(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));
}
