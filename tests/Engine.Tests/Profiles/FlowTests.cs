namespace WafOperator.Engine.Tests.Profiles;

public sealed class FlowTests
{
    [Fact]
    public void Skip_JumpsOverThatManyRules_ChainsCountOnce() => new Profile("""
        SecAction "id:1,phase:1,pass,skip:2"
        SecRule ARGS "@rx ." "id:2,phase:1,pass,chain"
          SecRule ARGS "@rx ."
        SecAction "id:3,phase:1,pass"
        SecAction "id:4,phase:1,pass"
        """) { Uri = "/?a=b", Triggered = [1, 4], NotTriggered = [2, 3] }.Check();

    [Fact]
    public void SkipAfter_LandsBehindTheNextMarkerOfThatName() => new Profile("""
        SecMarker END
        SecRule ARGS:a "@streq go" "id:1,phase:1,pass,skipAfter:END"
        SecAction "id:2,phase:1,pass"
        SecMarker END
        SecRule ARGS:a "@streq go" "id:3,phase:1,pass"
        SecRule ARGS:a "@streq go" "id:4,phase:1,pass,skipAfter:5"
        SecAction "id:5,phase:1,pass"
        SecAction "id:6,phase:1,pass"
        """) { Uri = "/?a=go", Triggered = [1, 3, 4, 6], NotTriggered = [2, 5] }.Check();

    [Fact]
    public void Gate_OnTxSetBefore_SkipsForEachValueOnItsOwn()
    {
        const string Rules = """
            SecRule ARGS:level "@rx ^([0-9])$" "id:1,phase:1,pass,nolog,capture,setvar:tx.level=%{TX.1}"
            SecRule TX:level "@lt 2" "id:2,phase:1,pass,nolog,skipAfter:END"
            SecRule ARGS "@rx ^[0-9]$" "id:3,phase:1,pass"
            SecMarker END
            SecRule TX:level "@lt 2" "id:4,phase:2,pass,nolog,skipAfter:END2"
            SecRule ARGS "@rx ^[0-9]$" "id:5,phase:2,pass"
            SecMarker END2
            """;
        new Profile(Rules) { Uri = "/?level=1", NotTriggered = [3, 5] }.Check();
        new Profile(Rules) { Uri = "/?level=2", Triggered = [3, 5] }.Check();
        new Profile(Rules) { Uri = "/?none=", Triggered = [], NotTriggered = [3, 5] }.Check();
    }

    [Fact]
    public void Gate_WhoseVariableIsWrittenLater_IsDecidedWhenItRuns() => new Profile("""
        SecAction "id:1,phase:1,pass,nolog,setvar:tx.level=1"
        SecRule TX:level "@eq 1" "id:2,phase:1,pass,nolog,skipAfter:A"
        SecAction "id:3,phase:1,pass"
        SecMarker A
        SecAction "id:4,phase:1,pass,nolog,setvar:tx.%{ARGS.name}=2"
        SecRule TX:level "@eq 1" "id:5,phase:1,pass,nolog,skipAfter:B"
        SecAction "id:6,phase:1,pass"
        SecMarker B
        """) { Uri = "/?name=level", Triggered = [6], NotTriggered = [3] }.Check();

    [Fact]
    public void Deny_InPhaseOne_EndsTheRequest()
    {
        var outcome = new Profile("""
            SecRule ARGS:a "@streq x" "id:1,phase:1,deny,status:418,msg:'no %{ARGS.a}'"
            SecAction "id:2,phase:1,pass"
            SecAction "id:3,phase:2,pass"
            SecAction "id:4,phase:5,pass"
            """) { Uri = "/?a=x", Triggered = [1, 4], NotTriggered = [2, 3] }.Check();

        Assert.Equal(new Interruption(InterruptionAction.Deny, 418, 1, 1, null, "no x", true), outcome.Interruption);
    }

    [Fact]
    public void Deny_InDetectionOnly_IsRememberedAndNotEnforced()
    {
        var outcome = new Profile("""
            SecRuleEngine DetectionOnly
            SecRule ARGS:a "@streq x" "id:1,phase:1,deny"
            SecAction "id:2,phase:1,deny,status:500"
            """) { Uri = "/?a=x", Triggered = [1, 2] }.Check();

        Assert.Equal(new Interruption(InterruptionAction.Deny, 403, 1, 1, null, null, false), outcome.Interruption);
    }

    [Theory]
    [InlineData("allow", new long[] { 1, 6 })]
    [InlineData("allow:phase", new long[] { 1, 3, 4, 5, 6 })]
    [InlineData("allow:request", new long[] { 1, 4, 5, 6 })]
    public void Allow_SparesItsScope(string action, long[] expected)
    {
        var outcome = new Profile($"""
            SecAction "id:1,phase:1,{action}"
            SecAction "id:2,phase:1,pass"
            SecAction "id:3,phase:2,pass"
            SecAction "id:4,phase:3,pass"
            SecAction "id:5,phase:4,pass"
            SecAction "id:6,phase:5,pass"
            """).Check();

        Assert.Equal(expected, outcome.Ids);
    }

