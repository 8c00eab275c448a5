using System.Net;
using WafOperator.Console.Analysis;
using WafOperator.Protocols.Distribution;
using WafOperator.Protocols.Events;
using WafOperator.Protocols.Policies;
using WafOperator.Proxy.Judging;

namespace WafOperator.Console.Tests.Analysis;

/// <summary>Who judges: the policy in force, few at once, and the last good one while none can be had.</summary>
public sealed class JudgesTests : IAsyncDisposable
{
    private static readonly PolicyName Front = new("shop", "front");
    private readonly FakeTimeProvider _time = new();
    private readonly Source _source = new();
    private readonly Judges _judges;

    public JudgesTests() => _judges = new Judges(_source, new JudgeOptions(), policiesMax: 2, _time);

    public ValueTask DisposeAsync() => _judges.DisposeAsync();

    [Fact]
    public async Task AChangedPolicy_IsJudgedByAfterAMoment()
    {
        _source.Set(Front, Policy("one", "tea"));
        Assert.Equal((VerdictKind.Block, "one"), await JudgeAsync(Front, "/?q=tea"));
        _source.Set(Front, Policy("two", "coffee"));
        Assert.Equal((VerdictKind.Block, "one"), await JudgeAsync(Front, "/?q=tea"));
        _time.Advance(Judges.AskedEvery);
        Assert.Equal((VerdictKind.Allow, "two"), await JudgeAsync(Front, "/?q=tea"));
        Assert.Equal((VerdictKind.Block, "two"), await JudgeAsync(Front, "/?q=coffee"));
    }

    [Fact]
    public async Task WhenThePolicyCannotBeHad_TheOneThatIsHereStays_AndOneThatIsGoneGoes()
    {
        _source.IsAway = true;
        var refusal = await Assert.ThrowsAsync<JudgesException>(() => _judges.RentAsync(Front, default));
        Assert.True(refusal.IsPassing);
        _source.IsAway = false;
        _source.Set(Front, Policy("one", "tea"));
        await JudgeAsync(Front, "/");
        _source.IsAway = true;
        _time.Advance(Judges.AskedEvery);
        Assert.Equal((VerdictKind.Block, "one"), await JudgeAsync(Front, "/?q=tea"));
        _source.IsAway = false;
        _source.Set(Front, null);
        _time.Advance(Judges.AskedEvery);
        Assert.Null(await _judges.RentAsync(Front, default));
    }

    [Fact]
    public async Task FewPoliciesAreKept_AndAJudgeInUseIsNotTakenAway()
    {
        var names = Enumerable.Range(0, 4).Select(i => new PolicyName("shop", $"p{i}")).ToList();
        foreach (var name in names) _source.Set(name, Policy(name.Name, "tea"));
        using var first = await _judges.RentAsync(names[0], default);
        foreach (var name in names[1..])
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            await JudgeAsync(name, "/");
        }

        // Its place was given to others; who holds it goes on.
        var judged = await first!.Judge.JudgeAsync("GET /?q=tea HTTP/1.1\r\nHost: a\r\n\r\n"u8.ToArray(),
            IPAddress.Loopback, default);
        Assert.Equal(VerdictKind.Block, judged.Verdict);
        _source.Asked.Clear();
        await JudgeAsync(names[3], "/");
        await JudgeAsync(names[2], "/");
        Assert.Empty(_source.Asked);
        await JudgeAsync(names[0], "/");
        Assert.Equal([names[0]], _source.Asked);
    }

    [Fact]
    public async Task ManyAtOnce_AreJudgedByOneOfAKind()
    {
        _source.Set(Front, Policy("one", "tea"));
        var verdicts = await Task.WhenAll(Enumerable.Range(0, 32).Select(i =>
            JudgeAsync(Front, i % 2 == 0 ? "/?q=tea" : "/?q=coffee")));
        Assert.Equal(16, verdicts.Count(v => v.Verdict is VerdictKind.Block));
        Assert.Single(_source.Asked);
    }

    private async Task<(VerdictKind Verdict, string Revision)> JudgeAsync(PolicyName name, string target)
    {
        using var lease = await _judges.RentAsync(name, default);
        var judged = await lease!.Judge.JudgeAsync(
            System.Text.Encoding.ASCII.GetBytes($"GET {target} HTTP/1.1\r\nHost: a\r\n\r\n"), IPAddress.Loopback,
            default);
        return (judged.Verdict, lease.Revision);
    }

    private static PolicyDocument Policy(string revision, string forbidden) => new()
    {
        Namespace = "shop", Name = "front", Revision = revision, Mode = InspectionMode.Enforce,
        Rules = new RulePolicy
        {
            Sources =
            [
                new RuleSource { Name = "own", Text = $"SecRule ARGS \"@streq {forbidden}\" \"id:1,phase:2,deny\"" },
            ],
        },
    };

    private sealed class Source : IPolicySource
    {
        private readonly Dictionary<PolicyName, PolicyDocument> _policies = [];

        public bool IsAway { get; set; }

        public List<PolicyName> Asked { get; } = [];

        public void Set(PolicyName name, PolicyDocument? policy)
        {
            if (policy is null) _policies.Remove(name);
            else _policies[name] = policy;
        }

        public Task<PolicyFinding> FindAsync(PolicyName policy, string? have, CancellationToken cancellationToken)
        {
            lock (Asked) Asked.Add(policy);
            return Task.FromResult(IsAway ? new PolicyFinding(DocumentAnswerKind.Failed, Problem: "away")
                : _policies.GetValueOrDefault(policy) is not { } found ? new PolicyFinding(DocumentAnswerKind.Missing)
                : found.Revision == have ? new PolicyFinding(DocumentAnswerKind.Unchanged)
                : new PolicyFinding(DocumentAnswerKind.Changed, found, found.Revision));
        }
    }
}
