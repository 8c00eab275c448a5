using System.CommandLine;
using System.Net;
using WafOperator.Proxy.Tests.Harness;
using WafOperator.Protocols.Policies;
using WafOperator.Sidecar.Host;

namespace WafOperator.Proxy.Tests.Host;

public sealed class CommandLineTests
{
    [Fact]
    public void Parse_TheDocumentedLine_IsServeFile()
    {
        var task = Run("--policy shop.yaml --upstream http://127.0.0.1:3000 --listen http://0.0.0.0:8080 --admin=http://127.0.0.1:15020").Task;

        var settings = Assert.IsType<SidecarTask.ServeFile>(task).Settings;
        Assert.Equal("shop.yaml", settings.Policy);
        Assert.Equal((8080, 3000), (settings.Way.Listen.Port, settings.Way.Upstream!.Port));
        Assert.Equal(15020, settings.Admin!.Port);
    }

    [Fact]
    public void Parse_ForwardAuth_HasNoApplication()
    {
        var task = Run("--policy shop.yaml --forward-auth http://127.0.0.1:16530").Task;

        var settings = Assert.IsType<SidecarTask.ServeFile>(task).Settings;
        Assert.Equal((16530, null), (settings.Way.Listen.Port, settings.Way.Upstream));
    }

    public static TheoryData<string, object> OtherTasks => new()
    {
        { "wait", new SidecarTask.Wait(null, TimeSpan.FromMinutes(1)) },
        { "wait --admin http://127.0.0.1:1 --timeout 2.5s", new SidecarTask.Wait(new Uri("http://127.0.0.1:1"), TimeSpan.FromSeconds(2.5)) },
        { "evaluate --package f.tar", new SidecarTask.Evaluate("f.tar", null) },
        { "evaluate --digest d", new SidecarTask.Evaluate(null, "d") },
        { "evaluate --digest d --baseline b", new SidecarTask.Evaluate(null, "d", "b") },
        { "evaluate --requests r --baseline b --digest d", new SidecarTask.Compare("d", "b", "r") },
        { "offer --file f --digest d", new SidecarTask.Offer("f", "d") },
    };

    [Theory, MemberData(nameof(OtherTasks))]
    public void Parse_ACommand_IsItsTask(string line, object task) => Assert.Equal(task, Run(line).Task);

    [Theory]
    [InlineData("--policy x --upstream http://a:1", "--listen is missing")]
    [InlineData("", "--policy, --upstream, --listen are missing")]
    [InlineData("--forward-auth http://a:1", "--policy is missing")]
    [InlineData("--policy x --forward-auth https://a:1", "--forward-auth: only http")]
    [InlineData("--policy x --forward-auth http://a:1 --listen http://a:1", "--forward-auth goes without")]
    [InlineData("--policy x --forward-auth http://a:1 --upstream http://a:1", "--forward-auth goes without")]
    [InlineData("--polcy x", "--polcy")]
    [InlineData("--upstream http://a:1 --listen http://a:1 --policy", "'--policy'")]
    [InlineData("--policy x --policy y --upstream http://a:1 --listen http://a:1", "'--policy'")]
    [InlineData("--policy x --upstream localhost:3000 --listen http://a:1", "--upstream: localhost:3000 is not a URL")]
    [InlineData("--policy x --upstream http://a:1/app --listen http://a:1", "must end after the port")]
    [InlineData("--policy x --upstream http://a:1 --listen https://a:1", "--listen: only http")]
    [InlineData("--policy x --upstream http://a:1 --listen http://a:1 --rules /no/such/folder", "--rules: there is no folder")]
    [InlineData("wait --timeout soon", "--timeout: a number of seconds")]
    [InlineData("wait --timeout 3601", "--timeout: a number of seconds")]
    [InlineData("evaluate", "--package FILE or --digest")]
    [InlineData("evaluate --package f --digest d", "--package FILE or --digest")]
    [InlineData("evaluate --package f --baseline b", "--baseline goes with")]
    [InlineData("evaluate --digest d --requests r", "--requests goes with")]
    [InlineData("offer --file f", "--digest")]
    public void Parse_Mistakes_AreNamed(string line, string expected)
    {
        var (task, errors) = Run(line);

        Assert.Null(task);
        Assert.Contains(errors, error => error.Contains(expected, StringComparison.Ordinal));
    }

