using System.Text.Json;
using WafOperator.Protocols.Events;
using WafOperator.Protocols.Policies;
using WafOperator.Proxy.Tests.Harness;

namespace WafOperator.Proxy.Tests.Enforcement;

/// <summary>
/// Requests of well-known applications and client libraries: with the defaults none is refused for what was not looked
/// at.
/// </summary>
public sealed class BenignRequestsTests
{
    public static TheoryData<BodyInspectionKind> Kinds => [BodyInspectionKind.Buffered, BodyInspectionKind.Window];

    [Theory, MemberData(nameof(Kinds))]
    public async Task Benign_WithTheDefaults_NoneIsRefusedForBeingUninspected(BodyInspectionKind kind)
    {
        await using var upstream = await TestUpstream.StartAsync();
        var policy = TestSidecar.Policy(InspectionMode.Enforce,
            "SecRule ARGS \"@contains nobody-sends-this\" \"id:1,phase:2,deny\"");
        await using var sidecar = await TestSidecar.StartAsync(upstream.Address, policy with
        {
            Body = new BodyInspection { Mode = kind },
            Logging = new DecisionLogging { Decisions = DecisionLogLevel.All },
        });
        var requests = Requests().ToList();
        foreach (var (name, request) in requests)
        {
            var line = request.IndexOf("\r\n", StringComparison.Ordinal);
            var answer = await RawConnection.ExchangeAsync(
                sidecar.Endpoint, request.Insert(line, "\r\nConnection: close"));
            Assert.True(answer.StartsWith("HTTP/1.1 200", StringComparison.Ordinal), $"{name}: {answer}");
        }

        var events = await sidecar.EventsAsync();
        Assert.Equal(requests.Count, events.Count);
        Assert.All(events, e => Assert.Equal((VerdictKind.Allow, "None"), (e.WouldHave, e.Reason)));
        Assert.All(events, e => Assert.All(
            e.Coverage!.Uninspected, why => Assert.Equal(UninspectedKind.Content, UninspectedKinds.Of(why))));
    }

    private static IEnumerable<(string Name, string Request)> Requests()
    {
        foreach (var line in File.ReadLines(Path.Combine(AppContext.BaseDirectory,
            "Enforcement/Requests/benign.jsonl")))
        {
            using var record = JsonDocument.Parse(line);
            yield return (record.RootElement.GetProperty("name").GetString()!,
                record.RootElement.GetProperty("request").GetString()!);
        }
    }
}
