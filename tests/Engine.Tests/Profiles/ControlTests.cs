namespace WafOperator.Engine.Tests.Profiles;

public sealed class ControlTests
{
    private const string Target = """

        SecRule ARGS "@rx attack" "id:942100,phase:2,pass,tag:'attack-sqli',tag:'OWASP_CRS',msg:'SQL injection'"
        SecRule ARGS "@rx attack" "id:942200,phase:2,pass,tag:'attack-sqli'"
        SecRule ARGS|REQUEST_HEADERS "@rx attack" "id:941100,phase:2,pass,tag:'attack-xss'"
        """;

    [Theory]
    [InlineData("ruleRemoveById=942100", new long[] { 942200, 941100 })]
    [InlineData("ruleRemoveById=942000-942999", new long[] { 941100 })]
    [InlineData("ruleRemoveByTag=attack-sqli", new long[] { 941100 })]
    [InlineData("ruleRemoveByMsg=SQL injection", new long[] { 942200, 941100 })]
    [InlineData("ruleRemoveTargetById=942100;ARGS:q", new long[] { 942200, 941100 })]
    [InlineData("ruleRemoveTargetById=942100-942200;ARGS", new long[] { 941100 })]
    [InlineData("ruleRemoveTargetById=942100;ARGS:/^q/", new long[] { 942200, 941100 })]
    [InlineData("ruleRemoveTargetByTag=attack-sqli;ARGS:q", new long[] { 941100 })]
    [InlineData("ruleRemoveTargetById=942100;ARGS:other", new long[] { 942100, 942200, 941100 })]
    [InlineData("ruleEngine=Off", new long[0])]
    public void Ctl_RemovesForThisRequest(string control, long[] expected)
    {
        var outcome = new Profile($"SecAction \"id:1,phase:1,pass,nolog,ctl:{control}\"{Target}") { Uri =
            "/?q=attack" }.Check();

        Assert.Equal(expected, outcome.Ids.Where(id => id > 1));
    }

    [Theory]
    [InlineData("SecRuleRemoveById 942100", new long[] { 942200, 941100 })]
    [InlineData("SecRuleRemoveById 942000-942999 1", new long[] { 941100 })]
    [InlineData("SecRuleRemoveByTag attack-sqli", new long[] { 941100 })]
    [InlineData("SecRuleRemoveByMsg \"SQL injection\"", new long[] { 942200, 941100 })]
    [InlineData("SecRuleUpdateTargetById 942100 \"!ARGS:q\"", new long[] { 942200, 941100 })]
    [InlineData("SecRuleUpdateTargetByTag attack-sqli \"!ARGS\"", new long[] { 941100 })]
    [InlineData("SecRuleUpdateTargetById 942100 \"REQUEST_HEADERS\" \"ARGS\"", new long[] { 942200, 941100 })]
    public void Directive_ChangesTheProgram(string directive, long[] expected)
    {
        var outcome = new Profile(Target + "\n" + directive) { Uri = "/?q=attack" }.Check();

        Assert.Equal(expected, outcome.Ids);
    }

    [Fact]
    public void UpdateActionById_ReplacesDisruptiveActionAndStatus()
    {
        var outcome = new Profile(Target + "\nSecRuleUpdateActionById 942200 \"deny,status:429,msg:'new'\"")
            { Uri = "/?q=attack" }.Check();

        Assert.Equal((942200L, 429, "new"), (outcome.Interruption!.RuleId, outcome.Interruption.Status,
            outcome.Interruption.Message));
    }

    [Fact]
    public void BodyProcessor_ChosenInPhaseOne_ReadsTheBody() => new Profile("""
        SecAction "id:1,phase:1,pass,nolog,ctl:requestBodyProcessor=JSON"
        SecRule ARGS:json.a "@streq b" "id:2,phase:2,pass"
        SecRule REQBODY_PROCESSOR "@streq JSON" "id:3,phase:1,pass"
        """)
    {
        Method = "POST", Headers = [("Content-Type", "text/odd")], Body = "{\"a\":\"b\"}", Triggered = [2, 3],
    }.Check();

    [Fact]
    public void RuleEngine_NeverGoesBeyondTheCeiling()
    {
        var outcome = new Profile("""
            SecRuleEngine On
            SecAction "id:1,phase:1,pass,nolog,ctl:ruleEngine=On"
            SecAction "id:2,phase:1,deny"
            """) { Options = EngineOptions.Default with { ModeMax = EngineMode.DetectionOnly } }.Check();

        Assert.False(outcome.Interruption!.IsEnforced);
    }

    [Fact]
    public void Reports_CarryTheRulesWords()
    {
        var outcome = new Profile("""
            SecRule ARGS "@rx (at)tack" "id:5,phase:2,deny,capture,msg:'Found %{TX.1}',\
              logdata:'%{MATCHED_VAR_NAME}=%{MATCHED_VAR}',\
              tag:'one',tag:'two/%{REQUEST_METHOD}',severity:'CRITICAL',ver:'CRS/3',rev:'7',maturity:'9',accuracy:'8'"
            """) { Uri = "/?q=an+attack" }.Check();
        var match = Assert.Single(outcome.Matches);

        Assert.Equal("Found at", match.Message);
        Assert.Equal("ARGS:q=an attack", match.Data);
        Assert.Equal("one two/GET", string.Join(' ', match.Tags));
        Assert.Equal((RuleSeverity.Critical, "CRS/3", "7", 9, 8), (match.Severity, match.Version, match.Revision,
            match.Maturity, match.Accuracy));
        Assert.Equal(("ARGS:q", "an attack", "profile", 1, true), (match.Variable, match.Value, match.File, match.Line,
            match.IsDisruptive));
    }

    [Fact]
    public void Sanitise_KeepsValuesOutOfReports()
    {
        var outcome = new Profile("""
            SecAction "id:1,phase:1,pass,nolog,sanitiseArg:password"
            SecRule ARGS:password "@rx ." "id:2,phase:2,pass,logdata:'%{MATCHED_VAR}'"
            """) { Uri = "/?password=secret" }.Check();

        Assert.Equal(("", ""), (outcome.Matches[0].Value, outcome.Matches[0].Data));
    }
}
