using System.Diagnostics;
using System.Runtime.Versioning;

namespace WafOperator.Injection.Tests;

/// <summary>
/// The init container's script with programs that play a kernel: nothing may reach the application around the sidecar.
/// </summary>
[SupportedOSPlatform("linux")]
public sealed class RedirectScriptTests : IDisposable
{
    private const string Works = "exit 0";
    private const string Fails = "exit 1";

    /// <summary>Rules can be added and none is there yet.</summary>
    private const string Adds = "case \"$*\" in *' -C '*) exit 1 ;; *) exit 0 ;; esac";

    /// <summary>A kernel without NAT for IPv6.</summary>
    private const string Filters = "case \"$*\" in *'-t nat'* | *' -C '*) exit 1 ;; *) exit 0 ;; esac";

    private const string Address = "fe800000000000000042acfffe110002 1c 40 20 80 eth0";
    private const string Loopback = "00000000000000000000000000000001 01 80 10 80 lo";

    private readonly string _folder = Directory.CreateTempSubdirectory("waf-redirect-").FullName;

    [Theory]
    [InlineData("both are redirected", Adds, Adds, Address, 0, "")]
    [InlineData("it ran before", Works, Works, Address, 0, "")]
    [InlineData("IPv6 is dropped", Adds, Filters, Address, 0, "dropped")]
    [InlineData("IPv6 stays open", Adds, Fails, Address, 1, "is open over IPv6")]
    [InlineData("IPv6 stays open without its program", Adds, null, Address, 1, "is open over IPv6")]
    [InlineData("there is no IPv6", Adds, Fails, Loopback, 0, "")]
    [InlineData("the kernel has no IPv6", Adds, null, null, 0, "")]
    [InlineData("no right to redirect", Fails, Adds, Address, 1, "NET_ADMIN")]
    [InlineData("no program at all", null, null, Address, 1, "NET_ADMIN")]
    public async Task APort_IsRedirected_OrClosed_OrThePodDoesNotStart(
        string world, string? iptables, string? ip6tables, string? interfaces, int status, string words)
    {
        Program("iptables", iptables);
        Program("ip6tables", ip6tables);
        var list = Path.Combine(_folder, "if_inet6");
        if (interfaces is not null) await File.WriteAllTextAsync(list, interfaces + "\n");
        var script = Path.Combine(_folder, "waf-redirect");
        await File.WriteAllTextAsync(
            script, Text().Replace("/proc/net/if_inet6", list, StringComparison.Ordinal));

        var (exit, errors) = await RunAsync(script, "8080=15001", "9090=15002");

        Assert.Equal((world, status), (world, exit));
        Assert.Contains(words, errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task TheDrop_LeavesConnectionsOfThePodItselfAlone()
    {
        Program("iptables", Adds);
        Program("ip6tables", $"echo \"$*\" >>{_folder}/calls; {Filters}");
        var list = Path.Combine(_folder, "if_inet6");
        await File.WriteAllTextAsync(list, Address + "\n");
        var script = Path.Combine(_folder, "waf-redirect");
        await File.WriteAllTextAsync(script, Text().Replace("/proc/net/if_inet6", list, StringComparison.Ordinal));

        await RunAsync(script, "8080=15001");

        Assert.Contains("-w 10 -t filter -A INPUT ! -i lo -p tcp --dport 8080 -j DROP",
            await File.ReadAllTextAsync(Path.Combine(_folder, "calls")), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData]
    [InlineData("8080")]
    [InlineData("8080=8080")]
    [InlineData("0=15001")]
    [InlineData("8080=99999")]
    [InlineData("80;id=15001")]
    public async Task WrongArguments_AreSaid(params string[] arguments)
    {
        var script = Path.Combine(_folder, "waf-redirect");
        await File.WriteAllTextAsync(script, Text());

        Assert.Equal(2, (await RunAsync(script, arguments)).Status);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static string Text()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "WafOperator.sln"))) folder = folder.Parent!;
        return File.ReadAllText(Path.Combine(folder.FullName, "e2e", "images", "waf-redirect"));
    }

    private void Program(string name, string? behaviour)
    {
        if (behaviour is null) return;
        var path = Path.Combine(_folder, name);
        File.WriteAllText(path, $"#!/bin/sh\n{behaviour}\n");
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserExecute);
    }

    private async Task<(int Status, string Errors)> RunAsync(string script, params string[] arguments)
    {
        var start = new ProcessStartInfo("/bin/sh", [script, .. arguments])
        {
            RedirectStandardError = true, RedirectStandardOutput = true,
        };
        // Nothing of this machine but grep.
        var tools = Directory.CreateDirectory(Path.Combine(_folder, "tools")).FullName;
        if (!File.Exists(Path.Combine(tools, "grep")))
            File.CreateSymbolicLink(Path.Combine(tools, "grep"), "/bin/grep");
        start.Environment["PATH"] = $"{_folder}:{tools}";
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, await errors);
    }
}
