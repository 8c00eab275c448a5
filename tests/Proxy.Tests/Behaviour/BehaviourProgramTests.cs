using System.Buffers.Text;
using System.Text;
using WafOperator.Behaviour.History;
using WafOperator.Fixtures;
using WafOperator.Http;
using WafOperator.Protocols.Policies;
using WafOperator.Proxy.Behaviour;
using WafOperator.Proxy.Identity;
using WafOperator.Proxy.Tests.Harness;

namespace WafOperator.Proxy.Tests.Behaviour;

public sealed class BehaviourProgramTests
{
    private static readonly BehaviourPolicy Policy = new()
    {
        Mode = InspectionMode.Enforce, Clients = 1000,
        MediumAction = BehaviourActionKind.Log, HighAction = BehaviourActionKind.Throttle,
        CriticalAction = BehaviourActionKind.Quarantine, QuarantineFor = TimeSpan.FromMinutes(10),
        ThrottleRequests = 20, ThrottlePeriod = TimeSpan.FromMinutes(1),
    };

    private static readonly RequestFacts Attack = new(403, 0, 1, 15, 0, IsRefused: true);
    private static readonly RequestFacts Ordinary = new(200, 5000, 12, 0, 0, IsRefused: false);

    private readonly FakeTimeProvider _time = new();

    [Fact]
    public void Violations_RaiseTheRisk_UntilTheClientIsHeld_AndTimeLetsItGo()
    {
        var program = Program(Policy);

        Assert.Equal(Enumerable.Repeat(BehaviourActionKind.Allow, 3), Attacks(program, 3));
        Assert.Equal(
            [BehaviourActionKind.Log, BehaviourActionKind.Log, BehaviourActionKind.Throttle,
                BehaviourActionKind.Throttle, BehaviourActionKind.Throttle, BehaviourActionKind.Throttle],
            Attacks(program, 6));
        Attacks(program, 1);
        var held = program.Judge(Client("1.1.1.1"), Request("/"));
        Assert.Equal((BehaviourActionKind.Quarantine, true, "violations"), (held.Action, held.Refuses, held.By));
        Assert.Equal(600, held.RetryAfter.TotalSeconds);
        Assert.False(program.Judge(Client("1.1.1.2"), Request("/")).IsTold);

        _time.Advance(TimeSpan.FromMinutes(4));
        Assert.Equal(360, program.Judge(Client("1.1.1.1"), Request("/")).RetryAfter.TotalSeconds, 1);
        _time.Advance(TimeSpan.FromMinutes(7));
        Assert.False(program.Judge(Client("1.1.1.1"), Request("/")).Refuses);
    }

    /// <summary>Each key of a request is judged: eight cookies of one name must not make nine judgements.</summary>
    [Fact]
    public void RepeatedSessions_AreRememberedAsOne()
    {
        var program = Program(Policy with
        {
            Sessions = [new DistinctValues { Of = RateLimitKeyKind.Session, Name = "sid" }],
        });
        var cookies = string.Join("; ", Enumerable.Range(0, 8).Select(i => $"sid={i}"));
        program.Remember(Client("1.1.1.1"), Request("/", "Cookie", cookies), Ordinary);
        Assert.Equal(2, Enum.GetValues<ClientSegment>().Sum(program.State.History.CountOf));
    }

    [Fact]
    public void OneRefusedRequest_AmongOrdinaryOnes_MeansNothing()
    {
        var program = Program(Policy);
        for (var i = 0; i < 200; i++)
        {
            program.Remember(Client("1.1.1.1"), Request($"/p{i % 9}"), i % 100 == 50 ? Attack : Ordinary);
            Assert.False(program.Judge(Client("1.1.1.1"), Request("/")).IsTold);
            _time.Advance(TimeSpan.FromSeconds(20));
        }
    }

    [Fact]
    public void AThrottledClient_HasTheLowerRate()
    {
        var program = Program(Policy);
        for (var i = 0; i < 7; i++) program.Remember(Client("1.1.1.1"), Request("/"), Attack);

        var passed = Enumerable.Range(0, 30).Count(_ => !program.Judge(Client("1.1.1.1"), Request("/")).Refuses);

        Assert.Equal(2, passed);
        _time.Advance(TimeSpan.FromSeconds(3));
        Assert.False(program.Judge(Client("1.1.1.1"), Request("/")).Refuses);
        Assert.True(program.Judge(Client("1.1.1.1"), Request("/")).Refuses);
    }

