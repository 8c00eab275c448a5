using WafOperator.Controllers.Pools;
using WafOperator.Kubernetes.Objects;
using WafOperator.Pools;
using WafOperator.Protocols.Inference;

namespace WafOperator.Controllers.Tests.Pools;

/// <summary>The secret that keys of pools are made of, over years.</summary>
public sealed class PoolSecretTests
{
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly NamespacedName Pool = new("shop", "large");

    internal static KubernetesObject Stored(PoolSecret secret) =>
        KubernetesObject.From(secret.Write(new NamespacedName("waf-system", PoolKeyController.SecretName), "1"));

    [Fact]
    public void OverAYear_ServersTakeWhatSidecarsUse_HoweverLateEitherHearsOfIt()
    {
        PoolSecret? secret = null;
        (string Used, List<string> Taken) before = ("", []);
        var used = new HashSet<string>();
        for (var now = Start; now < Start.AddDays(365); now += PoolSecret.Propagation / 2)
        {
            (secret, var again) = PoolSecret.Rotate(secret, now);
            var keys = new PoolKeys();
            keys.Update(Stored(secret));
            var present = (Used: keys.Of(Pool)[0], Taken: keys.Of(Pool).ToList());
            if (before.Used.Length > 0)
            {
                Assert.Contains(before.Used, present.Taken);
                Assert.Contains(present.Used, before.Taken);
            }

            used.Add(present.Used);
            before = present;
            if (again - now > TimeSpan.FromHours(1)) now = again - PoolSecret.Propagation;
        }

        Assert.InRange(used.Count, 11, 14);
    }

    [Theory]
    [InlineData("key", "c2hvcnQ=")]
    [InlineData("key", "!")]
    [InlineData("since", "bm8gdGltZQ==")]
    public void ADamagedSecret_ChangesNothing_AndIsMadeAnew(string field, string value)
    {
        var secret = PoolSecret.Rotate(null, Start).Secret;
        var keys = new PoolKeys();
        Assert.False(keys.IsKnown);
        keys.Update(Stored(secret));
        var damaged = secret.Write(new NamespacedName("waf-system", "x"), null);
        damaged["data"]![field] = value;

        keys.Update(KubernetesObject.From(damaged));
        keys.Update(null);

        Assert.Equal(PoolAccess.KeyOf(secret.Signing, "shop", "large"), Assert.Single(keys.Of(Pool)));
        Assert.Null(PoolSecret.Read(KubernetesObject.From(damaged)));
        Assert.DoesNotContain(Convert.ToBase64String(secret.Signing), secret.ToString(), StringComparison.Ordinal);
    }
}
