using WafOperator.Cli.Output;
using WafOperator.Cli.Running;
using WafOperator.Recordings;

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

    /// <summary>Whatever is wrong with a kubeconfig, what it holds is not said.</summary>
    [Theory]
    [InlineData("  user: {token: planted-secret}")]
    [InlineData("  user: {token: planted-secret")]
    [InlineData("  user: {token: planted-secret, tokn: planted-secret}")]
    [InlineData("  user:\n    client-key-data: planted-secret\n    client-certificate-data: eA==")]
    [InlineData("  user:\n   exec: {command: /bin/planted, env: [{name: A, value: planted-secret}], apiVersion: x}")]
    public async Task Credentials_AreNeverPrinted(string user)
    {
        var file = Path.GetTempFileName();
        try
        {
            await File.WriteAllTextAsync(file, $$$"""
                apiVersion: v1
                kind: Config
                current-context: a
                contexts: [{name: a, context: {cluster: a, user: a}}]
                clusters: [{name: a, cluster: {server: "https://127.0.0.1:1"}}]
                users:
                - name: a
                {{{user}}}
                """);
            var variables = new Dictionary<string, string> { ["KUBECONFIG"] = file };
            var run = await CliRun.OfAsync(null, variables, ["status"]);
            Assert.Equal(3, run.Code);
            Assert.StartsWith("error: ", run.Error, StringComparison.Ordinal);
            Assert.DoesNotContain("planted-secret", run.Error + run.Out, StringComparison.Ordinal);
            Assert.DoesNotContain("this should not have happened", run.Error, StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(file);
        }
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

    [Theory]
    [InlineData("one\ntwo\r\nthree", "one|two|three")]
    [InlineData("", "")]
    [InlineData("a\n\nb\n", "a||b")]
    [InlineData("short\n0123456789\nlast", "short|01234567…|last")]
    [InlineData("01234567\r\n", "01234567…")]
    public void Lines_AreBounded(string text, string wanted)
    {
        using var lines = new BoundedLines(new MemoryStream(System.Text.Encoding.UTF8.GetBytes(text)));
        var seen = new List<string>();
        while (lines.Read(8) is { } line) seen.Add(line.Text + (line.IsWhole ? "" : "…"));
        Assert.Equal(wanted, string.Join('|', seen));
        Assert.Equal(seen.Count, lines.Number);
    }

    /// <summary>A line without an end takes no more memory than its bound.</summary>
    [Fact]
    public void AnEndlessLine_IsPassedOver()
    {
        using var lines = new BoundedLines(new Endless(64 << 20));
        var before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Equal((1_000, false), lines.Read(1_000) is { } line ? (line.Text.Length, line.IsWhole) : default);
        Assert.Null(lines.Read(1_000));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1 << 20);
    }

    [Fact]
    public async Task WhatAPersonEnded_IsNotDone()
    {
        using var stop = new CancellationTokenSource();
        await stop.CancelAsync();
        var command = new System.CommandLine.Command("wait");
        using var error = new StringWriter();
        var environment = new CliEnvironment
        {
            Variable = _ => null, Out = TextWriter.Null, Error = error, In = () => Stream.Null,
        };
        command.Runs(environment, (_, token) => Task.FromCanceled<int>(token));
        var root = new System.CommandLine.RootCommand { command };
        foreach (var option in environment.Options.All) root.Add(option);
        Assert.Equal(130, await root.Parse("wait").InvokeAsync(null, stop.Token));
        command.Runs(environment, (_, _) => throw new InvalidOperationException("odd \u001b[31m"));
        Assert.Equal(3, await root.Parse("wait").InvokeAsync());
        Assert.Contains("InvalidOperationException: odd \\u001b", error.ToString(), StringComparison.Ordinal);
    }

    private sealed class Endless(long length) : MemoryStream
    {
        private long _left = length;

        public override int Read(Span<byte> buffer)
        {
            var count = (int)Math.Min(_left, buffer.Length);
            buffer[..count].Fill((byte)'a');
            _left -= count;
            return count;
        }

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));
    }

    private static string Text(Table table, Paint paint)
    {
        using var output = new StringWriter { NewLine = "\n" };
        table.Write(output, paint);
        return output.ToString();
    }
}
