using System.Text;
using WafOperator.Kubernetes.Authentication;
using WafOperator.Kubernetes.Tests.ApiServer;

namespace WafOperator.Kubernetes.Tests.Authentication;

public sealed class KubeconfigTests : IDisposable
{
    private const string ExecVersion = "client.authentication.k8s.io/v1";
    private const string Marks = "{[]}:,-&*!|>'\"\n #?%@`~";

    private const string Valid = """
        apiVersion: v1
        kind: Config
        current-context: dev
        clusters:
        - name: near
          cluster: { server: "https://near.test:6443", tls-server-name: api.near, proxy-url: "http://proxy.test:3128" }
        - name: far
          cluster: { server: far.test, insecure-skip-tls-verify: true }
        users:
        - name: token
          user: { token: s3cret-token }
        - name: basic
          user: { username: ann, password: s3cret-password }
        contexts:
        - name: dev
          context: { cluster: near, user: token, namespace: shop }
        - name: prod
          context: { cluster: far, user: basic }
        - name: anonymous
          context: { cluster: far }
        """;

    private readonly string _folder = Directory.CreateTempSubdirectory("waf-kubeconfig-").FullName;
    private readonly FakeTimeProvider _time = new();

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Connect_NamedAndCurrentContext_GiveTheirClusterUserAndNamespace()
    {
        var config = Kubeconfig.Parse(Valid, "config");
        var dev = config.Connect(null, _time);
        Assert.Equal(("https://near.test:6443/", "shop", "dev"), (dev.Server.ToString(), dev.Namespace, dev.Name));
        Assert.Equal("api.near", dev.TlsServerName);
        Assert.Equal("http://proxy.test:3128/", dev.Proxy!.ToString());
        Assert.Equal("Bearer s3cret-token", (await dev.Credentials.GetAsync(default)).AuthorizationHeader);

        var prod = config.Connect("prod", _time);
        Assert.Equal(
            ("https://far.test/", "default", true), (prod.Server.ToString(), prod.Namespace, prod.SkipTlsVerify));
        var basic = Convert.ToBase64String("ann:s3cret-password"u8);
        Assert.Equal($"Basic {basic}", (await prod.Credentials.GetAsync(default)).AuthorizationHeader);
        Assert.Same(Credential.Anonymous, await config.Connect("anonymous", _time).Credentials.GetAsync(default));
    }