    [Fact]
    public void ASession_IsHeldWhateverItsAddress_AndTheAddressWhateverItsSession()
    {
        var program = Program(Policy with
        {
            Sessions = [new DistinctValues { Of = RateLimitKeyKind.Session, Name = "sid" }],
        });
        for (var i = 0; i < 12; i++) program.Remember(Client("1.1.1.1"), Request("/", "Cookie", "sid=a"), Attack);

        Assert.True(program.Judge(Client("1.1.1.1"), Request("/", "Cookie", "sid=fresh")).Refuses);
        Assert.True(program.Judge(Client("9.9.9.9"), Request("/", "Cookie", "sid=a")).Refuses);
        Assert.False(program.Judge(Client("9.9.9.9"), Request("/", "Cookie", "sid=other")).Refuses);
    }

    [Fact]
    public void AClaimThatAnybodyCanWrite_DoesNotSpeakAgainstItsOwnerElsewhere()
    {
        var program = Program(Policy with
        {
            Sessions = [new DistinctValues { Of = RateLimitKeyKind.JwtClaim, Name = "sub" }],
        });
        var token = $"Bearer e30.{Base64Url.EncodeToString("""{"sub":"victim"}"""u8)}.eA";
        for (var i = 0; i < 20; i++) program.Remember(Client("6.6.6.6"), Request("/", "Authorization", token), Attack);

        Assert.True(program.Judge(Client("6.6.6.6"), Request("/")).Refuses);
        Assert.False(program.Judge(Client("1.2.3.4"), Request("/", "Authorization", token)).IsTold);
    }

    [Fact]
    public void ExemptClients_AreNeitherRememberedNorHeld_AndAreLetGoAtOnce()
    {
        var program = Program(Policy);
        Attacks(program, 12);
        Assert.True(program.Judge(Client("1.1.1.1"), Request("/")).Refuses);

        var exempt = new BehaviourProgram(Policy with { ExemptClients = ["1.1.1.0/24"] }, [], _time, program);

        Assert.Same(program.State, exempt.State);
        Assert.False(exempt.Judge(Client("1.1.1.1"), Request("/")).IsTold);
    }

    [Fact]
    public void Reload_KeepsWhatIsRemembered_UnlessTheRoomChanges()
    {
        var program = Program(Policy);
        Attacks(program, 12);

        var same = new BehaviourProgram(Policy with { QuarantineFor = TimeSpan.FromHours(1) }, [], _time, program);
        var other = new BehaviourProgram(Policy with { Clients = 500 }, [], _time, program);

        Assert.True(same.Judge(Client("1.1.1.1"), Request("/")).Refuses);
        Assert.False(other.Judge(Client("1.1.1.1"), Request("/")).Refuses);
    }

    [Fact]
    public void JudgeAndRemember_OfAnOrdinaryClient_AllocateNothing()
    {
        var program = Program(Policy);
        var request = Request("/orders/42", "Cookie", "sid=a");
        var client = Client("1.1.1.1");
        for (var i = 0; i < 200; i++) Once();

        Assert.Equal(0, Allocations.LeastOf(() =>
        {
            for (var i = 0; i < 200; i++) Once();
        }));

        void Once()
        {
            program.Judge(client, request);
            program.Remember(client, request, Ordinary);
        }
    }

    private BehaviourActionKind[] Attacks(BehaviourProgram program, int times) =>
        [.. Enumerable.Range(0, times).Select(_ =>
        {
            var action = program.Judge(Client("1.1.1.1"), Request("/")).Action;
            program.Remember(Client("1.1.1.1"), Request("/"), Attack);
            return action;
        })];

    private BehaviourProgram Program(BehaviourPolicy policy) => new(policy, [], _time, null);

    private static Address Client(string text)
    {
        Assert.True(Address.TryParse(text, out var address));
        return address;
    }

    private static CanonicalRequest Request(string path, string? header = null, string? value = null)
    {
        var request = new CanonicalRequest();
        request.Begin("GET", path, "HTTP/1.1");
        request.AddHeader("Host", "shop");
        if (header is not null) request.AddHeader(header, value);
        request.EndHeaders();
        return request;
    }
}
