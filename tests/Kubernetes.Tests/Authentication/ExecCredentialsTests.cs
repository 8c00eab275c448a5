using WafOperator.Kubernetes.Authentication;
using WafOperator.Kubernetes.Tests.ApiServer;

namespace WafOperator.Kubernetes.Tests.Authentication;

public sealed class ExecCredentialsTests : IDisposable
{
    private const string Version = "client.authentication.k8s.io/v1";
    private readonly string _folder = Directory.CreateTempSubdirectory("waf-exec-").FullName;
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 11, 22, 8, 0, 0, TimeSpan.Zero));

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task GetAsync_TokenWithExpiry_IsCachedUntilShortlyBefore()
    {
        var source = Source($$"""
            echo x >> {{_folder}}/runs
            echo '{"apiVersion":"{{Version}}","kind":"ExecCredential","status":
              {"token":"t'$(wc -l < {{_folder}}/runs)'","expirationTimestamp":"2026-11-22T08:05:00Z"} }'
            """);
        Assert.Equal("Bearer t1", (await source.GetAsync(default)).AuthorizationHeader);
        _time.Advance(TimeSpan.FromSeconds(289));
        Assert.Equal("Bearer t1", (await source.GetAsync(default)).AuthorizationHeader);
        _time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal("Bearer t2", (await source.GetAsync(default)).AuthorizationHeader);
        source.Invalidate();
        Assert.Equal("Bearer t3", (await source.GetAsync(default)).AuthorizationHeader);
    }

    [Fact]
    public async Task GetAsync_ManyAtOnce_RunThePluginOnce()
    {
        var source = Source($$"""
            echo x >> {{_folder}}/runs
            echo '{"apiVersion":"{{Version}}","kind":"ExecCredential","status":{"token":"t"} }'
            """);
        await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => source.GetAsync(default).AsTask()));
        Assert.Single(await File.ReadAllLinesAsync(Path.Combine(_folder, "runs")));
    }

    [Fact]
    public async Task GetAsync_ArgumentsAndEnvironment_ReachThePlugin()
    {
        var source = Source(
            $$"""
            case "$KUBERNETES_EXEC_INFO" in *ExecCredential*{{Version}}*|*{{Version}}*ExecCredential*) info=yes;; esac
            echo '{"apiVersion":"{{Version}}","kind":"ExecCredential","status":{"token":"'$1-$REGION-$info'"} }'
            """,
            p => p with { Arguments = [.. p.Arguments, "arg"], Environment = [("REGION", "north")] });
        Assert.Equal("Bearer arg-north-yes", (await source.GetAsync(default)).AuthorizationHeader);
    }

    [Fact]
    public async Task GetAsync_ClientCertificate_IsUsable()
    {
        var (certificate, key) = new TestCertificates().Client("ann");
        static string Escape(string pem) => pem.ReplaceLineEndings("\\n");
        await File.WriteAllTextAsync(Path.Combine(_folder, "answer"), $$$"""
            {"apiVersion":"{{{Version}}}","kind":"ExecCredential","status":{
             "clientCertificateData":"{{{Escape(certificate)}}}","clientKeyData":"{{{Escape(key)}}}"}}
            """);
        var credential = await Source($"cat {_folder}/answer").GetAsync(default);
        Assert.Null(credential.AuthorizationHeader);
        Assert.True(credential.ClientCertificate!.HasPrivateKey);
    }

    [Theory]
    [InlineData("echo 'please log in' >&2; exit 3", "failed with exit code 3: please log in")]
    [InlineData("echo 's3cret-token'", "it did not print JSON")]
    [InlineData("echo '{}'", "it did not print an ExecCredential")]
    [InlineData("""echo '{"kind":"ExecCredential","apiVersion":"v0"}'""", "it printed apiVersion v0")]
    [InlineData(
        """echo '{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1"}'""", "neither a token nor")]
    [InlineData("head -c 3000000 /dev/zero | tr '\\0' x", "printed more than")]
    public async Task GetAsync_PluginFails_IsOneLineWithoutItsOutput(string script, string expected)
    {
        var e = await Assert.ThrowsAsync<KubeconfigException>(async () => await Source(script).GetAsync(default));
        Assert.Contains(expected, e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("s3cret", e.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain('\n', e.Message);
    }

    [Fact]
    public async Task GetAsync_PluginIsMissing_ShowsTheInstallHint()
    {
        var plugin = new ExecPlugin("/nowhere/at-all", Version) { InstallHint = "apt install at-all" };
        var e = await Assert.ThrowsAsync<KubeconfigException>(
            async () => await new ExecCredentials(plugin, _time).GetAsync(default));
        Assert.Contains("apt install at-all", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task GetAsync_PluginHangs_IsStoppedAfterItsTime()
    {
        var asked = Source("sleep 1000").GetAsync(default).AsTask();
        await Eventually.TrueAsync(
            () =>
            {
                _time.Advance(TimeSpan.FromSeconds(10));
                return asked.IsCompleted;
            },
            "the plug-in is given up");
        var e = await Assert.ThrowsAsync<KubeconfigException>(() => asked);
        Assert.Contains("did not answer within 60 s", e.Message, StringComparison.Ordinal);
    }

    private ExecCredentials Source(string script, Func<ExecPlugin, ExecPlugin>? change = null)
    {
        var path = Path.Combine(_folder, "plugin.sh");
        File.WriteAllText(path, script);
        var plugin = new ExecPlugin("/bin/sh", Version) { Arguments = [path] };
        return new ExecCredentials(change?.Invoke(plugin) ?? plugin, _time);
    }
}
