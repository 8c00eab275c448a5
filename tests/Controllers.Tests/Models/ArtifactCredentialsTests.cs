using System.Text;
using System.Text.Json.Nodes;
using WafOperator.Controllers.Models;
using WafOperator.Kubernetes.Objects;

namespace WafOperator.Controllers.Tests.Models;

/// <summary>Which Secrets are credentials, and for whom.</summary>
public sealed class ArtifactCredentialsTests
{
    private static readonly Uri Registry = new("https://models.example/gate.tar");

    [Theory]
    [InlineData("kubernetes.io/service-account-token", null, "models.example")]
    [InlineData("kubernetes.io/basic-auth", null, "models.example")]
    [InlineData("kubernetes.io/dockerconfigjson", null, "models.example")]
    [InlineData("Opaque", null, "models.example")]
    [InlineData("Opaque", "false", "models.example")]
    [InlineData("wafoperator.dev/artifact-credentials", null, null)]
    [InlineData("wafoperator.dev/artifact-credentials", null, "")]
    [InlineData("wafoperator.dev/artifact-credentials", null, "*")]
    [InlineData("wafoperator.dev/artifact-credentials", null, "other.example")]
    [InlineData("wafoperator.dev/artifact-credentials", null, "example")]
    [InlineData("wafoperator.dev/artifact-credentials", null, "*.models.example")]
    [InlineData("wafoperator.dev/artifact-credentials", null, "models.example:8443")]
    public void ASecretThatIsNotMeantForIt_IsNoCredential(string type, string? label, string? host) =>
        Assert.Null(ArtifactCredentials.Of(Secret(type, label, host), Registry));

    [Theory]
    [InlineData("wafoperator.dev/artifact-credentials", null, "models.example")]
    [InlineData("Opaque", "true", "models.example")]
    [InlineData("Opaque", "true", "other.example, Models.Example:443")]
    [InlineData("Opaque", "true", "*.example")]
    public void ASecretThatNamesTheHost_IsOne(string type, string? label, string host) => Assert.Equal(
        "Bearer secret-token", ArtifactCredentials.Of(Secret(type, label, host), Registry)?.Authorization);

    [Fact]
    public void Credentials_AreNotShownByAccident() => Assert.Equal(
        "credentials",
        ArtifactCredentials.Of(Secret("Opaque", "true", "models.example"), Registry)!.ToString());

    [Theory]
    [InlineData("Bearer realm=\"https://auth.example/token\",service=\"r\",scope=\"repository:a,b:pull\"",
        "https://auth.example/token?service=r&scope=repository%3Aa%2Cb%3Apull")]
    [InlineData("Bearer service=\"r\"", null)]
    public void AChallenge_NamesItsRealm(string challenge, string? realm) =>
        Assert.Equal(realm, OciArtifactSource.RealmOf(challenge)?.AbsoluteUri);

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("1")]
    [InlineData("{\"layers\": 1}")]
    [InlineData("{\"layers\": []}")]
    [InlineData("{\"layers\": [1]}")]
    [InlineData("{\"layers\": [{}]}")]
    [InlineData("{\"layers\": [{\"digest\": 1}]}")]
    [InlineData("{\"layers\": [{\"digest\": \"../../../v1/secrets\"}]}")]
    public void AManifestThatIsNone_HasNoLayer(string manifest) =>
        Assert.Null(OciArtifactSource.LayerOf(Encoding.UTF8.GetBytes(manifest)));

    private static KubernetesObject Secret(string type, string? label, string? host)
    {
        var metadata = new JsonObject { ["namespace"] = "shop", ["name"] = "models" };
        if (label is not null)
            metadata["labels"] = new JsonObject { ["wafoperator.dev/artifact-credentials"] = label };
        if (host is not null) metadata["annotations"] = new JsonObject { ["wafoperator.dev/host"] = host };
        var secret = new JsonObject
        {
            ["metadata"] = metadata,
            ["type"] = type,
            ["data"] = new JsonObject { ["token"] = Convert.ToBase64String("secret-token"u8) },
        };
        return KubernetesObject.From(secret);
    }
}
