using System.Globalization;
using System.Text;
using WafOperator.Benchmarks.Load;

namespace WafOperator.Benchmarks.Peers;

/// <summary>
/// The comparison as Markdown: costs of both firewalls with their ratio, costs without rules, memory, machine.
/// </summary>
internal sealed class PeerTable(
    IReadOnlyList<Measurement> results, string peer, string ours, PeerOptions options, double loadBefore,
    IReadOnlyDictionary<string, long> memory)
{
    private const string Begin = "<!-- compare-modsecurity: begin -->";
    private const string End = "<!-- compare-modsecurity: end -->";

    public string Text()
    {
        var text = new StringBuilder();
        AppendConditions(text);
        AppendFirewalls(text);
        AppendBare(text);
        text.Append("\nResident memory at the end: ").AppendJoin(", ", memory.Select(static pair =>
            $"{pair.Key} {pair.Value >> 20} MB")).Append(".\n");
        return text.ToString();
    }

    /// <summary>Replaces what is between the two marks of a file.</summary>
    public void WriteInto(string file)
    {
        var document = File.ReadAllText(file);
        var begin = document.IndexOf(Begin, StringComparison.Ordinal);
        var end = document.IndexOf(End, StringComparison.Ordinal);
        if (begin < 0 || end < begin) throw new InvalidOperationException($"{file} has no lines {Begin} and {End}");
        File.WriteAllText(file, $"{document[..(begin + Begin.Length)]}\n{Text()}{document[end..]}");
    }

    private void AppendConditions(StringBuilder text)
    {
        var counter = MeasuredProcess.CountsInstructions
            ? "Instructions: `perf stat -e instructions` on the process."
            : "The counter of instructions (`perf stat -e instructions`) does not exist on this machine.";
        text.Append(CultureInfo.InvariantCulture, $"""
            {DateTime.UtcNow:yyyy-MM-dd}: nginx {Machine.Package("nginx")}, libmodsecurity3
            {Machine.Package("libmodsecurity3")}, modsecurity-crs {Machine.Package("modsecurity-crs")}, .NET
            {Environment.Version}; {Machine.Processor()}, {Environment.ProcessorCount} cores, load average
            {loadBefore:0.0} before and {Machine.Load():0.0} after (the run itself adds about 1.5).
            {options.Connections} connections, {options.Rounds} rounds of about {options.Seconds:0.#} s of processor
            time each per cell.
            {counter}

            """);
    }

    private void AppendFirewalls(StringBuilder text)
    {
        text.Append("\nProcessor time per request, µs, least / median / most of the rounds; ratio of the medians, and "
            + "of those of the time\noutside the kernel, which is where rules are run:\n\n");
        text.Append($"| request | paranoia | {peer} | {ours} | ratio | outside the kernel |"
            + $"{Extra(" thousand instructions |")}\n|---|--:|--:|--:|--:|--:|{Extra("--:|")}\n");
        foreach (var pair in results.Where(result => result.Paranoia is not null)
            .GroupBy(static result => (result.Shape, result.Paranoia)))
        {
            var theirs = pair.Single(result => result.Proxy == peer);
            var own = pair.Single(result => result.Proxy == ours);
            var counts = Extra($" {Count(theirs)} to {Count(own)} |");
            text.Append(CultureInfo.InvariantCulture,
                $"| {pair.Key.Shape} | {pair.Key.Paranoia} | {theirs} | {own} | {theirs.Median / own.Median:0.0} | "
                    + $"{theirs.UserMedian / own.UserMedian:0.0} |{counts}\n");
        }
    }

    private void AppendBare(StringBuilder text)
    {
        var bare = results.Where(static result => result.Paranoia is null).ToList();
        var names = bare.Select(static result => result.Proxy).Distinct().ToList();
        text.Append("\nThe same without rules:\n\n| request | ").AppendJoin(" | ", names).Append(" | Off to YARP |\n");
        text.Append("|---|").Append(string.Concat(names.Select(static _ => "--:|"))).Append("--:|\n");
        foreach (var row in bare.GroupBy(static result => result.Shape))
        {
            var off = row.Single(static result => result.Proxy == "sidecar Off").Median;
            var yarp = row.Single(static result => result.Proxy == "bare YARP").Median;
            text.Append(CultureInfo.InvariantCulture,
                $"| {row.Key} | {string.Join(" | ", row)} | {off / yarp:0.000} |\n");
        }
    }

    private static string Extra(string cell) => MeasuredProcess.CountsInstructions ? cell : "";

    private static string Count(Measurement of) => of.Instructions is { } known ? Measurement.Number(known) : "-";
}
