using System.Net;
using WafOperator.Outside;

namespace WafOperator.Controllers.Tests.Outside;

/// <summary>Which addresses the operator may be sent to.</summary>
public sealed class OutsideRulesTests
{
    /// <summary>Every kind of address that leads into the cluster, the machine or the cloud's metadata.</summary>
    public static TheoryData<string> Inside =>
    [
        "127.0.0.1", "127.255.255.254", "0.0.0.0", "169.254.169.254", "169.254.0.1", "100.100.100.200", "192.0.0.192",
        "10.96.0.1", "172.16.0.10", "172.31.255.255", "192.168.1.1", "100.64.0.1", "198.18.0.1", "224.0.0.1",
        "239.255.255.250", "255.255.255.255", "240.0.0.1", "192.0.2.1", "203.0.113.7", "198.51.100.7",
        "::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "fe80::1",
        "fe80::1%1",
        "fc00::1", "fd00::1", "fd00:ec2::254", "fd20:ce::254", "ff02::1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1",
        "2002:7f00:1::1", "2001::1", "2001:db8::1", "fec0::1", "100::1", "5f00::1",
    ];

    [Theory, MemberData(nameof(Inside))]
    public void AnAddressInside_IsNeverCalledByDefault(string address) =>
        Assert.False(OutsideRules.Default.Allows("models.example", 443, IPAddress.Parse(address)));

    [Theory]
    [InlineData("1.1.1.1")]
    [InlineData("172.15.0.1")]
    [InlineData("172.32.0.1")]
    [InlineData("100.63.255.255")]
    [InlineData("100.128.0.1")]
    [InlineData("169.253.0.1")]
    [InlineData("2606:4700::1111")]
    [InlineData("2a00:1450:4001:82a::200e")]
    public void APublicAddress_IsCalledByDefault(string address) =>
        Assert.True(OutsideRules.Default.Allows("models.example", 443, IPAddress.Parse(address)));

    [Fact]
    public void OtherPortsThanThoseOfTheWeb_AreCalledWhereTheyAreListed()
    {
        var rules = OutsideRules.Parse(["*", "*.example:5000"], []);
        var address = IPAddress.Parse("1.1.1.1");

        Assert.True(rules.Allows("a.example", 80, address));
        Assert.True(rules.Allows("a.example", 5000, address));
        Assert.False(rules.Allows("a.example", 6379, address));
        Assert.False(rules.Allows("a.test", 5000, address));
    }

    [Fact]
    public void AHostListedByItsName_MayBeInside_AndNoOther()
    {
        var rules = OutsideRules.Parse(["prometheus.monitoring.svc:9090", "*.monitoring.svc:9090"], []);
        var pod = IPAddress.Parse("10.1.2.3");

        Assert.True(rules.Allows("prometheus.monitoring.svc", 9090, pod));
        Assert.True(rules.Allows("Prometheus.Monitoring.SVC.", 9090, pod));
        Assert.False(rules.Allows("other.monitoring.svc", 9090, pod));
        Assert.False(rules.Allows("prometheus.monitoring.svc", 9091, pod));
        // Whoever owns the name could point it at the machine itself or at the cloud's metadata.
        Assert.False(rules.Allows("prometheus.monitoring.svc", 9090, IPAddress.Parse("169.254.169.254")));
        Assert.False(rules.Allows("prometheus.monitoring.svc", 9090, IPAddress.Loopback));
    }

    [Fact]
    public void AListedNetwork_OpensItsAddresses_ButAWideOneNotTheMachineItself()
    {
        var rules = OutsideRules.Parse(["*"], ["10.8.0.0/16", "0.0.0.0/0", "::/0"]);

        Assert.True(rules.Allows("minio.example", 443, IPAddress.Parse("10.8.3.4")));
        Assert.False(rules.Allows("minio.example", 443, IPAddress.Loopback));
        Assert.False(rules.Allows("minio.example", 443, IPAddress.IPv6Loopback));
        Assert.False(rules.Allows("minio.example", 443, IPAddress.Parse("169.254.169.254")));
        Assert.True(OutsideRules.Parse(["*"], ["127.0.0.0/8"]).Allows("minio.example", 443, IPAddress.Loopback));
        Assert.True(OutsideRules.Parse(["127.0.0.1:80"], []).Allows("127.0.0.1", 80, IPAddress.Loopback));
    }

    [Theory]
    [InlineData("ftp://models.example/x", false, OutsideProblem.NotAllowed)]
    [InlineData("file:///etc/passwd", false, OutsideProblem.NotAllowed)]
    [InlineData("https://user:password@models.example/x", false, OutsideProblem.NotAllowed)]
    [InlineData("https://models.test/x", false, OutsideProblem.NotAllowed)]
    [InlineData("https://models.example.test/x", false, OutsideProblem.NotAllowed)]
    [InlineData("https://xmodels.example/x", false, OutsideProblem.NotAllowed)]
    [InlineData("https://models.example:8443/x", false, OutsideProblem.NotAllowed)]
    [InlineData("http://models.example/x", true, OutsideProblem.Insecure)]
    [InlineData("http://models.example/x", false, null)]
    [InlineData("https://models.example/x", true, null)]
    [InlineData("https://MODELS.example./x", true, null)]
    public void AUri_IsJudgedBeforeAnythingIsResolved(string uri, bool sendsCredentials, OutsideProblem? problem) =>
        Assert.Equal(problem, OutsideRules.Parse(["models.example"], []).ProblemOf(new Uri(uri), sendsCredentials));

    [Theory]
    [InlineData("models.example:0")]
    [InlineData("models.example:99999")]
    [InlineData("models.example:x")]
    [InlineData("https://models.example")]
    [InlineData("mod*els.example")]
    [InlineData("a b")]
    public void AHostThatCannotBeRead_IsRefusedAtTheStart(string host) =>
        Assert.Contains(host, Assert.Throws<FormatException>(() => OutsideRules.Parse([host], [])).Message,
            StringComparison.Ordinal);

    [Fact]
    public void ANetworkThatCannotBeRead_IsRefusedAtTheStart() =>
        Assert.Throws<FormatException>(() => OutsideRules.Parse(["*"], ["10.0.0.0/33"]));
}