    [Fact]
    public void Parse_InAPod_EnvironmentServes()
    {
        Assert.IsType<SidecarTask.ServeEnvironment>(Run("", Injected).Task);
        Assert.IsType<SidecarTask.Wait>(Run("wait", Injected).Task);
        Assert.Contains("--upstream, --listen are missing", Run("--policy x", Injected).Errors);

        static string? Injected(string name) => name == "WAF_POLICY" ? "main" : null;
    }

    [Fact]
    public void Completion_OffersOptionsAndCommands() => Assert.Subset(
        SidecarCommand.Build((_, _) => Task.FromResult(0), _ => null).Parse("").GetCompletions().Select(c => c.Label).ToHashSet(),
        new HashSet<string> { "--policy", "--upstream", "--listen", "--rules", "--models", "--admin", "wait", "evaluate", "offer", "--version" });

    [Fact]
    public void Environment_OfAnInjectedSidecar_IsRead()
    {
        var problems = new List<string>();
        var options = SidecarEnvironment.Read(
            name => name switch
            {
                "WAF_NAMESPACE" => "shop", "WAF_POLICY" => "main", "WAF_POD" => "shop-1",
                "WAF_OPERATOR_URL" => "https://waf-operator.waf-system.svc:9444", "WAF_TOKEN_FILE" => "/var/run/waf/token",
                "WAF_CA_FILE" => "/var/run/waf/ca.crt", "WAF_STATE_DIR" => "/var/lib/waf",
                "WAF_LISTENERS" => "http=15080:8080,metrics=15081:9090", "WAF_ADMIN_PORT" => "15021",
                "WAF_WITHOUT_POLICY" => "Open", "WAF_POD_IP" => "10.1.2.3",
                "WAF_UPSTREAM_CA" => "Secret/shop-tls/ca.crt", "WAF_UPSTREAM_CA_FILE" => "/var/run/waf/upstream-ca.crt",
                _ => null,
            },
            problems)!;

        Assert.Empty(problems);
        Assert.Equal(["http", "metrics"], options.Listeners.Select(listener => listener.Name));
        Assert.Equal(
            [15080, 15081], options.Listeners.Select(listener => Assert.IsType<IPEndPoint>(listener.Endpoint).Port));
        Assert.Equal([8080, 9090], options.Listeners.Select(listener => listener.Upstream.Port));
        Assert.Equal(15021, options.Admin!.Port);
        Assert.Equal(("10.1.2.3", "Secret/shop-tls/ca.crt", "/var/run/waf/upstream-ca.crt"),
            (options.Upstream.PodAddress!.ToString(), options.Upstream.Ca, options.Upstream.CaFile));
        Assert.Equal(WafOperator.Protocols.Policies.FailureMode.Open, options.WithoutPolicy);
        Assert.Equal(("shop", "main", "shop-1", "/var/lib/waf"), (options.Operator!.Namespace, options.Operator.Policy, options.Operator.Pod, options.Operator.StateDirectory));
        Assert.Equal("https://waf-operator.waf-system.svc:9444/", options.Operator.Address.Url.ToString());
    }

