using System.Net;
using Microsoft.AspNetCore.Http;
using WafOperator.Protocols.Policies;
using WafOperator.Proxy.Identity;

namespace WafOperator.Proxy.Tests.Identity;

public sealed class AddressTests
{
    [Theory]
    [InlineData("1.2.3.4", "1.2.3.4")]
    [InlineData(" 1.2.3.4\t", "1.2.3.4")]
    [InlineData("1.2.3.4:5678", "1.2.3.4")]
    [InlineData("\"1.2.3.4:5678\"", "1.2.3.4")]
    [InlineData("2001:db8::1", "2001:db8::1")]
    [InlineData("[2001:db8::1]", "2001:db8::1")]
    [InlineData("\"[2001:db8::1]:443\"", "2001:db8::1")]
    [InlineData("::ffff:1.2.3.4", "1.2.3.4")]
    [InlineData("[::ffff:102:304]:80", "1.2.3.4")]
    public void TryParse_Addresses_AreReadAndWrittenInOneForm(string text, string expected)
    {
        Assert.True(Address.TryParse(text, out var address));
        Assert.Equal(expected, address.ToString());
    }

    [Theory]
    [InlineData("")]
    [InlineData("unknown")]
    [InlineData("_hidden")]
    [InlineData("1.2.3")]
    [InlineData("1.2.3.4.5")]
    [InlineData("1.2.3.256")]
    [InlineData("01.2.3.4")]
    [InlineData("0x7f.0.0.1")]
    [InlineData("2130706433")]
    [InlineData("1.2.3.4:")]
    [InlineData("1.2.3.4:123456")]
    [InlineData("1.2.3.4:http")]
    [InlineData("[2001:db8::1")]
    [InlineData("fe80::1%eth0")]
    [InlineData("1.2.3.4\n")]
    [InlineData("::1::2")]
    [InlineData("\"")]
    public void TryParse_AnythingElse_IsRefused(string text) => Assert.False(Address.TryParse(text, out _));

    [Fact]
    public void TryParse_GeneratedText_NeverThrows()
    {
        var random = new Random(5);
        const string alphabet = "0123456789abcdef:.[]\"%/ ,";
        for (var i = 0; i < 20_000; i++)
        {
            var text = new string([.. Enumerable.Range(0, random.Next(50)).Select(_ => alphabet[random.Next(alphabet.Length)])]);
            if (Address.TryParse(text, out var address)) Assert.True(IPAddress.TryParse(address.ToString(), out _));
        }
    }

    [Fact]
    public void AddressSet_AgreesWithCountingBits()
    {
        var random = new Random(11);
        for (var round = 0; round < 100; round++)
        {
            var networks = Enumerable.Range(0, random.Next(1, 20)).Select(_ => RandomNetwork(random)).ToList();
            var set = AddressSet.Parse(networks, out var unreadable);
            Assert.Empty(unreadable);
            for (var i = 0; i < 100; i++)
            {
                var text = $"10.{random.Next(4)}.{random.Next(4)}.{random.Next(256)}";
                Assert.True(Address.TryParse(text, out var address));
                Assert.Equal(networks.Any(network => IPNetwork.Parse(
                    network).Contains(IPAddress.Parse(text))), set.Contains(address));
            }
        }
    }

    [Theory]
    [InlineData("0.0.0.0/0", "8.8.8.8", true)]
    [InlineData("0.0.0.0/0", "2001:db8::1", false)]
    [InlineData("::/0", "2001:db8::1", true)]
    [InlineData("::/0", "8.8.8.8", false)]
    [InlineData("10.1.2.3", "10.1.2.3", true)]
    [InlineData("10.1.2.3", "10.1.2.4", false)]
    [InlineData("10.1.2.3/24", "10.1.2.255", true)]
    [InlineData("2001:db8::/33", "2001:db8:7fff::1", true)]
    [InlineData("2001:db8::/33", "2001:db8:8000::", false)]
    [InlineData("10.0.0.0/8", "::ffff:10.1.1.1", true)]
    public void AddressSet_Edges(string network, string text, bool expected)
    {
        Assert.True(Address.TryParse(text, out var address));
        Assert.Equal(expected, AddressSet.Parse([network], out _).Contains(address));
    }

    [Theory]
    [InlineData("10.0.0.0/33")]
    [InlineData("10.0.0.0/-1")]
    [InlineData("10.0.0.0/")]
    [InlineData("2001:db8::/129")]
    [InlineData("internal")]
    public void AddressSet_NotANetwork_IsNamed(string network)
    {
        AddressSet.Parse([network], out var unreadable);
        Assert.Equal([network], unreadable);
    }

    private static string RandomNetwork(Random random)
    {
        var prefix = random.Next(8, 33);
        var bits = (uint)(10 << 24 | random.Next(4) << 16 | random.Next(4) << 8 | random.Next(256));
        bits &= uint.MaxValue << 32 - prefix;
        return $"{bits >> 24}.{bits >> 16 & 255}.{bits >> 8 & 255}.{bits & 255}/{prefix}";
    }
}

