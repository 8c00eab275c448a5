using System.Text.Json.Nodes;
using WafOperator.Webhooks.Reviews;
using WafOperator.Webhooks.Validation;

namespace WafOperator.Webhooks.Tests;

/// <summary>The operator is no way to use Secrets that one may not read.</summary>
public sealed class SecretUseTests
{
    [Theory]
    [InlineData("credentialsSecret", "mine", true)]
    [InlineData("credentialsSecret", "theirs", false)]
    [InlineData("publicKeySecret", "mine", true)]
    [InlineData("publicKeySecret", "theirs", false)]
    [InlineData(null, "theirs", true)]
    public async Task AModelVersion_NamesOnlySecretsThatItsAuthorMayRead(string? field, string secret, bool isAllowed)
    {
        var asked = new List<(string User, string Namespace, string Secret)>();
        var use = new SecretUse((user, ns, name, _) =>
        {
            asked.Add((user.Name, ns, name));
            return Task.FromResult(name == "mine" && user.Groups.Contains("developers"));
        });

        var refusal = await use.RefusalAsync(Request(field, secret), CancellationToken.None);

        Assert.Equal(isAllowed, refusal is null);
        Assert.Equal(field is null ? [] : [("dana", "shop", secret)], asked);
        if (refusal is not null) Assert.Contains("shop/theirs", refusal.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{\"credentialsSecret\": \"theirs\"}", "spec.credentialsSecret")]
    [InlineData("{\"tls\": {\"caSecret\": \"theirs\"}}", "spec.tls.caSecret")]
    [InlineData("{\"tls\": {\"clientCertificateSecret\": \"theirs\"}}", "spec.tls.clientCertificateSecret")]
    [InlineData("{\"credentialsSecret\": \"mine\", \"tls\": {\"caSecret\": \"mine\"}}", null)]
    public async Task AWafSink_NamesOnlySecretsThatItsAuthorMayRead(string spec, string? field)
    {
        var use = new SecretUse((_, ns, name, _) => Task.FromResult(ns == "shop" && name == "mine"));
        var request = Request(null, "") with
        {
            Kind = "WafSink", Object = new JsonObject { ["spec"] = JsonNode.Parse(spec) },
        };

        var refusal = await use.RefusalAsync(request, CancellationToken.None);

        Assert.Equal(field is null, refusal is null);
        if (field is not null) Assert.StartsWith(field + ": dana", refusal!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ASecretThatWasNamedBefore_IsNotAskedForAgain()
    {
        var use = new SecretUse((_, _, _, _) => Task.FromResult(false));
        var request = Request("credentialsSecret", "theirs");

        Assert.Null(await use.RefusalAsync(
            request with { Operation = "UPDATE", OldObject = request.Object }, CancellationToken.None));
    }

    [Theory]
    [InlineData("ModelVersion", """{"artifact": {"uri": "https://b/x", "credentialsSecret": "theirs"}}""", false)]
    [InlineData("ModelVersion", """{"abort": 1, "artifact": {"uri": "https://a/x", "credentialsSecret": "theirs"}}""",
        true)]
    [InlineData("WafSink", """{"url": "https://b/x", "credentialsSecret": "theirs"}""", false)]
    [InlineData("WafSink", """{"url": "https://a/x", "credentialsSecret": "theirs", "index": "x"}""", false)]
    [InlineData("WafSink", """{"url": "https://b/x"}""", true)]
    public async Task WhereASecretGoes_IsChangedOnlyByWhoMayReadIt(string kind, string spec, bool isAllowed)
    {
        var before = """{"uri": "https://a/x", "credentialsSecret": "theirs"}""";
        if (kind == "ModelVersion") before = $$"""{"artifact": {{before}}}""";
        var use = new SecretUse((_, _, _, _) => Task.FromResult(false));
        var request = Request(null, "") with
        {
            Kind = kind, Operation = "UPDATE", Object = new JsonObject { ["spec"] = JsonNode.Parse(spec) },
            OldObject = new JsonObject { ["spec"] = JsonNode.Parse(before.Replace("uri", Field(kind))) },
        };

        Assert.Equal(isAllowed, await use.RefusalAsync(request, CancellationToken.None) is null);

        static string Field(string kind) => kind == "WafSink" ? "url" : "uri";
    }

    [Fact]
    public async Task NoAnswer_IsANo()
    {
        var use = new SecretUse(async (_, _, _, cancellationToken) =>
        {
            await Task.Delay(Timeout.Infinite, cancellationToken);
            return true;
        });

        Assert.NotNull(await use.RefusalAsync(Request("credentialsSecret", "theirs"), CancellationToken.None));
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("{\"spec\": []}")]
    [InlineData("{\"spec\": {\"artifact\": \"x\"}}")]
    [InlineData("{\"spec\": {\"artifact\": {\"credentialsSecret\": 1, \"signature\": \"x\"}}}")]
    public async Task OddObjects_NameNoSecret(string raw)
    {
        var use = new SecretUse((_, _, _, _) => Task.FromResult(false));
        var request = Request(null, "") with { Object = JsonNode.Parse(raw)!.AsObject() };

        Assert.Null(await use.RefusalAsync(request, CancellationToken.None));
    }

    private static AdmissionRequest Request(string? field, string secret)
    {
        var artifact = new JsonObject { ["uri"] = "https://models.example/gate.tar" };
        if (field == "credentialsSecret") artifact[field] = secret;
        if (field == "publicKeySecret") artifact["signature"] = new JsonObject { [field] = secret };
        return new AdmissionRequest
        {
            Uid = "1", Operation = "CREATE", Namespace = "shop", Name = "gate", Kind = "ModelVersion",
            User = new AdmissionUser("dana", ["developers"]),
            Object = new JsonObject { ["spec"] = new JsonObject { ["artifact"] = artifact } },
        };
    }
}
