using System.Diagnostics;
using System.Text.Json;

namespace WafOperator.E2e.Scenarios.Environment;

/// <summary>What a kubectl call gave.</summary>
public sealed record KubectlResult(int ExitCode, string Output, string Error)
{
    /// <summary>Both streams, for messages.</summary>
    public string Text => (Output + Error).Trim();
}

/// <summary>kubectl as a person would use it, on the cluster of KUBECONFIG.</summary>
public sealed class Kubectl(string? ns)
{
    private static readonly TimeSpan CallMax = TimeSpan.FromMinutes(4);

    /// <summary>Runs kubectl; the exit code is the caller's to look at.</summary>
    public async Task<KubectlResult> TryAsync(IEnumerable<string> arguments, string? input = null)
    {
        var start = new ProcessStartInfo("kubectl")
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        if (ns is not null)
        {
            start.ArgumentList.Add("--namespace");
            start.ArgumentList.Add(ns);
        }
        foreach (var argument in arguments) start.ArgumentList.Add(argument);
        using var process = Process.Start(start) ?? throw new InvalidOperationException("kubectl is not on PATH");
        using var limit = new CancellationTokenSource(CallMax);
        var output = process.StandardOutput.ReadToEndAsync(limit.Token);
        var error = process.StandardError.ReadToEndAsync(limit.Token);
        if (input is not null) await process.StandardInput.WriteAsync(input);
        process.StandardInput.Close();
        await process.WaitForExitAsync(limit.Token);
        return new(process.ExitCode, await output, await error);
    }

    /// <summary>Runs kubectl and fails the test when it fails.</summary>
    public async Task<string> RunAsync(params string[] arguments)
    {
        var result = await TryAsync(arguments);
        Assert.True(result.ExitCode == 0, $"kubectl {string.Join(' ', arguments)}: {result.Text}");
        return result.Output;
    }

    /// <summary>Applies YAML.</summary>
    public async Task<string> ApplyAsync(string yaml)
    {
        var result = await TryAsync(["apply", "-f", "-"], yaml);
        Assert.True(result.ExitCode == 0, $"kubectl apply: {result.Text}\n{yaml}");
        return result.Output;
    }

    /// <summary>Reads an object or a list.</summary>
    public async Task<JsonElement> GetAsync(params string[] what)
    {
        var json = await RunAsync(["get", .. what, "-o", "json"]);
        using var document = JsonDocument.Parse(json);
        return document.RootElement.Clone();
    }

    /// <summary>The items of a list.</summary>
    public async Task<IReadOnlyList<JsonElement>> ListAsync(params string[] what) =>
        [.. (await GetAsync(what)).GetProperty("items").EnumerateArray()];
}
