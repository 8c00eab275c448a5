using WafOperator.SecLang;

namespace WafOperator.Engine.Tests.Profiles;

/// <summary>Phases 3 and 4: what rules see of a response, what they decide, and CRS's own rules on leaks.</summary>
public sealed class ResponseTests
{
    private const string Folder = "/usr/share/modsecurity-crs/rules";

    private static readonly Lazy<RuleProgram> Levels1 = new(() => CoreRuleSet(1));
    private static readonly Lazy<RuleProgram> Levels2 = new(() => CoreRuleSet(2));

    [Theory]
    [InlineData("<b>You have an error in your SQL syntax; check the manual</b> near mysql_fetch", 951230)]
    [InlineData("ORA-00933: SQL command not properly ended, Oracle error", 951120)]
    [InlineData("Fatal error: eval()'d code</b> on line <b>3", 953100)]
    [InlineData("echo $_GET['a']; fwrite($f); ?>", 953110)]
    [InlineData("<?php echo 1 ?>", 953120)]
    [InlineData("[To Parent Directory]</a><br>", 0)]
    [InlineData("<title>Index of /</title><h1>Index of /", 950130)]
    [InlineData(">[To Parent Directory]</a><br>", 950130)]
    [InlineData("[java.lang. java.lang.NullPointerException at com.example", 952110)]
    [InlineData("<h1>Good morning</h1>", 0)]
    public void CoreRuleSet_LeakInABody_IsDecidedInPhaseFour(string body, long rule)
    {
        var outcome = Run(Levels1.Value, new Profile("") { ResponseBody = body });

        if (rule == 0)
        {
            Assert.Null(outcome.Interruption);
            return;
        }

        Assert.Contains(rule, outcome.Ids);
        Assert.True(outcome.Interruption is { RuleId: 959100, Phase: 4, Status: 403, IsEnforced: true },
            $"{outcome.Interruption}; matched {string.Join(' ', outcome.Ids)}");
    }

    [Theory]
    [InlineData(500, true)]
    [InlineData(503, true)]
    [InlineData(404, false)]
    [InlineData(200, false)]
    public void CoreRuleSet_ServerErrorAtLevelTwo_IsALeak(int status, bool leaks)
    {
        var outcome = Run(Levels2.Value, new Profile("") { ResponseStatus = status, ResponseBody = "x" });

        Assert.Equal(leaks, outcome.Ids.Contains(950100));
        Assert.Equal(leaks, outcome.Interruption is { RuleId: 959100 });
    }

    [Fact]
    public void CoreRuleSet_AttackInTheRequest_IsDecidedBeforeTheResponseIsRead()
    {
        var outcome = Run(Levels1.Value, new Profile("")
        {
            Uri = "/?id=1%27%20union%20select%20name%20from%20users--%20-",
            ResponseBody = "<?php echo 1 ?>",
        });

        Assert.Equal(949110, outcome.Interruption?.RuleId);
        Assert.DoesNotContain(outcome.Ids, id => id is >= 950000 and < 959000);
        Assert.Contains(outcome.Ids, id => id / 1000 == 980);
    }

    [Fact]
    public void Rules_OnTheHeadOfAResponse_DecideInPhaseThree()
    {
        var outcome = new Profile("""
            SecRule RESPONSE_HEADERS:X-Debug "@rx ." "id:1,phase:3,deny,status:502"
            SecRule RESPONSE_BODY "@rx ." "id:2,phase:4,pass"
            SecRule RESPONSE_STATUS "@eq 200" "id:3,phase:5,pass"
            """)
        {
            ResponseHeaders = [("Content-Type", "text/plain"), ("x-debug", "on")],
            ResponseBody = "text",
            Triggered = [1, 3],
            NotTriggered = [2],
        }.Check();

        Assert.True(outcome.Interruption is { RuleId: 1, Phase: 3, Status: 502 });
    }

    [Fact]
    public void Rules_OnAResponse_SeeWhatTheRequestSaid() => new Profile("""
        SecRule ARGS:q "@rx ^<" "id:1,phase:2,pass,setvar:'tx.echo=%{MATCHED_VAR}'"
        SecRule RESPONSE_BODY "@contains %{tx.echo}" "id:2,phase:4,pass,chain"
          SecRule REQUEST_METHOD "@streq GET"
        SecRule RESPONSE_HEADERS_NAMES "@streq Set-Cookie" "id:3,phase:3,pass"
        SecRule &RESPONSE_HEADERS:Set-Cookie "@eq 2" "id:4,phase:3,pass"
        SecRule RESPONSE_HEADERS:Set-Cookie "!@rx (?i)httponly" "id:5,phase:3,pass"
        SecRule RESPONSE_CONTENT_TYPE "@beginsWith text/html" "id:6,phase:3,pass"
        SecRule RESPONSE_CONTENT_LENGTH "@gt 10" "id:7,phase:4,pass"
        SecRule RESPONSE_PROTOCOL "@streq HTTP/1.1" "id:8,phase:3,pass"
        SecRule RESPONSE_BODY "@rx ." "id:9,phase:3,pass"
        """)
    {
        Uri = "/?q=%3Cimg",
        ResponseHeaders = [("Content-Type", "text/html"), ("Set-Cookie", "a=1; HttpOnly"), ("Set-Cookie", "b=2")],
        ResponseBody = "<p>You searched for <img",
        Triggered = [1, 2, 3, 4, 5, 6, 7, 8],
        NotTriggered = [9],
    }.Check();

    [Fact]
    public void Allow_InPhaseThree_SparesTheBody() => new Profile("""
        SecRule RESPONSE_STATUS "@eq 200" "id:1,phase:3,allow"
        SecRule RESPONSE_BODY "@rx ." "id:2,phase:4,deny"
        SecAction "id:3,phase:5,pass"
        """) { ResponseBody = "text", Triggered = [1, 3], NotTriggered = [2] }.Check();

    [Fact]
    public void Setting_ResponseBodyAccess_TellsWhoReadsTheBody()
    {
        var on = Profile.Compile("SecResponseBodyAccess On\nSecResponseBodyMimeType text/plain application/json");
        var off = Profile.Compile("SecResponseBodyAccess Off");

        Assert.True(on.WantsResponseBody);
        Assert.Equal("text/plain application/json", string.Join(' ', on.Settings.ResponseBodyTypes));
        Assert.False(off.WantsResponseBody);
    }

    private static Outcome Run(RuleProgram program, Profile profile) => (profile with
    {
        Headers = [("Host", "shop.example"), ("User-Agent", "Mozilla/5.0"), ("Accept", "*/*")],
    }).Run(program);

    private static RuleProgram CoreRuleSet(int paranoia)
    {
        Assert.True(Directory.Exists(Folder), "Install the Debian package modsecurity-crs to run this test.");
        var text = $"Include /etc/modsecurity/crs/crs-setup.conf\nSecRuleEngine On\nSecResponseBodyAccess On\n"
            + $"SecAction \"id:1,phase:1,nolog,pass,setvar:tx.paranoia_level={paranoia}\"\nInclude {Folder}/*.conf";
        var parsed = SecLangParser.Parse([SecLangSource.FromText("all", text)],
            new DirectorySourceResolver(Folder, "/etc/modsecurity/crs"));
        return RuleProgram.Compile(parsed.Document).Program!;
    }
}
