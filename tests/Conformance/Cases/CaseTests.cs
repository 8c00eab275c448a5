using System.Globalization;
using WafOperator.Protocols.Events;
using Xunit.Abstractions;

namespace WafOperator.Conformance.Cases;

/// <summary>
/// Requests from files through a whole sidecar: those that come with the project, or those of <c>WAF_CASES</c> (files
/// and folders, separated by colons), of which each one that is not decided as it should be is printed.
/// </summary>
public sealed class CaseTests(ITestOutputHelper output)
{
    private const double BenignBlockedPercentMax = 2;

    [Fact]
    public async Task Cases_ThroughTheSidecar_PassOrAreStopped()
    {
        var given = Environment.GetEnvironmentVariable("WAF_CASES");
        var files = given is { Length: > 0 } ? given.Split(':')
            : [Path.Combine(AppContext.BaseDirectory, "Cases", "sample.jsonl")];
        await using var server = await CaseServer.StartAsync();
        var problems = new List<string>();
        foreach (var file in files) problems.AddRange(await RunAsync(server, file));
        Assert.True(problems.Count == 0, string.Join('\n', problems));
    }

    private async Task<List<string>> RunAsync(CaseServer server, string file)
    {
        var cases = CaseFile.Read(file);
        Assert.NotEmpty(cases);
        int benign = 0, blocked = 0, attacks = 0, passed = 0;
        var problems = new List<string>();
        foreach (var one in cases)
        {
            var outcome = await server.RunAsync(one);
            Assert.False(outcome.Event?.Coverage?.Uninspected.Contains(UninspectedReason.ModelMissing) is true,
                $"the models are not there: {outcome}");
            var isStopped = !outcome.Reached;
            if (one.IsAttack is null || isStopped != one.IsAttack) output.WriteLine($"{one.Id}: {outcome}");
            switch (one.IsAttack)
            {
                case false:
                    benign++;
                    if (isStopped) blocked++;
                    if (isStopped && IsForBeingUninspected(outcome))
                        problems.Add($"{one.Id}: harmless, and refused for not being inspected: {outcome}");
                    break;
                case true:
                    attacks++;
                    if (!isStopped) passed++;
                    if (!isStopped) problems.Add($"{one.Id}: an attack that reached the application: {outcome}");
                    break;
            }
        }

        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{Path.GetFileName(file)}: {cases.Count} requests; {blocked} of {benign} harmless ones stopped, {passed} "
            + $"of {attacks} attacks passed"));
        if (100.0 * blocked > BenignBlockedPercentMax * benign) problems.Add($"{file}: {blocked} of {benign} stopped");
        return problems;
    }

    private static bool IsForBeingUninspected(CaseOutcome outcome) =>
        outcome.Event is { Reason: "Uninspected" or "Limit" or "Unavailable" }
        || outcome.Event?.Coverage?.Uninspected.Any(reason =>
            UninspectedKinds.Of(reason) is UninspectedKind.Client) is true;
}
