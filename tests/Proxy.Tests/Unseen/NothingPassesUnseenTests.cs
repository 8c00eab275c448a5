using System.Globalization;
using System.Net;
using System.Net.Sockets;
using WafOperator.Protocols.Events;
using WafOperator.Protocols.Policies;
using WafOperator.Proxy.Tests.Harness;
using Xunit.Abstractions;

namespace WafOperator.Proxy.Tests.Unseen;

/// <summary>
/// The invariant of inspection: a request with an attack in it is blocked, refused, or goes on with a coverage that
/// says what was not looked at. `WAF_UNSEEN_CASES` and `WAF_UNSEEN_SEED` choose how many requests for each policy, and
/// which.
/// </summary>
public sealed class NothingPassesUnseenTests(ITestOutputHelper output)
{
    /// <summary>Rules that know the attack wherever they see it, and one that refuses what no reader takes.</summary>
    private const string Rules = """
        SecRule REQUEST_URI|REQUEST_URI_RAW|REQUEST_FILENAME|REQUEST_HEADERS|REQUEST_HEADERS_NAMES|\
        REQUEST_COOKIES|REQUEST_COOKIES_NAMES \
            "@contains evilmarker" "id:1,phase:2,deny,t:none,t:urlDecodeUni,t:lowercase"
        SecRule ARGS|ARGS_NAMES|REQUEST_BODY|FILES|FILES_NAMES|MULTIPART_PART_HEADERS|XML:/*|XML://@* \
            "@contains evilmarker" "id:4,phase:2,deny,t:none,t:urlDecodeUni,t:lowercase"
        SecRule REQBODY_ERROR "!@eq 0" "id:2,phase:2,deny,status:400"
        """;

    private static readonly BodyInspection Buffered = new() { LimitBytes = 1 << 20 };

    public static TheoryData<string> Policies =>
        ["Buffered", "ProcessPartial", "Window", "HeadersOnly", "Routes", "Detect"];

    [Theory, MemberData(nameof(Policies))]
    public Task Request_WithAnAttackAnywhere_IsStoppedOrSaidToBeUnseen(string policy) =>
        SendAllAsync(policy, PolicyOf(policy, Rules), models: null, HiddenAttack.Marker);

    /// <summary>
    /// The same of models alone: nothing else in the policy knows the attack, so what they are not shown goes on.
    /// </summary>
    [Theory]
    [InlineData("Buffered")]
    [InlineData("Window")]
    [InlineData("Detect")]
    public async Task Request_WithWhatAModelKnows_IsStoppedOrSaidToBeUnseen(string policy)
    {
        using var gate = new MarkerGate(HiddenAttack.OddMarker);
        var document = PolicyOf(policy, null);
        document = document with
        {
            Ml = new MlPolicy
            {
                Mode = document.Mode, LatencyBudget = TimeSpan.FromSeconds(20),
                Models = [new ModelAssignment { Model = "gate", Baseline = gate.Blob }],
            },
        };
        var events = await SendAllAsync(policy, document, gate.Folder, HiddenAttack.OddMarker);
        // The model was there, and it is what found the attacks.
        Assert.DoesNotContain(events, decided => decided.Coverage is { } coverage
            && (coverage.Uninspected.Contains(UninspectedReason.ModelMissing)
                || coverage.Uninspected.Contains(UninspectedReason.ModelCold)));
        Assert.Contains(events, decided => decided is { WouldHave: VerdictKind.Block, Reason: "Model" });
    }

