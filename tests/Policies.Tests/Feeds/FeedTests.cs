using WafOperator.Policies.Compilation;
using WafOperator.Policies.Feeds;
using WafOperator.Resources.Policies;

namespace WafOperator.Policies.Tests.Feeds;

public sealed class FeedTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 30, 12, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData("203.0.113.7", "203.0.113.7")]
    [InlineData("203.0.113.7/24", "203.0.113.0/24")]
    [InlineData("203.0.113.7/32", "203.0.113.7")]
    [InlineData("2001:DB8::1/32", "2001:db8::/32")]
    [InlineData("::ffff:203.0.113.7", "203.0.113.7")]
    [InlineData("::ffff:203.0.113.7/120", "203.0.113.0/24")]
    [InlineData("::ffff:0.0.0.0/95", null)]
    [InlineData("0.0.0.0/0", "0.0.0.0/0")]
    [InlineData("203.0.113.7/33", null)]
    [InlineData("203.0.113.7/", null)]
    [InlineData("203.0.113.7/-1", null)]
    [InlineData("203.0.113.7/+8", null)]
    [InlineData("203.0.113", null)]
    [InlineData("203.0.113.07", null)]
    [InlineData("0x7f000001", null)]
    [InlineData("3405803783", null)]
    [InlineData("fe80::1%eth0", null)]
    [InlineData("[2001:db8::1]", null)]
    [InlineData("example.com", null)]
    [InlineData("", null)]
    public void Network_IsReadAsOneProgramOnly(string text, string? expected) =>
        Assert.Equal(expected, FeedNetwork.Parse(text)?.ToString());

    [Theory]
    [InlineData("203.0.113.0/24\n198.51.100.7\r\n", "203.0.113.0/24 198.51.100.7")]
    [InlineData("# list\n; list\n\n  203.0.113.7 # why\n", "203.0.113.7")]
    [InlineData("203.0.113.0/24 ; SBL1\n198.51.100.0/24,malware,90\n\"192.0.2.1\"",
        "203.0.113.0/24 198.51.100.0/24 192.0.2.1")]
    [InlineData("203.0.113.7 2026-11-30", "203.0.113.7")]
    [InlineData("\ufeff203.0.113.7\n203.0.113.7/32\n203.0.113.7", "203.0.113.7")]
    public void Lines_OfOrdinaryLists_AreRead(string text, string expected)
    {
        var reading = Read(text);
        Assert.Equal(expected, string.Join(' ', reading.Networks));
        Assert.Equal((0, null, 0), (reading.Unreadable, reading.Problem, reading.Cut));
    }

    [Theory]
    [InlineData("[ipv4-addr:value = '203.0.113.7']", "203.0.113.7")]
    [InlineData("[ipv4-addr:value ISSUBSET '203.0.113.0/24']", "203.0.113.0/24")]
    [InlineData("[ipv4-addr:value IN ('203.0.113.7', '203.0.113.8')]", "203.0.113.7 203.0.113.8")]
    [InlineData("[ipv6-addr:value='2001:db8::1' OR ipv4-addr:value = '203.0.113.7']", "2001:db8::1 203.0.113.7")]
    [InlineData("[ipv4-addr:value = '203.0.113.7'] OR [ipv4-addr:value = '203.0.113.8']", "203.0.113.7 203.0.113.8")]
    [InlineData("[ipv4-addr:value = '203.0.113.7' AND network-traffic:dst_port = 22]", null)]
    [InlineData("[ipv4-addr:value = '203.0.113.7'] FOLLOWEDBY [ipv4-addr:value = '203.0.113.8']", null)]
    [InlineData("[ipv4-addr:value != '203.0.113.7']", null)]
    [InlineData("[ipv4-addr:value = '203.0.113.7' OR", null)]
    public void Indicators_AboutAddressesAlone_AreRead_OthersAreNamed(string pattern, string? expected)
    {
        var reading = Read(Bundle($$"""{"type": "indicator", "pattern": "{{pattern}}"}"""));
        Assert.Equal(expected ?? "", string.Join(' ', reading.Networks));
        Assert.Equal(expected is null ? 1 : 0, reading.Unreadable);
    }

    [Theory]
    [InlineData("\"valid_until\": \"2026-11-30T11:00:00Z\"", 0, null)]
    [InlineData("\"valid_until\": \"2026-11-30T13:00:00Z\"", 1, 13)]
    [InlineData("\"valid_from\": \"2026-11-30T14:00:00Z\"", 0, 14)]
    [InlineData("\"valid_from\": \"2026-11-30T10:00:00Z\"", 1, null)]
    [InlineData("\"revoked\": true", 0, null)]
    [InlineData("\"revoked\": false", 1, null)]
    public void Indicators_AreInForceWhileTheyAreValid(string more, int networks, int? changesAt)
    {
        var reading = Read(Bundle(
            $$"""{"type": "indicator", "pattern": "[ipv4-addr:value = '203.0.113.7']", {{more}}}"""));
        Assert.Equal(networks, reading.Networks.Count);
        Assert.Equal(changesAt is { } hour ? Now.Date.AddHours(hour) : null, reading.ChangesAt?.UtcDateTime);
    }

    [Fact]
    public void Indicators_AboutFilesAndNames_AreNoBusinessOfAList() =>
        Assert.Equal((0, 0), Counts(Bundle("""
            {"type": "indicator", "pattern": "[domain-name:value = 'example.com']"}
            """)));

    [Theory]
    [InlineData("203.0.113.0 - 203.0.113.255")]
    [InlineData("203.0.113.0-203.0.113.255")]
    [InlineData("203.0.113.0\t203.0.113.255\t24\tname")]
    [InlineData("\"203.0.113.0\",\"203.0.113.255\"")]
    public void Ranges_AreNotTakenForTheirFirstAddress(string line) => Assert.Equal((0, 1), Counts(line));

    private static (int Networks, int Unreadable) Counts(string text)
    {
        var reading = Read(text);
        return (reading.Networks.Count, reading.Unreadable);
    }

    /// <summary>Many networks that are each within the bound deny no more together than an eighth of all.</summary>
    [Fact]
    public void ListsThatCoverEverything_AreCut()
    {
        var v4 = Read(string.Join('\n', Enumerable.Range(1, 223).Select(i => $"{i}.0.0.0/8")));
        Assert.Equal((32, true), (v4.Networks.Count, v4.Cut > 150));
        // The first 19 bits of so many networks behind 2000::/3.
        var v6 = new FeedReader(new(20_000), includePrivate: false, Now).Read(string.Join('\n',
            Enumerable.Range(0, 10_000).Select(i => $"{0x2000 | (i >> 3):x}:{(i & 7) << 13:x}::/19")));
        Assert.Equal((8_192, 1_808), (v6.Networks.Count, v6.Cut));
    }

    /// <summary>Whoever writes a list must not deny everybody, nor the cluster's own clients.</summary>
    [Theory]
    [InlineData("0.0.0.0/0\n::/0\n1.0.0.0/7\n2000::/18", 4, 0)]
    [InlineData("10.0.0.0/8\n127.0.0.1\n192.168.1.1\n172.0.0.0/8\nfe80::1\nfd00::/20\n::1", 0, 7)]
    [InlineData("8.0.0.0/8\n2001::/19", 0, 0)]
    public void NetworksThatDenyTooMuch_AreLeftOut(string text, int wide, int notPublic)
    {
        var reading = Read(text);
        Assert.Equal((wide, notPublic), (reading.TooWide, reading.NotPublic));
        Assert.Equal(text.Split('\n').Length - wide - notPublic, reading.Networks.Count);
    }

    [Fact]
    public void PrivateNetworks_AreTakenWhereAsked() =>
        Assert.Single(new FeedReader(new(9), includePrivate: true, Now).Read("10.0.0.0/8").Networks);

    [Theory]
    [InlineData("{")]
    [InlineData("{\"objects\": 1}")]
    [InlineData("{\"objects\": [1, null, {}, {\"type\": 1}, {\"type\": \"indicator\"}, "
        + "{\"type\": \"indicator\", \"pattern\": 1, \"valid_until\": []}]}")]
    public void HostileBundles_GiveNothingAndSayWhy(string text)
    {
        var reading = Read(text);
        Assert.Empty(reading.Networks);
        Assert.True(reading.Problem is not null || reading.Unreadable == 2);
    }

    [Theory]
    [InlineData("type", 0)]
    [InlineData("pattern", 1)]
    [InlineData("valid_until", 1)]
    public void TextThatIsNone_LeavesTheRestOfTheBundleInForce(string field, int unreadable)
    {
        const string Good = """{"type": "indicator", "pattern": "[ipv4-addr:value = '203.0.113.7']"}""";
        var bad = field is "type" ? """{"type": "\ud800"}"""
            : $$"""{"type": "indicator", "pattern": "[ipv4-addr:value = '203.0.113.8']", "{{field}}": "\ud800"}""";
        Assert.Equal((1, unreadable), Counts(Bundle($"{bad}, {Good}")));
    }

    [Fact]
    public void WithoutRoom_ThePolicyIsInForceWithoutItsFeeds_AndSaysSo()
    {
        var compilation = Compile("203.0.113.7", includePrivate: false);
        var without = compilation.WithoutFeeds("no room");

        Assert.Null(without.Document!.AccessLists.DenyFeeds);
        Assert.NotEqual(compilation.Document!.Revision, without.Document.Revision);
        Assert.Empty(without.Feeds);
        Assert.Equal((FindingKind.FeedInvalid, "no room"),
            (without.Findings[^1].Kind, without.Findings[^1].Message));
    }

    [Theory]
    [InlineData(' ')]
    [InlineData('[')]
    public void LongPatterns_CostNothing(char of)
    {
        var pattern = "[ipv4-addr:value" + new string(of, 4_000) + "x";
        var items = string.Join(',', Enumerable.Repeat($$"""{"type": "indicator", "pattern": "{{pattern}}"}""", 200));
        Assert.Equal((0, 200), Counts(Bundle(items)));
        Assert.Equal((0, 1), Counts(Bundle($$"""{"type": "indicator", "pattern": "{{pattern + pattern}}"}""")));
    }

    [Fact]
    public void WhatIsBeyondTheRoom_IsCounted()
    {
        var reading = new FeedReader(new(2), includePrivate: false, Now)
            .Read("1.1.1.1\n1.1.1.2\n1.1.1.3\n1.1.1.2\n1.1.1.4");
        Assert.Equal((2, 2), (reading.Networks.Count, reading.Cut));
    }

    [Fact]
    public void Compiled_FeedReachesTheDocumentAndTheStatus_AndNamesWhatIsLeftOut()
    {
        var compilation = Compile("203.0.113.0/24\n10.0.0.0/8\nname\n198.51.100.7", includePrivate: false);
        var feed = Assert.Single(compilation.Document!.AccessLists.DenyFeeds!);
        Assert.Equal(("drop", "203.0.113.0/24 198.51.100.7"), (feed.Name, feed.Networks));
        var status = Assert.Single(compilation.Feeds);
        Assert.Equal(("drop", 2, 1, 12), (status.Name, status.Networks, status.NotPublic, status.Digest!.Length));
        var finding = Assert.Single(compilation.Findings);
        Assert.Equal((FindingSeverity.Warning, FindingKind.FeedInvalid, "spec.accessLists.denyFeeds[0]"),
            (finding.Severity, finding.Kind, finding.Path));
        Assert.Contains("1 entries are no addresses, the first is \"name\"", finding.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Compiled_PrivateNetworks_AsTheFeedSays() =>
        Assert.Equal(1, Assert.Single(Compile("10.0.0.0/8", includePrivate: true).Feeds).Networks);

    [Fact]
    public void Compiled_WithoutFeeds_TheRevisionIsAsEver() =>
        Assert.Null(PolicyCompiler.Compile(Inputs(new(), [])).Document!.AccessLists.DenyFeeds);

    [Theory]
    [InlineData("other", "networks.txt", "there is no ConfigMap drop-list")]
    [InlineData("drop-list", "other.txt", "has no key networks.txt")]
    public void FeedThatIsNotThere_LeavesThePolicyInForce(string map, string key, string message)
    {
        var compilation = PolicyCompiler.Compile(Inputs(Lists(false), new() { [map] = Files(key, "203.0.113.7") }));
        Assert.NotNull(compilation.Document);
        var finding = Assert.Single(compilation.Findings);
        Assert.Equal(FindingKind.FeedNotFound, finding.Kind);
        Assert.Contains(message, finding.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void IndicatorThatEnds_IsCompiledAgainThen_ButNotEachSecond()
    {
        Assert.Equal(Now.AddHours(1), Ending("2026-11-30T13:00:00Z").RecompileAt);
        Assert.Equal(Now.AddMinutes(1), Ending("2026-11-30T12:00:01Z").RecompileAt);
    }

    private static PolicyCompilation Ending(string until) => Compile(
        Bundle($$"""
            {"type": "indicator", "pattern": "[ipv4-addr:value = '203.0.113.7']", "valid_until": "{{until}}"}
            """),
        includePrivate: false);

    private static PolicyCompilation Compile(string text, bool includePrivate) =>
        PolicyCompiler.Compile(Inputs(Lists(includePrivate), new() { ["drop-list"] = Files("networks.txt", text) }));

    private static AccessListsSpec Lists(bool includePrivate) => new()
    {
        DenyFeeds = [new() { Name = "drop", ConfigMap = "drop-list", IncludePrivate = includePrivate }],
    };

    private static Dictionary<string, string> Files(string key, string text) => new() { [key] = text };

    private static PolicyInputs Inputs(
        AccessListsSpec lists, Dictionary<string, IReadOnlyDictionary<string, string>> files) => new()
    {
        Policy = new() { Metadata = new() { Name = "shop", Namespace = "shop" }, Spec = new() { AccessLists = lists } },
        RuleFiles = files,
        Now = Now,
    };

    private static string Bundle(string item) => $$"""{"type": "bundle", "objects": [{{item}}]}""";

    private static FeedReading Read(string text) => new FeedReader(new(1000), includePrivate: false, Now).Read(text);
}
