namespace WafOperator.Engine.Tests.Profiles;

public sealed class CollectionTests
{
    private const string Counting = """
        SecCollectionTimeout 100
        SecAction "id:1,phase:1,pass,nolog,initcol:ip=%{REMOTE_ADDR}"
        SecAction "id:2,phase:1,pass,nolog,setvar:ip.hits=+1,expirevar:ip.flag=60"
        SecRule IP:hits "@gt 2" "id:3,phase:1,pass,nolog,setvar:'tx.score=%{ip.hits}'"
        SecRule ARGS:flag "@streq on" "id:4,phase:1,pass,nolog,setvar:ip.flag=1,expirevar:ip.flag=10"
        SecRule IP:flag "@eq 1" "id:5,phase:1,pass,nolog"
        SecRule &IP "@ge 1" "id:6,phase:1,pass,nolog"
        """;

    [Fact]
    public void Ip_CountsRequestsOfOneClient_AndForgetsThemAfterTheTimeout()
    {
        var time = new FakeTimeProvider();
        var program = Profile.Compile(Counting, EngineOptions.Default with { Time = time });
        var client = new Profile("") { Client = "192.0.2.1" };
        var other = new Profile("") { Client = "192.0.2.2" };

        Assert.DoesNotContain(3, client.Run(program).Ids);
        Assert.DoesNotContain(3, client.Run(program).Ids);
        Assert.Equal(3, client.Run(program).Score);
        Assert.DoesNotContain(3, other.Run(program).Ids);
        time.Advance(TimeSpan.FromSeconds(101));
        Assert.DoesNotContain(3, client.Run(program).Ids);
        Assert.Equal(2, program.Collections.Count);
    }

    [Fact]
    public void ExpireVar_EndsAVariableBeforeItsRecord()
    {
        var time = new FakeTimeProvider();
        var program = Profile.Compile(Counting, EngineOptions.Default with { Time = time });

        Assert.Contains(5, new Profile("") { Uri = "/?flag=on" }.Run(program).Ids);
        time.Advance(TimeSpan.FromSeconds(9));
        Assert.Contains(5, new Profile("") { Uri = "/?flag=on" }.Run(program).Ids);
        time.Advance(TimeSpan.FromSeconds(61));
        Assert.DoesNotContain(5, new Profile("").Run(program).Ids);
    }

    [Fact]
    public void DeprecateVar_LetsANumberFall()
    {
        var time = new FakeTimeProvider();
        var program = Profile.Compile("""
            SecAction "id:1,phase:1,pass,nolog,initcol:ip=%{REMOTE_ADDR},deprecatevar:ip.hits=2/10"
            SecAction "id:2,phase:1,pass,nolog,setvar:ip.hits=+10,setvar:'tx.score=%{ip.hits}'"
            """, EngineOptions.Default with { Time = time });

        Assert.Equal(10, new Profile("").Run(program).Score);
        time.Advance(TimeSpan.FromSeconds(25));
        Assert.Equal(16, new Profile("").Run(program).Score);
    }

    [Fact]
    public void Session_IsChosenByCookie()
    {
        var program = Profile.Compile("""
            SecRule REQUEST_COOKIES:sid "@rx ." "id:1,phase:1,pass,nolog,setsid:%{MATCHED_VAR}"
            SecAction "id:2,phase:1,pass,nolog,setvar:session.n=+1,setvar:'tx.text=%{SESSIONID}:%{session.n}'"
            """);
        var profile = new Profile("") { Headers = [("Cookie", "sid=abc")] };
        profile.Run(program);

        Assert.Equal("abc:2", profile.Run(program).Text);
        Assert.Equal(":", new Profile("").Run(program).Text);
    }

    [Fact]
    public void Store_BeyondItsLimit_DropsTheOldestRecords()
    {
        var limits = EngineLimits.Default with { CollectionRecordsMax = 10, CollectionVariablesMax = 2,
            CollectionKeyBytesMax = 64 };
        var program = Profile.Compile(Counting, EngineOptions.Default with { Limits = limits });
        for (var i = 0; i < 50; i++)
        {
            new Profile("") { Client = $"192.0.2.{i}" }.Run(program);
        }

        Assert.Equal(10, program.Collections.Count);
        Assert.Equal(40, program.Collections.Evicted);
    }

    [Fact]
    public void Store_HandedToTheNextProgram_KeepsItsCounters()
    {
        var first = Profile.Compile(Counting);
        new Profile("").Run(first);
        new Profile("").Run(first);
        var second = Profile.Compile(Counting, EngineOptions.Default with { Collections = first.Collections });

        Assert.Equal(3, new Profile("").Run(second).Score);
    }
}
