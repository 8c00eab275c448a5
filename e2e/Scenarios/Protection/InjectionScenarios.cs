using System.Text.Json;
using WafOperator.E2e.Scenarios.Environment;

namespace WafOperator.E2e.Scenarios.Protection;

/// <summary>Which pods get a sidecar, and that those protect.</summary>
public sealed class InjectionScenarios
{
    [ClusterFact]
    public async Task An_opted_in_pod_is_injected_and_protected()
    {
        await using var shop = await Shop.ProtectedAsync();

        foreach (var pod in await shop.PodsAsync("shop"))
        {
            var names = PodContainers.NamesOf(pod);
            Assert.Contains("shop", names);
            Assert.Contains("waf-sidecar", names);
        }
        using var client = await shop.ClientAsync("shop");
        await client.PassesAsync();
        await client.BlockedAsync();
        await client.BlockedAsync("/search?q=%3Cscript%3Ealert(1)%3C%2Fscript%3E");
        await client.BlockedAsync("/api/products?file=..%2F..%2F..%2F..%2Fetc%2Fpasswd");
    }

    [ClusterFact]
    public async Task What_passes_arrives_unchanged()
    {
        await using var shop = await Shop.ProtectedAsync();
        using var client = await shop.ClientAsync("shop");

        using var content = new StringContent("""{"note":"tea & biscuits"}""", System.Text.Encoding.UTF8, "application/json");
        using var request = new HttpRequestMessage(HttpMethod.Post, "/echo/a%20b/c?x=1&y=%C3%A9&x=2") { Content = content };
        request.Headers.Add("X-Custom", "one, two");
        using var response = await client.SendAsync(request);
        using var echoed = JsonDocument.Parse(await response.Content.ReadAsStringAsync());

        var root = echoed.RootElement;
        Assert.Equal("POST", root.GetProperty("method").GetString());
        Assert.Equal("/echo/a%20b/c?x=1&y=%C3%A9&x=2", root.GetProperty("rawTarget").GetString());
        Assert.Equal("""{"note":"tea & biscuits"}""", root.GetProperty("body").GetString());
        Assert.Equal("one, two", root.GetProperty("headers").GetProperty("X-Custom").GetString());
    }

    [ClusterFact]
    public async Task A_pod_without_the_annotation_is_untouched()
    {
        await using var shop = await Shop.EmptyAsync();
        await shop.Kubectl.ApplyAsync(Shop.Manifest("wafpolicy"));
        await shop.Kubectl.ApplyAsync(Shop.Manifest("shop-plain"));
        await shop.ReadyAsync("plain");

        var pod = Assert.Single(await shop.PodsAsync("plain"));

        Assert.Equal(["shop"], PodContainers.NamesOf(pod));
        Assert.DoesNotContain("wafoperator.dev", pod.GetProperty("metadata").ToString(), StringComparison.Ordinal);
        using var client = await shop.ClientAsync("plain");
        await client.PassesAsync(Requests.SqlInjection);
    }

    [ClusterFact]
    public async Task A_service_with_a_numeric_target_port_is_redirected()
    {
        await using var shop = await Shop.EmptyAsync();
        await shop.Kubectl.ApplyAsync(Shop.Manifest("wafpolicy"));
        await shop.Kubectl.ApplyAsync(Shop.Manifest("shop-numeric"));
        await shop.ReadyAsync("numeric");
        await shop.ProgrammedAsync();

        var pod = Assert.Single(await shop.PodsAsync("numeric"));
        var init = pod.GetProperty("spec").GetProperty("initContainers").EnumerateArray()
            .Select(container => container.GetProperty("name").GetString());
        Assert.Contains("waf-init", init);
        using var client = await shop.ClientAsync("numeric");
        await client.PassesAsync();
        await client.BlockedAsync();
    }

    [ClusterFact]
    public async Task A_job_that_asks_for_a_sidecar_completes()
    {
        await using var shop = await Shop.EmptyAsync();
        await shop.Kubectl.ApplyAsync(Shop.Manifest("wafpolicy"));
        await shop.Kubectl.ApplyAsync(Shop.Manifest("stock-taking"));

        await shop.Kubectl.RunAsync("wait", "job/stock-taking", "--for=condition=Complete", "--timeout=90s");
    }

    [ClusterFact]
    public async Task Probes_still_ask_the_application()
    {
        await using var shop = await Shop.ProtectedAsync();

        // Both replicas are told that they are not ready; the Service loses them because the kubelet heard it from the application.
        foreach (var pod in await shop.PodsAsync("shop"))
        {
            await shop.Kubectl.RunAsync("exec", pod.GetProperty("metadata").GetProperty("name").GetString()!, "-c", "shop", "--",
                "busybox", "sh", "-c",
                "printf 'DELETE /admin/ready HTTP/1.1\\r\\nHost: x\\r\\nConnection: close\\r\\n\\r\\n' | busybox nc 127.0.0.1 8080");
        }

        await Eventually.TrueAsync(TimeSpan.FromSeconds(30), "pods whose application is not ready leave the Service", async () =>
            !(await shop.Kubectl.GetAsync("endpoints", "shop")).ToString().Contains("\"addresses\"", StringComparison.Ordinal));
    }
}
