using System.Text;
using WafOperator.Kubernetes.Authentication;
using WafOperator.Kubernetes.Tests.ApiServer;

namespace WafOperator.Kubernetes.Tests.Authentication;

/// <summary>Where the cluster is found, and that whatever is wrong with that is one line without secrets.</summary>
public sealed class KubeconfigTests : IDisposable
{
    private const string Marks = "{[]}:,-&*!|>'\"\n #?%@`~";

    private const string Valid = """
        apiVersion: v1
        kind: Config
        current-context: dev
        clusters:
        - name: near
          cluster: { server: "https://near.test:6443", tls-server-name: api.near }
        - name: far
          cluster: { server: "https://far.test", insecure-skip-tls-verify: true }
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
        """;

    private readonly string _folder = Directory.CreateTempSubdirectory("waf-kubeconfig-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Locate_NamedAndCurrentContext_GiveTheirClusterUserAndNamespace()
    {
        var path = Write("config", Valid);
        var dev = Locate(path);
        Assert.Equal(("https://near.test:6443/", "shop", "dev"), (dev.Server.ToString(), dev.Namespace, dev.Name));
        Assert.Equal("Bearer s3cret-token", await HeaderAsync(dev));

        var prod = Locate(path, "prod");
        Assert.Equal(("https://far.test/", "default", "prod"), (prod.Server.ToString(), prod.Namespace, prod.Name));
        Assert.Equal($"Basic {Convert.ToBase64String("ann:s3cret-password"u8)}", await HeaderAsync(prod));
        Assert.DoesNotContain("s3cret", $"{dev} {prod}", StringComparison.Ordinal);
    }

    [Fact]
    public async Task Locate_SeveralFiles_FirstOneWinsForEachName()
    {
        string[] paths =
        [
            Path.Combine(_folder, "missing"),
            Write("a", "{current-context: mine, users: [{name: token, user: {token: first}}]}"),
            Write("b", Valid),
            Write("c", """
                contexts: [{name: mine, context: {cluster: near, user: token}}, {name: dev, context: {cluster: far}}]
                """),
        ];
        var environment = new ClusterEnvironment { KubeconfigVariable = string.Join(Path.PathSeparator, paths) };

        var current = ClusterLocator.Locate(environment);
        Assert.Equal("mine", current.Name);
        Assert.Equal("Bearer first", await HeaderAsync(current));
        Assert.Equal("near.test", ClusterLocator.Locate(environment with { Context = "dev" }).Server.Host);
    }

    [Fact]
    public void Locate_RelativePaths_AreRelativeToTheFileThatNamesThem()
    {
        var certificates = new TestCertificates();
        var (certificate, key) = certificates.Client("ann");
        Directory.CreateDirectory(Path.Combine(_folder, "pki"));
        Write("pki/ca.crt", certificates.AuthorityPem);
        Write("pki/ann.crt", certificate);
        Write("pki/ann.key", key);
        Write("pki/config", """
            current-context: c
            clusters: [{name: c, cluster: {server: "https://c.test", certificate-authority: ca.crt}}]
            users: [{name: u, user: {client-certificate: ann.crt, client-key: ann.key}}]
            contexts: [{name: c, context: {cluster: c, user: u}}]
            """);
        var other = Write("other", Valid);
        var environment = new ClusterEnvironment
        {
            KubeconfigVariable = string.Join(Path.PathSeparator, other, Path.Combine(_folder, "pki/config")),
            Context = "c",
        };

        using var open = ClusterLocator.Locate(environment).Open();
        Assert.Equal("https://c.test/", open.BaseUri.ToString());
    }

    private static string[] MalformedTexts =>
    [
        "clusters: [", "just text", "clusters: {}", "clusters: [{cluster: {}}]", "users: [{name: u, user: 7}]", "{}",
        "current-context: gone", With("cluster: {}"), With("cluster: {server: 'ftp://x'}"),
        With("cluster: {server: 'https://x', certificate-authority-data: '%%%'}"),
        With("cluster: {server: 'https://x', certificate-authority: nowhere.crt}"), With("cluster: {server: [x]}"),
        With(user: "user: {client-certificate: nowhere, client-key: nowhere}"),
        With(user: "user: {exec: {apiVersion: client.authentication.k8s.io/v1, command: /no/such/command, "
            + "interactiveMode: Never}}"),
        With(context: "context: {user: u}"), With(context: "context: {cluster: other}"),
        With(context: "context: {cluster: c, user: other}"), new string('[', 200_000),
    ];

    public static TheoryData<string> Malformed => [.. MalformedTexts];

    [Theory]
    [MemberData(nameof(Malformed))]
    public void Locate_MalformedFile_IsOneLineThatNamesIt(string text)
    {
        var path = Write("the-file", text);
        var e = Assert.Throws<KubeconfigException>(() => Locate(path));
        Assert.Contains("the-file", e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', e.Message);
        Assert.InRange(e.Message.Length, 10, 1_000);
    }

    [Fact]
    public void Locate_MutatedBytes_OnlyEverThrowsItsOwnException()
    {
        const int seed = 20261122;
        var random = new Random(seed);
        string[] seeds = [.. MalformedTexts.Where(text => text.Length < 10_000), Valid, With()];
        for (var round = 0; round < 1000; round++)
        {
            var text = Mutate(random, seeds[random.Next(seeds.Length)]);
            try
            {
                Locate(Write("fuzzed", text)).Open().Dispose();
            }
            catch (KubeconfigException e)
            {
                Assert.DoesNotContain("s3cret", e.Message, StringComparison.Ordinal);
            }
            catch (Exception e)
            {
                Assert.Fail($"seed {seed}, round {round}: {e.GetType().Name} for:\n{text}\n{e}");
            }
        }
    }

    [Fact]
    public async Task Exec_PlugIn_GivesTheToken()
    {
        var plugin = Write("plugin", """
            version=client.authentication.k8s.io/v1
            echo '{"apiVersion":"'$version'","kind":"ExecCredential","status":{"token":"from-'$1'"}}'
            """);
        var path = Write("config", With(
            user: "user: {exec: {apiVersion: client.authentication.k8s.io/v1, command: /bin/sh, "
                + $"args: [{plugin}, exec], interactiveMode: Never}}}}"));

        Assert.Equal("Bearer from-exec", await HeaderAsync(Locate(path)));
    }

    [Fact]
    public async Task Locate_EachEnvironment_ChoosesInOrder()
    {
        Directory.CreateDirectory(Path.Combine(_folder, ".kube"));
        Write(".kube/config", With("cluster: {server: 'https://home.test'}"));
        var variable = Write("variable", With("cluster: {server: 'https://variable.test'}"));
        var explicitPath = Write("explicit", With("cluster: {server: 'https://explicit.test'}"));
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
        Assert.Equal("explicit.test", ClusterLocator.Locate(all).Server.Host);
        var second = all with { KubeconfigPath = null };
        Assert.Equal("variable.test", ClusterLocator.Locate(second).Server.Host);
        var third = ClusterLocator.Locate(second with { KubeconfigVariable = "" });
        Assert.Equal(("https://[fd00::1]:6443/", "waf-system"), (third.Server.ToString(), third.Namespace));
        Assert.Equal("Bearer pod-token", await HeaderAsync(third));
        var last = second with { KubeconfigVariable = null, ServiceHost = null };
        Assert.Equal("home.test", ClusterLocator.Locate(last).Server.Host);
        var none = Assert.Throws<KubeconfigException>(() => ClusterLocator.Locate(last with { HomeDirectory = null }));
        Assert.Contains("Next: set KUBECONFIG", none.Message, StringComparison.Ordinal);
        Assert.Throws<KubeconfigException>(() => ClusterLocator.Locate(all with { KubeconfigPath = "/nowhere" }));
        Assert.Throws<KubeconfigException>(
            () => ClusterLocator.Locate(all with { KubeconfigPath = null, KubeconfigVariable = "/nowhere" }));
    }

    private static ClusterConnection Locate(string path, string? context = null) =>
        ClusterLocator.Locate(new ClusterEnvironment { KubeconfigPath = path, Context = context });

    private static async Task<string?> HeaderAsync(ClusterConnection connection)
    {
        using var open = connection.Open();
        using var request = new HttpRequestMessage();
        await open.Credentials.ProcessHttpRequestAsync(request, default);
        return request.Headers.Authorization?.ToString();
    }

    private static string With(
        string cluster = "cluster: {server: 'https://x'}",
        string user = "user: {token: s3cret}",
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