    [Theory]
    [InlineData("16530", null)]
    [InlineData("x", "WAF_FORWARD_AUTH_PORT: x is not a port")]
    [InlineData("0", "WAF_FORWARD_AUTH_PORT: 0 is not a port")]
    [InlineData("", "WAF_LISTENERS is not set")]
    public void Environment_OfForwardAuth_HasAPortInPlaceOfListeners(string port, string? problem)
    {
        var problems = new List<string>();
        var options = SidecarEnvironment.Read(
            name => name switch
            {
                "WAF_NAMESPACE" => "shop", "WAF_POLICY" => "main", "WAF_OPERATOR_URL" => "https://operator:9444",
                "WAF_FORWARD_AUTH_PORT" => port,
                _ => null,
            },
            problems);

        Assert.Equal(problem is null ? [] : [problem], problems);
        if (problem is not null) return;
        var listener = Assert.Single(options!.Listeners);
        Assert.Equal((true, 16530), (listener.IsForGateways, Assert.IsType<IPEndPoint>(listener.Endpoint).Port));
    }

    [Fact]
    public void Environment_Mistakes_AreAllNamed()
    {
        var problems = new List<string>();

        Assert.Null(SidecarEnvironment.Read(
            name => name is "WAF_LISTENERS" ? "http=80" : name is "WAF_ADMIN_PORT" ? "x"
                : name is "WAF_WITHOUT_POLICY" ? "maybe" : name is "WAF_POD_IP" ? "here" : null, problems));

        Assert.Equal(
            [
                "WAF_NAMESPACE is not set", "WAF_POLICY is not set", "WAF_OPERATOR_URL is not set",
                "WAF_LISTENERS: http=80 is not name=listenPort:upstreamPort", "WAF_LISTENERS names no listener", "WAF_ADMIN_PORT: x is not a port",
                "WAF_WITHOUT_POLICY: maybe is neither Open nor Closed", "WAF_POD_IP: here is not an address",
            ],
            problems);
    }

    [Fact]
    public async Task Wait_ReadySidecar_Ends_AndAnotherPortTimesOut()
    {
        await using var upstream = await TestUpstream.StartAsync();
        await using var sidecar = await TestSidecar.StartAsync(
            upstream.Address, TestSidecar.Policy(InspectionMode.Off));
        var errors = new StringWriter();

        Assert.Equal(0, await WaitCommand.RunAsync(
            new SidecarTask.Wait(sidecar.Admin, TimeSpan.FromSeconds(5)), _ => null, errors, CancellationToken.None));
        Assert.Equal(1, await WaitCommand.RunAsync(
            new SidecarTask.Wait(new Uri("http://127.0.0.1:1"), TimeSpan.Zero), _ => null, errors, CancellationToken.None));
        Assert.Contains("not ready after 0 s", errors.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task ServeFile_PolicyThatCannotBeUsed_SaysWhereAndHasItsExitCode()
    {
        var file = Path.Combine(Path.GetTempPath(), $"waf-{Guid.NewGuid():n}.yaml");
        await File.WriteAllTextAsync(file, "apiVersion: wafoperator.dev/v1alpha1\nkind: WafPolicy\nmetadata: { name: x }\nspec: { mod: Enforce }\n");
        var errors = new StringWriter();
        var settings = new FileSettings(
            file, (new Uri("http://127.0.0.1:0"), new Uri("http://127.0.0.1:1")), null, null, null);

        Assert.Equal(3, await SidecarHost.ServeFileAsync(settings, errors));
        Assert.Contains("mod", errors.ToString(), StringComparison.Ordinal);
        Assert.Contains("nothing is served", errors.ToString(), StringComparison.Ordinal);
        File.Delete(file);
    }

    private static (SidecarTask? Task, IReadOnlyList<string> Errors) Run(string line, Func<string, string?>? environment = null)
    {
        SidecarTask? asked = null;
        var parsed = SidecarCommand.Build(
            (task, _) =>
            {
                asked = task;
                return Task.FromResult(0);
            },
            environment ?? (_ => null)).Parse(line);
        if (parsed.Errors.Count == 0) parsed.Invoke();
        return (asked, [.. parsed.Errors.Select(error => error.Message)]);
    }
}
