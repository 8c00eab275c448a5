using System.Text.Json.Nodes;
using WafOperator.Kubernetes.Authentication;
using WafOperator.Kubernetes.Client;
using WafOperator.Kubernetes.Objects;
using WafOperator.Kubernetes.Tests.ApiServer;

namespace WafOperator.Kubernetes.Tests.Client;

[Collection(ApiServerCollection.Name)]
public sealed class TransportFaultTests(TestApiServer server)
{
    private static readonly CancellationToken None = CancellationToken.None;
    private static readonly NamespacedName Default = NamespacedName.Cluster("default");

    [Fact]
    public async Task Throttled_WithRetryAfter_IsWaitedForAndRepeated()
    {
        await using var proxy = await server.ProxyAsync();
        using var client = TestApiServer.Client(proxy);
        proxy.Throttle(2, retryAfterSeconds: 0);
        await client.GetAsync(BuiltIn.Namespaces, Default, None);
        Assert.Equal(3, proxy.Requests.Count);

        var ns = await server.NamespaceAsync();
        proxy.Throttle(1, retryAfterSeconds: 1);
        await client.CreateAsync(BuiltIn.ConfigMaps, KubernetesClientTests.ConfigMap(ns, "throttled"), None);
    }

    [Fact]
    public async Task Throttled_LongerThanAllowed_IsReportedAtOnce()
    {
        await using var proxy = await server.ProxyAsync();
        using var client = TestApiServer.Client(proxy);
        proxy.Throttle(1, retryAfterSeconds: 3000);
        var e = await Assert.ThrowsAsync<KubernetesApiException>(() =>
            client.GetAsync(BuiltIn.Namespaces, Default, None));
        Assert.True(e.IsThrottled);
        Assert.Equal(TimeSpan.FromSeconds(3000), e.Status.RetryAfter);
        Assert.Single(proxy.Requests);
    }

    [Fact]
    public async Task Unavailable_AnswerInHtml_IsOneLine()
    {
        await using var proxy = await server.ProxyAsync();
        using var client = TestApiServer.Client(proxy);
        proxy.Fail(1);
        var e = await Assert.ThrowsAsync<KubernetesApiException>(() =>
            client.GetAsync(BuiltIn.Namespaces, Default, None));
        Assert.True(e.IsTransient);
        Assert.StartsWith("cannot get namespaces default: 503 ", e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', e.Message);
    }

    [Fact]
    public async Task AnswerBreaksOff_ReadIsRepeated_WriteIsNot()
    {
        await using var proxy = await server.ProxyAsync();
        using var client = TestApiServer.Client(proxy);
        proxy.BreakAnswers(1);
        await client.GetAsync(BuiltIn.Namespaces, Default, None);
        Assert.Equal(2, proxy.Requests.Count);

        proxy.BreakAnswers(1);
        var patch = Patch.Merge(new JsonObject());
        var e = await Assert.ThrowsAsync<KubernetesUnreachableException>(
            () => client.PatchAsync(BuiltIn.Namespaces, Default, patch, None));
        Assert.StartsWith("cannot patch namespaces default: ", e.Message, StringComparison.Ordinal);
        Assert.Equal(3, proxy.Requests.Count);
    }

    [Fact]
    public async Task AnswerIsNotKubernetes_SaysSo()
    {
        await using var proxy = await server.ProxyAsync();
        using var client = TestApiServer.Client(proxy);
        proxy.GarbleAnswers(2);
        var get = await Assert.ThrowsAsync<KubernetesUnreachableException>(
            () => client.GetAsync(BuiltIn.Namespaces, Default, None));
        Assert.Contains("the answer is not Kubernetes", get.Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<KubernetesUnreachableException>(
            () => client.ListAsync(BuiltIn.Namespaces, ListOptions.All, None));
    }

    [Fact]
    public async Task AnswerTooLarge_IsRefused()
    {
        await using var proxy = await server.ProxyAsync();
        using var client = TestApiServer.Client(proxy, new ClientOptions { ResponseBytesMax = 100 });
        var e = await Assert.ThrowsAsync<KubernetesUnreachableException>(
            () => client.ListAsync(BuiltIn.Namespaces, ListOptions.All, None));
        Assert.Contains("larger than 100 bytes", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task NoAnswer_TimeLimit_SaysHowLong()
    {
        await using var proxy = await server.ProxyAsync();
        using var client = TestApiServer.Client(
            proxy, new ClientOptions { RequestTimeMax = TimeSpan.FromMilliseconds(200) });
        proxy.Hold();
        var e = await Assert.ThrowsAsync<KubernetesUnreachableException>(
            () => client.GetAsync(BuiltIn.Namespaces, Default, None));
        Assert.Contains("no answer within", e.Message, StringComparison.Ordinal);
        using var cancelled = new CancellationTokenSource(50);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => client.GetAsync(BuiltIn.Namespaces, Default, cancelled.Token));
    }

    [Fact]
    public async Task Unauthorized_IsOneLineWithoutTheToken()
    {
        using var client = TestApiServer.ClientOf(server.Connection("expired-token"));
        var e = await Assert.ThrowsAsync<KubernetesApiException>(() =>
            client.GetAsync(BuiltIn.Namespaces, Default, None));
        Assert.True(e.IsUnauthorized);
        Assert.Contains("credentials are missing or expired", e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("expired-token", e.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Credentials_ThatCannotBeRead_AreNamed()
    {
        var folder = Directory.CreateDirectory(Path.Combine(server.Folder, "pod-without-token")).FullName;
        await File.WriteAllTextAsync(Path.Combine(folder, "token"), TestApiServer.AdminToken);
        await File.WriteAllTextAsync(Path.Combine(folder, "ca.crt"), server.AuthorityPem);
        using var client = TestApiServer.ClientOf(ClusterLocator.Locate(new ClusterEnvironment
        {
            ServiceHost = server.Address.Host, ServicePort = $"{server.Address.Port}", ServiceAccountDirectory = folder,
        }));
        File.Delete(Path.Combine(folder, "token"));

        var e = await Assert.ThrowsAsync<KubeconfigException>(() => client.GetAsync(BuiltIn.Namespaces, Default, None));
        Assert.Contains("cannot get credentials", e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', e.Message);
    }

    [Fact]
    public async Task Unreachable_NobodyListens_IsOneLineWithTheNextStep()
    {
        var address = new Uri($"https://127.0.0.1:{TestApiServer.FreePort()}/");
        using var client = TestApiServer.ClientOf(TestApiServer.ConnectionTo(address, "dead", "secret-value"));
        var e = await Assert.ThrowsAsync<KubernetesUnreachableException>(
            () => client.ListAsync(BuiltIn.Pods, ListOptions.In("shop"), None));
        const string start = "cannot list pods in namespace shop: the API server https://127.0.0.1:";
        Assert.StartsWith(start, e.Message, StringComparison.Ordinal);
        Assert.Contains("Connection refused", e.Message, StringComparison.Ordinal);
        Assert.Contains("Next: check the address", e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', e.Message);
        Assert.DoesNotContain("secret-value", e.ToString(), StringComparison.Ordinal);
    }
}