    [Fact]
    public async Task ToString_Anything_NeverShowsASecret()
    {
        var config = Kubeconfig.Parse(Valid, "config");
        foreach (var context in config.Contexts)
        {
            var connection = config.Connect(context, _time);
            var credential = await connection.Credentials.GetAsync(default);
            Assert.DoesNotContain(
                "s3cret", $"{config} {connection} {connection.Credentials} {credential}", StringComparison.Ordinal);
            Assert.DoesNotContain("Basic ", $"{connection.Credentials} {credential}", StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Load_SeveralFiles_FirstOneWinsForEachName()
    {
        var first = Write("a", "{current-context: mine, users: [{name: token, user: {token: first}}]}");
        var second = Write("b", Valid);
        var third = Write("c", """
            contexts: [{name: mine, context: {cluster: near, user: token}}, {name: dev, context: {cluster: far}}]
            """);
        var missing = Path.Combine(_folder, "missing");
        var config = Kubeconfig.Load([missing, first, second, third], missingAllowed: true);
        Assert.Equal("mine", config.CurrentContext);
        Assert.Equal(
            "Bearer first", (await config.Connect(null, _time).Credentials.GetAsync(default)).AuthorizationHeader);
        Assert.Equal("near.test", config.Connect("dev", _time).Server.Host);
    }

    [Fact]
    public async Task Connect_RelativePaths_AreRelativeToTheFile()
    {
        var certificates = new TestCertificates();
        var (certificate, key) = certificates.Client("ann");
        Directory.CreateDirectory(Path.Combine(_folder, "pki"));
        Write("pki/ca.crt", certificates.AuthorityPem);
        Write("pki/ann.crt", certificate);
        Write("pki/ann.key", key);
        Write("pki/token", "from-file\n");
        var path = Write("config", """
            current-context: c
            clusters: [{name: c, cluster: {server: "https://c.test", certificate-authority: pki/ca.crt}}]
            users: [{name: u, user: {client-certificate: pki/ann.crt, client-key: pki/ann.key, tokenFile: pki/token}}]
            contexts: [{name: c, context: {cluster: c, user: u}}]
            """);
        var connection = Kubeconfig.Load([path], missingAllowed: false).Connect(null, _time);
        var credential = await connection.Credentials.GetAsync(default);
        Assert.NotNull(connection.Trust);
        Assert.True(credential.ClientCertificate!.HasPrivateKey);
        Assert.Equal("Bearer from-file", credential.AuthorizationHeader);
    }

    [Fact]
    public async Task TokenFile_Rotated_IsReadAgainAfterAMinuteOrAfterARefusal()
    {
        var path = Write("token", "one");
        var source = new TokenFileCredentials(path, null, _time);
        async Task<string?> HeaderAsync() => (await source.GetAsync(default)).AuthorizationHeader;
        Assert.Equal("Bearer one", await HeaderAsync());
        Write("token", "two");
        _time.Advance(TimeSpan.FromSeconds(59));
        Assert.Equal("Bearer one", await HeaderAsync());
        _time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal("Bearer two", await HeaderAsync());
        Write("token", "three");
        source.Invalidate();
        Assert.Equal("Bearer three", await HeaderAsync());
        File.Delete(path); // in the middle of a rotation the last token stays good
        _time.Advance(TimeSpan.FromMinutes(2));
        Assert.Equal("Bearer three", await HeaderAsync());
    }

    public static TheoryData<string, string> Malformed => new()
    {
        { "clusters: [", "is not valid YAML: line " },
        { "just text", "is not a mapping" },
        { "kind: Deployment", "is a Deployment, not a kubeconfig" },
        { "clusters: {}", "clusters must be a list" },
        { "clusters: [{cluster: {}}]", "each of clusters must have a name" },
        { "users: [{name: u, user: 7}]", "user \"u\" must be a mapping" },
        { "a: 1\na: 2", "the key \"a\" appears twice" },
        { "a: &x 1\nb: *x", "aliases are not supported" },
        { "{}", "has no current-context" },
        { "current-context: gone", "names the context \"gone\", which does not exist (there is none)" },
        { With("cluster: {}"), "server is missing" },
        { With("cluster: {server: 'ftp://x'}"), "server is not an http(s) address" },
        { With("cluster: {server: 'https://me:pw@x'}"), "must not hold a user name" },
        { With("cluster: {server: x, proxy-url: 'ftp://x'}"), "proxy-url must be" },
        { With("cluster: {server: x, insecure-skip-tls-verify: perhaps}"), "must be true or false" },
        { With("cluster: {server: x, certificate-authority-data: '%%%'}"), "certificate-authority-data is not base64" },
        { With("cluster: {server: x, certificate-authority-data: aGVsbG8=}"), "holds no PEM certificate" },
        { With("cluster: {server: x, certificate-authority: nowhere.crt}"), "cannot read the certificate authority" },
        { With("cluster: {server: [x]}"), "server must be text" },
        { With(user: "user: {client-certificate-data: aGVsbG8=}"), "needs both client-certificate and client-key" },
        { With(user: "user: {client-certificate-data: aGVsbG8=, client-key-data: aGVsbG8=}"), "cannot be used" },
        { With(user: "user: {client-certificate: nowhere, client-key: nowhere}"), "cannot read client-certificate" },
        { With(user: "user: {token: 'two words'}"), "token holds white space" },
        { With(user: "user: {auth-provider: {name: gcp}}"), "auth-provider was removed" },
        { With(user: "user: {as: root}"), "impersonation (as) is not supported" },
        { With(user: "user: {exec: {command: x}}"), "exec.apiVersion must be" },
        { With(user: "user: {exec: {apiVersion: client.authentication.k8s.io/v1}}"), "exec.command is missing" },
        { With(user: $"user: {{exec: {{apiVersion: {ExecVersion}, command: x, args: [[1]]}}}}"), "args must be" },
        { With(user: $"user: {{exec: {{apiVersion: {ExecVersion}, command: x, env: [7]}}}}"), "env must be" },
        { With(context: "context: {user: u}"), "cluster is missing" },
        { With(context: "context: {cluster: other}"), "names the cluster \"other\", which does not exist (known: c)" },
        { With(context: "context: {cluster: c, user: other}"), "names the user \"other\"" },
    };

    [Theory]
    [MemberData(nameof(Malformed))]
    public void Connect_MalformedFile_IsOneClearLine(string text, string expected)
    {
        var e = Assert.Throws<KubeconfigException>(() => Kubeconfig.Parse(text, "the-file").Connect(null, _time));
        Assert.Contains(expected, e.Message, StringComparison.Ordinal);
        Assert.Contains("the-file", e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', e.Message);
    }

    [Fact]
    public void Parse_MutatedBytes_OnlyEverThrowsItsOwnException()
    {
        const int seed = 20261122;
        var random = new Random(seed);
        var seeds = Malformed.Select(row => (string)row[0]).Append(Valid).Append(With()).ToArray();
        for (var round = 0; round < 3000; round++)
        {
            var text = Mutate(random, seeds[random.Next(seeds.Length)]);
            try
            {
                var config = Kubeconfig.Parse(text, "fuzzed");
                foreach (var context in config.Contexts.ToList()) config.Connect(context, _time);
            }
            catch (KubeconfigException)
            {
                // The declared outcome.
            }
            catch (Exception e)
            {
                Assert.Fail($"seed {seed}, round {round}: {e.GetType().Name} for:\n{text}\n{e}");
            }
        }
    }

    [Fact]
    public void Parse_DeeplyNested_IsRefusedNotFatal()
    {
        var deep = new string('[', 200_000);
        Assert.Throws<KubeconfigException>(() => Kubeconfig.Parse(deep, "deep"));
    }

    [Fact]
    public async Task Locate_EachEnvironment_ChoosesInOrder()
    {
        Directory.CreateDirectory(Path.Combine(_folder, ".kube"));
        Write(".kube/config", With("cluster: {server: home.test}"));
        var variable = Write("variable", With("cluster: {server: variable.test}"));
        var explicitPath = Write("explicit", With("cluster: {server: explicit.test}"));
        Write("token", "pod-token");
        Write("namespace", "waf-system\n");
        Write("ca.crt", new TestCertificates().AuthorityPem);
        var all = new ClusterEnvironment
        {
            KubeconfigPath = explicitPath,
            KubeconfigVariable = variable,
            HomeDirectory = _folder,
            ServiceHost = "fd00::1",
            ServicePort = "6443",
            ServiceAccountDirectory = _folder,
        };
        Assert.Equal("explicit.test", ClusterLocator.Locate(all, _time).Server.Host);
        var second = all with { KubeconfigPath = null };
        Assert.Equal("variable.test", ClusterLocator.Locate(second, _time).Server.Host);
        var third = ClusterLocator.Locate(second with { KubeconfigVariable = "" }, _time);
        Assert.Equal(("https://[fd00::1]:6443/", "waf-system"), (third.Server.ToString(), third.Namespace));
        Assert.Equal("Bearer pod-token", (await third.Credentials.GetAsync(default)).AuthorizationHeader);
        var last = second with { KubeconfigVariable = null, ServiceHost = null };
        Assert.Equal("home.test", ClusterLocator.Locate(last, _time).Server.Host);
        var none = Assert.Throws<KubeconfigException>(
            () => ClusterLocator.Locate(last with { HomeDirectory = null }, _time));
        Assert.Contains("Next: set KUBECONFIG", none.Message, StringComparison.Ordinal);
        Assert.Throws<KubeconfigException>(() =>
            ClusterLocator.Locate(all with { KubeconfigPath = "/nowhere" }, _time));
        Assert.Throws<KubeconfigException>(
            () => ClusterLocator.Locate(all with { KubeconfigPath = null, KubeconfigVariable = "/nowhere" }, _time));
    }

    private static string With(
        string cluster = "cluster: {server: x}",
        string user = "user: {}",
        string context = "context: {cluster: c, user: u}") =>
        $$"""
        current-context: t
        clusters: [{name: c, {{cluster}}}]
        users: [{name: u, {{user}}}]
        contexts: [{name: t, {{context}}}]
        """;

    private static string Mutate(Random random, string text)
    {
        var result = new StringBuilder(text);
        for (var i = random.Next(1, 6); i > 0 && result.Length > 0; i--)
        {
            var at = random.Next(result.Length);
            switch (random.Next(4))
            {
                case 0: result[at] = (char)random.Next(9, 127); break;
                case 1: result.Remove(at, Math.Min(random.Next(1, 20), result.Length - at)); break;
                case 2: result.Insert(at, Marks[random.Next(Marks.Length)]); break;
                default: result.Insert(at, text.AsSpan(random.Next(text.Length))[..1]); break;
            }
        }

        return result.ToString();
    }

    private string Write(string name, string text)
    {
        var path = Path.Combine(_folder, name);
        File.WriteAllText(path, text);
        return path;
    }
}
