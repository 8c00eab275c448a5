using System.Text;
using WafOperator.Kubernetes.Authentication;
using WafOperator.Kubernetes.Client;
using WafOperator.Kubernetes.Objects;
using WafOperator.Kubernetes.Tests.ApiServer;

namespace WafOperator.Kubernetes.Tests.Client;

[Collection(ApiServerCollection.Name)]
public sealed class TlsTests(TestApiServer server)
{
    private static readonly NamespacedName Default = NamespacedName.Cluster("default");

    [Fact]
    public async Task ClientCertificate_OfAGroupWithRights_IsAccepted()
    {
        using var admin = ClientOf(User(server.ClientCertificate("ann", "system:masters")));
        await admin.ListAsync(BuiltIn.Secrets, ListOptions.All, default);
        using var ann = ClientOf(User(server.ClientCertificate("ann")));
        var e = await Assert.ThrowsAsync<KubernetesApiException>(
            () => ann.ListAsync(BuiltIn.Secrets, ListOptions.All, default));
        Assert.Contains("User \"ann\" cannot list", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ServerCertificate_OfAnotherAuthority_IsRefused()
    {
        var stranger = new TestCertificates().AuthorityPem;
        using var client = ClientOf(Token(), cluster => $"{cluster}, certificate-authority-data: {Base64(stranger)}");
        var e = await Assert.ThrowsAsync<KubernetesUnreachableException>(
            () => client.GetAsync(BuiltIn.Namespaces, Default, default));
        Assert.Contains("TLS failed", e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', e.Message);
        using var careless = ClientOf(Token(), cluster => $"{cluster}, insecure-skip-tls-verify: true");
        await careless.GetAsync(BuiltIn.Namespaces, Default, default);
    }

    [Theory]
    [InlineData("kubernetes.test", true)]
    [InlineData("elsewhere.test", false)]
    public async Task TlsServerName_IsComparedWithTheCertificate(string name, bool accepted)
    {
        using var client = ClientOf(
            Token(), c => $"{c}, certificate-authority-data: {Base64(server.AuthorityPem)}, tls-server-name: {name}");
        var error = await Record.ExceptionAsync(() => client.GetAsync(BuiltIn.Namespaces, Default, default));
        if (accepted) Assert.Null(error);
        else Assert.IsType<KubernetesUnreachableException>(error);
    }

    [Fact]
    public async Task InCluster_AuthorityIsReplaced_NewOneIsTrusted()
    {
        var folder = Directory.CreateDirectory(Path.Combine(server.Folder, "pod")).FullName;
        await File.WriteAllTextAsync(Path.Combine(folder, "token"), TestApiServer.AdminToken);
        await File.WriteAllTextAsync(Path.Combine(folder, "ca.crt"), new TestCertificates().AuthorityPem);
        var environment = new ClusterEnvironment
        {
            ServiceHost = server.Address.Host,
            ServicePort = $"{server.Address.Port}",
            ServiceAccountDirectory = folder,
        };
        using var client = TestApiServer.ClientOf(ClusterLocator.Locate(environment));
        await Assert.ThrowsAsync<KubernetesUnreachableException>(
            () => client.GetAsync(BuiltIn.Namespaces, Default, default));
        await File.WriteAllTextAsync(Path.Combine(folder, "ca.crt"), server.AuthorityPem);
        File.SetLastWriteTimeUtc(Path.Combine(folder, "ca.crt"), DateTime.UtcNow.AddMinutes(1));
        await client.GetAsync(BuiltIn.Namespaces, Default, default);
    }

    private static string Token() => $"token: {TestApiServer.AdminToken}";

    private static string User((string Certificate, string Key) pair) =>
        $"client-certificate-data: {Base64(pair.Certificate)}, client-key-data: {Base64(pair.Key)}";

    private static string Base64(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));

    private KubernetesClient ClientOf(string user, Func<string, string>? cluster = null)
    {
        var address = $"server: '{server.Address}'";
        var entry = cluster?.Invoke(address)
            ?? $"{address}, certificate-authority-data: {Base64(server.AuthorityPem)}";
        var config = $$"""
            current-context: t
            clusters: [{name: c, cluster: { {{entry}} } }]
            users: [{name: u, user: { {{user}} } }]
            contexts: [{name: t, context: {cluster: c, user: u} }]
            """;
        return TestApiServer.ClientOf(server.ConnectionOf(config));
    }
}