public sealed class ClientResolverTests
{
    [Theory]
    // peer, header, hops, client
    [InlineData("10.0.0.1", "1.1.1.1", 1, "1.1.1.1")]
    [InlineData("9.9.9.9", "1.1.1.1", 1, "9.9.9.9")]
    [InlineData("10.0.0.1", null, 1, "10.0.0.1")]
    [InlineData("10.0.0.1", "6.6.6.6, 1.1.1.1", 1, "1.1.1.1")]
    [InlineData("10.0.0.1", "6.6.6.6, 1.1.1.1", 5, "1.1.1.1")]
    [InlineData("10.0.0.1", "6.6.6.6, 1.1.1.1, 10.0.0.2", 2, "1.1.1.1")]
    [InlineData("10.0.0.1", "6.6.6.6, 1.1.1.1, 10.0.0.2", 1, "10.0.0.2")]
    [InlineData("10.0.0.1", "6.6.6.6, 10.0.0.3, 10.0.0.2", 16, "6.6.6.6")]
    [InlineData("10.0.0.1", "1.1.1.1, unknown", 2, "10.0.0.1")]
    [InlineData("10.0.0.1", "garbage, 10.0.0.2", 3, "10.0.0.2")]
    [InlineData("10.0.0.1", "", 1, "10.0.0.1")]
    [InlineData("10.0.0.1", ",,,", 4, "10.0.0.1")]
    [InlineData("10.0.0.1", "[2001:db8::7]:1234", 1, "2001:db8::7")]
    [InlineData("::ffff:10.0.0.1", "1.1.1.1", 1, "1.1.1.1")]
    public void Resolve_FromTheRight_TrustedHopsOnly(string peer, string? header, int hops, string expected)
    {
        var resolver = new ClientResolver(new ClientIdentity { TrustedProxies = ["10.0.0.0/8"], TrustedHops = hops });
        var headers = new HeaderDictionary();
        if (header is not null) headers["X-Forwarded-For"] = header;

        Assert.Equal(expected, resolver.Resolve(Parse(peer), headers).ToString());
    }

    [Fact]
    public void Resolve_SeveralHeaderLines_AreOneList()
    {
        var resolver = new ClientResolver(new ClientIdentity { TrustedProxies = ["10.0.0.0/8"], TrustedHops = 3 });
        var headers = new HeaderDictionary { ["X-Forwarded-For"] = new(["6.6.6.6, 1.1.1.1", "10.0.0.2"]) };

        Assert.Equal("1.1.1.1", resolver.Resolve(Parse("10.0.0.1"), headers).ToString());
    }

    [Theory]
    [InlineData("X-Real-IP", "1.1.1.1")]
    [InlineData("Forwarded", "for=6.6.6.6, proto=https;for=\"1.1.1.1:80\";by=10.0.0.1")]
    public void Resolve_OtherHeaders(string header, string value)
    {
        var resolver = new ClientResolver(new ClientIdentity { TrustedProxies = ["10.0.0.0/8"], Header = header });

        Assert.Equal(
            "1.1.1.1", resolver.Resolve(Parse("10.0.0.1"), new HeaderDictionary { [header] = value }).ToString());
    }

    [Fact]
    public void DropForged_PeerIsNoTrustedProxy_TakesEveryForwardingHeader()
    {
        var resolver = new ClientResolver(new ClientIdentity { TrustedProxies = ["10.0.0.0/8"], Header = "X-Own-Client" });
        var headers = new HeaderDictionary
        {
            ["X-Forwarded-For"] = "1.1.1.1", ["Forwarded"] = "for=1.1.1.1", ["X-Real-IP"] = "1.1.1.1", ["X-Own-Client"] = "1.1.1.1",
            ["X-Forwarded-Proto"] = "https", ["X-Request-Id"] = "7",
        };

        resolver.DropForged(Parse("9.9.9.9"), headers);

        Assert.Equal(["X-Request-Id"], headers.Keys);
    }

    /// <summary>
    /// Every name, in every spelling that CGI, WSGI and PHP make the same of, from every kind of peer.
    /// </summary>
    [Theory]
    [InlineData("10.0.0.1", "10.0.0.0/8")]
    [InlineData("9.9.9.9", "10.0.0.0/8")]
    [InlineData("9.9.9.9", null)]
    public void DropForged_NamesWithUnderscores_NeverStay(string peer, string? trusted)
    {
        var resolver = new ClientResolver(
            new ClientIdentity { TrustedProxies = trusted is null ? [] : [trusted], Header = "X-Own-Client" });
        foreach (var name in ForwardingHeaders.Names.Append("X-Own-Client").Where(name => name.Contains('-')))
        {
            var dashes = name.Count(c => c == '-');
            for (var mask = 1; mask < 1 << dashes; mask++)
            {
                var at = 0;
                var spelled = string.Concat(name.Select(c => c != '-' ? c : (mask >> at++ & 1) != 0 ? '_' : '-'));
                var headers = new HeaderDictionary { [spelled] = "1.1.1.1", [spelled.ToUpperInvariant() + "_2"] = "x" };

                resolver.DropForged(Parse(peer), headers);

                Assert.Equal([spelled.ToUpperInvariant() + "_2"], headers.Keys);
            }
        }
    }

    [Fact]
    public void DropForged_UnderscoreBesideItsDash_OnlyTheDashStays()
    {
        var resolver = new ClientResolver(new ClientIdentity());
        var headers = new HeaderDictionary { ["X-Tenant-Id"] = "a", ["x_tenant_id"] = "b", ["my_own"] = "c" };

        resolver.DropForged(Parse("9.9.9.9"), headers);

        Assert.Equal(["X-Tenant-Id", "my_own"], headers.Keys.Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("10.0.0.1", "10.0.0.0/8")]
    [InlineData("9.9.9.9", null)]
    public void DropForged_TrustedPeerOrNoTrustDeclared_LeavesThem(string peer, string? trusted)
    {
        var resolver = new ClientResolver(new ClientIdentity { TrustedProxies = trusted is null ? [] : [trusted] });
        var headers = new HeaderDictionary { ["X-Forwarded-For"] = "1.1.1.1" };

        resolver.DropForged(Parse(peer), headers);

        Assert.True(headers.ContainsKey("X-Forwarded-For"));
    }

    private static Address Parse(string text)
    {
        Assert.True(Address.TryParse(text, out var address));
        return address;
    }
}