    [Fact]
    public void Redirect_ExpandsItsUrl()
    {
        var outcome = new Profile("""SecAction "id:1,phase:1,redirect:https://x/?u=%{REQUEST_FILENAME},status:303" """)
            { Uri = "/p" }.Check();

        Assert.Equal((InterruptionAction.Redirect, 303, "https://x/?u=/p"),
            (outcome.Interruption!.Action, outcome.Interruption.Status, outcome.Interruption.RedirectUrl));
    }

    [Theory]
    [InlineData("", false)]
    [InlineData("SecDefaultAction \"phase:2,log,pass\"", false)]
    [InlineData("SecDefaultAction \"phase:2,log,deny,status:406\"", true)]
    public void Block_MeansWhatTheDefaultActionSays(string defaults, bool interrupts)
    {
        var outcome = new Profile($"{defaults}\nSecAction \"id:1,phase:2,block\"") { Triggered = [1] }.Check();

        Assert.Equal(interrupts ? 406 : null, outcome.Interruption?.Status);
    }

    [Fact]
    public void Chain_ActsOnlyWhenAllLinksMatch_ButSetsVariablesOnTheWay()
    {
        var outcome = new Profile("""
            SecRule ARGS:a "@streq 1" "id:1,phase:2,deny,setvar:tx.score=+5,chain"
              SecRule ARGS:b "@streq 1" "setvar:tx.score=+7"
            """) { Uri = "/?a=1&b=2", NotTriggered = [1] }.Check();

        Assert.Null(outcome.Interruption);
        Assert.Equal(5, outcome.Score);
    }

    [Fact]
    public void SetVar_RunsForEveryMatchedValue()
    {
        var outcome = new Profile("""
            SecAction "id:9,phase:1,pass,setvar:tx.step=3,setvar:tx.score=10"
            SecRule ARGS "@rx ^x" "id:1,phase:2,pass,setvar:tx.score=+%{tx.step}"
            SecRule ARGS "@rx ^y" "id:2,phase:2,pass,setvar:tx.score=-1"
            SecRule ARGS "@rx ^z" "id:3,phase:2,pass,setvar:!tx.score"
            """) { Uri = "/?a=x1&b=x2&c=y" }.Check();

        Assert.Equal(15, outcome.Score);
    }

    [Fact]
    public void Capture_FillsNumberedVariables_AndClearsOthers()
    {
        var outcome = new Profile("""
            SecRule ARGS:a "@rx (x)(y)?(z)" "id:1,phase:2,pass,capture,\
              setvar:'tx.text=[%{TX.0}|%{TX.1}|%{TX.2}|%{TX.3}]'"
            """) { Uri = "/?a=--xz--" }.Check();

        Assert.Equal("[xz|x||z]", outcome.Text);
    }

    [Fact]
    public void MultiMatch_TestsEveryStep() => new Profile("""
        SecRule ARGS "@streq %41" "id:1,phase:2,pass,t:urlDecode,t:lowercase,multiMatch"
        SecRule ARGS "@streq A" "id:2,phase:2,pass,t:urlDecode,t:lowercase,multiMatch"
        SecRule ARGS "@streq a" "id:3,phase:2,pass,t:urlDecode,t:lowercase,multiMatch"
        SecRule ARGS "@streq A" "id:4,phase:2,pass,t:urlDecode,t:lowercase"
        """) { Uri = "/?q=%2541", Triggered = [1, 2, 3], NotTriggered = [4] }.Check();

    [Fact]
    public void TransformationsOfDefaults_ApplyUntilNone() => new Profile("""
        SecDefaultAction "phase:2,log,pass,t:lowercase"
        SecRule ARGS "@streq abc" "id:1,phase:2,pass"
        SecRule ARGS "@streq ABC" "id:2,phase:2,pass,t:none"
        """) { Uri = "/?q=ABC", Triggered = [1, 2] }.Check();

    [Fact]
    public void Pattern_OverTx_SeesNamesMadeByMacros() => new Profile("""
        SecRule ARGS_NAMES "@rx ." "id:1,phase:2,pass,nolog,setvar:'tx.counter_%{MATCHED_VAR}=+1'"
        SecRule TX:/^counter_/ "@gt 1" "id:2,phase:2,pass,setvar:'tx.text=%{MATCHED_VAR_NAME}'"
        SecRule TX:counter_b "@eq 1" "id:3,phase:2,pass"
        """) { Uri = "/?a=1&b=2&a=3", Triggered = [1, 2, 3] }.Check();
}
