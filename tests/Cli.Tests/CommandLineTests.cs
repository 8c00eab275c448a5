using WafOperator.Cli.Output;

namespace WafOperator.Cli.Tests;

public sealed class CommandLineTests
{
    [Theory]
    [InlineData("nonsense")]
    [InlineData("check", "--color", "sometimes")]
    [InlineData("check", "-o", "xml")]
    [InlineData("analyze")]
    public async Task WrongArguments_AreNamed_WithCodeTwo(params string[] arguments)
    {
        var run = await CliRun.Of(arguments);
        Assert.Equal(2, run.Code);
        Assert.Contains("--help", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task TheHelpThatIsNamed_IsThatOfTheWholeCommand() => Assert.Contains(
        "See kubectl waf explain url --help.", (await CliRun.Of("explain", "url", "/a", "/b")).Error,
        StringComparison.Ordinal);

    [Fact]
    public async Task Version_IsTheProgramsOwn() =>
        Assert.Matches(@"^\d+\.\d+\.\d+\n$", (await CliRun.Of("--version")).Out);

    [Fact]
    public async Task WithoutACluster_TheNextStepIsSaid()
    {
        var run = await CliRun.Of("status");
        Assert.Equal(3, run.Code);
        Assert.Contains("set KUBECONFIG", run.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("ch", "check")]
    [InlineData("completion p", "powershell")]
    [InlineData("check --p", "--pre")]
    [InlineData("status -o j", "json")]
    public async Task TheLastWord_IsCompleted(string typed, string wanted)
    {
        var run = await CliRun.Of(["__complete", .. typed.Split(' ')]);
        Assert.Equal(0, run.Code);
        var lines = run.Out.Split('\n');
        Assert.Contains(wanted, lines);
        Assert.Equal(":4", lines[^2]);
    }

    [Fact]
    public async Task HiddenCommands_AreNotSuggested() =>
        Assert.DoesNotContain("__complete", (await CliRun.Of("__complete", "")).Out, StringComparison.Ordinal);

    [Theory]
    [InlineData("kubectl")]
    [InlineData("bash")]
    [InlineData("zsh")]
    [InlineData("fish")]
    [InlineData("powershell")]
    public async Task EveryShell_HasAScriptThatAsksThisProgram(string shell) =>
        Assert.Contains("kubectl-waf __complete", (await CliRun.Of("completion", shell)).Out, StringComparison.Ordinal);

    [Theory]
    [InlineData("plain", "plain")]
    [InlineData("a\nb\tc", "a b c")]
    [InlineData("\u001b[31mred", "\\u001b[31mred")]
    [InlineData("safe\u202eevil", "safe\\u202eevil")]
    [InlineData("caf\u00e9", "café")]
    public void TextsOfOthers_AreMadeHarmless(string text, string wanted) => Assert.Equal(wanted, PlainText.Of(text));

    [Fact]
    public void Tables_AreAsWideAsTheirCells_WithAndWithoutColours()
    {
        var table = new Table("NAME", "STATE");
        table.Add("a", Cell.Of("good", true));
        table.Add("longer", Cell.Of("bad", false));
        Assert.Equal("NAME     STATE\na        good\nlonger   bad\n", Text(table, new Paint(false)));
        Assert.Equal(
            "NAME     STATE\na        \u001b[32mgood\u001b[0m\nlonger   \u001b[31mbad\u001b[0m\n",
            Text(table, new Paint(true)));
    }

    private static string Text(Table table, Paint paint)
    {
        using var output = new StringWriter { NewLine = "\n" };
        table.Write(output, paint);
        return output.ToString();
    }
}
