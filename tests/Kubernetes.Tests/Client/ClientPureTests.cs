using System.Text.Json;
using WafOperator.Kubernetes.Client;
using WafOperator.Kubernetes.Tests.ApiServer;

namespace WafOperator.Kubernetes.Tests.Client;

public sealed class ClientPureTests
{
    private static JsonElement Json(string text) => JsonDocument.Parse(text).RootElement;

    [Theory]
    [InlineData("1", "29", "v1.29.3", 1, 29)]
    [InlineData("1", "29+", "v1.29.3-gke.100", 1, 29)]
    [InlineData("", "", "v1.31.0-alpha", 1, 31)]
    [InlineData("", "", "nonsense", 0, 0)]
    public void Discovery_VersionsOfDistributions_AreUnderstood(string major, string minor, string git, int a, int b)
    {
        var version = Json($$"""{"major":"{{major}}","minor":"{{minor}}","gitVersion":"{{git}}"}""");
        var capabilities = Discovery.Read(version, null, Json("""{"groups":[]}"""), null);
        Assert.Equal((a, b), (capabilities.Major, capabilities.Minor));
    }

    [Theory]
    [InlineData(20, false, false, false, false)]
    [InlineData(25, false, false, true, true)]
    [InlineData(28, false, true, true, true)]
    [InlineData(29, true, true, true, true)]
    [InlineData(36, true, true, true, true)]
    public void Capabilities_ByMinorVersion_FollowTheReleases(
        int minor, bool sidecars, bool conditions, bool cel, bool podSecurity)
    {
        var version = Json($$"""{"major":"1","minor":"{{minor}}","gitVersion":"v1.{{minor}}.0"}""");
        var groups = Json("""
            {"groups":[{"versions":[{"groupVersion":"policy/v1"},{"groupVersion":"autoscaling/v2"}]}]}
            """);
        var resources = Json("""{"resources":[{"name":"pods"},{"name":"pods/eviction","version":"v1"}]}""");
        var c = Discovery.Read(version, Json("""{"versions":["v1"]}"""), groups, resources);
        Assert.Equal(
            (sidecars, conditions, cel, podSecurity),
            (c.NativeSidecars, c.WebhookMatchConditions, c.CustomResourceCel, c.PodSecurityAdmission));
        Assert.Equal(("v1", "v2", "v1"), (c.DisruptionBudgetVersion, c.AutoscalerVersion, c.EvictionVersion));
        Assert.True(c.Serves("v1"));
        Assert.False(c.Serves("policy/v1beta1"));
    }

    [Fact]
    public void ApiStatus_StatusObject_GivesReasonCausesAndWait()
    {
        var status = ApiStatus.Read(409, """
            {"kind":"Status","code":409,"reason":"Conflict","message":"two\nlines",
             "details":{"retryAfterSeconds":3,
              "causes":[{"reason":"FieldManagerConflict","field":".spec","message":"m"}]}}
            """, null);
        Assert.Equal((409, "Conflict", "two lines"), (status.Code, status.Reason, status.Message));
        Assert.Equal(TimeSpan.FromSeconds(3), status.RetryAfter);
        Assert.Equal(new ApiStatusCause("FieldManagerConflict", ".spec", "m"), Assert.Single(status.Causes));
    }

    [Theory]
    [InlineData("", "no explanation given")]
    [InlineData("<html>\n<b>Bad\tGateway</b>\n</html>", "<html> <b>Bad Gateway</b> </html>")]
    [InlineData("{\"kind\":\"Other\"}", "{\"kind\":\"Other\"}")]
    [InlineData("[1]", "[1]")]
    public void ApiStatus_AnythingElse_IsOneLine(string body, string expected) =>
        Assert.Equal(expected, ApiStatus.Read(502, body, null).Message);

    [Fact]
    public void ApiStatus_LongAnswer_IsCut() =>
        Assert.Equal(1001, ApiStatus.Read(500, new string('x', 100_000), null).Message.Length);

    [Fact]
    public void RequestThrottle_Burst_ThenOnePerInterval()
    {
        var time = new FakeTimeProvider();
        var throttle = new RequestThrottle(10, 3, time);
        for (var i = 0; i < 3; i++) Assert.Equal(TimeSpan.Zero, throttle.Reserve());
        Assert.Equal(0.1, throttle.Reserve().TotalSeconds, 6);
        Assert.Equal(0.2, throttle.Reserve().TotalSeconds, 6);
        time.Advance(TimeSpan.FromSeconds(0.301));
        Assert.Equal(TimeSpan.Zero, throttle.Reserve());
        time.Advance(TimeSpan.FromHours(1)); // no more than the burst is saved up
        for (var i = 0; i < 3; i++) Assert.Equal(TimeSpan.Zero, throttle.Reserve());
        Assert.True(throttle.Reserve() > TimeSpan.Zero);
    }

    [Fact]
    public void TokenIdentity_Usernames_OnlyServiceAccountsHaveOne()
    {
        static (string, string)? Of(string user) => new TokenIdentity(user, "", [], []).ServiceAccount;
        Assert.Equal(("shop", "web"), Of("system:serviceaccount:shop:web"));
        Assert.Null(Of("system:serviceaccount:shop"));
        Assert.Null(Of("system:serviceaccount::web"));
        Assert.Null(Of("system:serviceaccount:a:b:c"));
        Assert.Null(Of("ann"));
    }

    [Theory]
    [InlineData(1, 0.05, 0.1)]
    [InlineData(2, 0.1, 0.2)]
    [InlineData(5, 0.8, 1.6)]
    [InlineData(40, 15, 30)]
    [InlineData(4000, 15, 30)]
    public void Jitter_BackOff_DoublesUpToTheLimit(int failures, double low, double high)
    {
        var jitter = new Jitter(new Random(failures));
        for (var i = 0; i < 100; i++)
        {
            var wait = jitter.BackOff(failures, TimeSpan.FromSeconds(0.1), TimeSpan.FromSeconds(30)).TotalSeconds;
            Assert.InRange(wait, low, high);
        }
    }

    [Fact]
    public void Patch_ToString_DoesNotShowItsBody()
    {
        var patch = Patch.Merge(new System.Text.Json.Nodes.JsonObject { ["data"] = "s3cret" });
        Assert.DoesNotContain("s3cret", patch.ToString(), StringComparison.Ordinal);
    }
}