    private async Task<List<SecurityEvent>> SendAllAsync(
        string name, PolicyDocument policy, string? models, string marker)
    {
        var (seed, count) = (Setting("WAF_UNSEEN_SEED", 20261129), Setting("WAF_UNSEEN_CASES", 500));
        await using var application = await RecordingApplication.StartAsync();
        await using var sidecar = await TestSidecar.StartAsync(application.Address, policy, models: models);
        await using var http2 = await TestSidecar.StartAsync(application.Http2Address, policy, models: models);
        var attacks = Enumerable.Range(0, count).Select(i => AttackGenerator.Make(seed, i, marker)).ToList();
        // Some keep their connection open until nothing more is heard: many at once, or they would only wait.
        await Parallel.ForEachAsync(attacks, new ParallelOptions { MaxDegreeOfParallelism = 32 },
            async (attack, _) => await SendAsync((attack.IsHttp2 ? http2 : sidecar).Endpoint, attack));
        List<SecurityEvent> all = [.. await sidecar.EventsAsync(), .. await http2.EventsAsync()];
        var events = all.ToLookup(decided => RecordingApplication.NumberIn(decided.Path));

        var arrived = attacks.Where(application.Received).ToList();
        output.WriteLine($"{name}: {count} requests (seed {seed}), {arrived.Count} went on");
        output.WriteLine($"  calls: {attacks.Count(attack => attack.IsHttp2)}, "
            + $"{arrived.Count(attack => attack.IsHttp2)} of them went on");
        foreach (var why in arrived.SelectMany(attack => events[attack.Number])
            .SelectMany(decided => decided.Coverage?.Uninspected ?? []).CountBy(reason => reason))
            output.WriteLine($"  {why.Key}: {why.Value}");
        var unseen = arrived.Where(attack => !events[attack.Number].Any(Owns)).ToList();
        Assert.True(unseen.Count == 0,
            $"{unseen.Count} passed unseen, seed {seed}:\n{string.Join("\n\n", unseen.Take(6))}");
        return all;
    }

    /// <summary>The decision says that something was not looked at, or that Enforce would have stopped it.</summary>
    private static bool Owns(SecurityEvent decided) =>
        decided.WouldHave is not VerdictKind.Allow
        || decided.Coverage is { IsWhole: false, Uninspected.Count: > 0 };

    private static PolicyDocument PolicyOf(string name, string? rules)
    {
        var mode = name is "Detect" ? InspectionMode.Detect : InspectionMode.Enforce;
        return TestSidecar.Policy(mode, rules) with
        {
            Logging = new DecisionLogging { Decisions = DecisionLogLevel.All },
            Body = name switch
            {
                "ProcessPartial" => Buffered with { OverLimit = BodyOverLimitOutcome.ProcessPartial },
                "Window" => Buffered with { Mode = BodyInspectionKind.Window, LimitBytes = 8 << 10 },
                "HeadersOnly" => Buffered with { Mode = BodyInspectionKind.HeadersOnly },
                _ => Buffered,
            },
            Routes = name is "Routes" ? [new RoutePolicy { PathPrefix = "/static", Mode = InspectionMode.Off }] : [],
        };
    }

    /// <summary>Sends it as it is cut and reads the answer; what breaks on the way did not arrive.</summary>
    private static async Task SendAsync(IPEndPoint endpoint, HiddenAttack attack)
    {
        using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        using var client = new TcpClient();
        try
        {
            await client.ConnectAsync(endpoint, timeout.Token);
            var stream = client.GetStream();
            var answer = DrainAsync(stream, timeout.Token);
            foreach (var part in attack.Wire)
            {
                if (part.Pause > TimeSpan.Zero) await Task.Delay(part.Pause, timeout.Token);
                await stream.WriteAsync(part.Bytes, timeout.Token);
            }

            // An upgrade that was accepted goes on for ever; what matters has arrived by then.
            await Task.WhenAny(answer, Task.Delay(TimeSpan.FromSeconds(5), timeout.Token));
        }
        catch (Exception broken) when (broken is IOException or SocketException or OperationCanceledException)
        {
        }
    }

    private static async Task DrainAsync(NetworkStream stream, CancellationToken cancellationToken)
    {
        var buffer = new byte[4096];
        try
        {
            while (await stream.ReadAsync(buffer, cancellationToken) > 0)
            {
            }
        }
        catch (Exception broken) when (broken is IOException or OperationCanceledException or ObjectDisposedException)
        {
        }
    }

    private static int Setting(string name, int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable(name), CultureInfo.InvariantCulture, out var value)
            ? value
            : otherwise;
}
