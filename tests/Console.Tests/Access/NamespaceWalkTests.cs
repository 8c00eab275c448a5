using WafOperator.Console.Access;
using WafOperator.Console.Store.Sqlite;

namespace WafOperator.Console.Tests.Access;

/// <summary>Viewers of a few namespaces, in a cluster with more than are asked about at once.</summary>
public sealed class NamespaceWalkTests
{
    private const string Mine = "ns-430";

    private readonly TestClock _clock = new();
    private readonly Rules _rules = new();

    [Fact]
    public Task ANamespaceBehindTheFirst_IsFound_AndUntilThenItIsSaid() => RunAsync(async gate =>
    {
        var ann = new Viewer("ann", []);
        var scopes = new List<string>();
        for (var visit = 0; visit < 6; visit++)
        {
            var scope = await gate.ScopeOfAsync(ann, default);
            scopes.Add($"{string.Join(' ', scope.Namespaces!)}{(scope.IsPartial ? " partial" : "")}");
            _clock.Advance(TimeSpan.FromSeconds(11));
        }

        Assert.Equal([" partial", " partial", Mine, Mine, Mine, Mine], scopes);
        // Others have nothing of it, and what was seen is asked about again each time.
        Assert.True((await gate.ScopeOfAsync(new Viewer("bob", []), default)).IsPartial);
        _rules.IsRevoked = true;
        _clock.Advance(TimeSpan.FromSeconds(11));
        Assert.Empty((await gate.ScopeOfAsync(ann, default)).Namespaces!);
    });

    [Fact]
    public Task VisitsWithinAMoment_AskNoMore() => RunAsync(async gate =>
    {
        var ann = new Viewer("ann", []);
        await gate.ScopeOfAsync(ann, default);
        var asked = _rules.Asked;
        for (var i = 0; i < 20; i++) Assert.True((await gate.ScopeOfAsync(ann, default)).IsPartial);
        Assert.Equal(asked, _rules.Asked);
        Assert.InRange(asked, 1, Gatekeeper.NamespacesMax + 1);
    });

    [Fact]
    public Task OneThatIsNamed_IsShownAtOnce() => RunAsync(async gate =>
    {
        var scope = await gate.ScopeOfAsync(new Viewer("ann", []), Mine, default);
        Assert.Equal([Mine], scope.Namespaces!);
        Assert.False(scope.IsPartial);
    });

    private async Task RunAsync(Func<Gatekeeper, Task> test)
    {
        var folder = Directory.CreateTempSubdirectory("waf-walk").FullName;
        await using (var store = new SqliteEventStore(Path.Combine(folder, "events.db")))
        {
            await store.InitializeAsync(default);
            await store.AddAsync([.. Enumerable.Range(0, 450).Select(i => TestEvents.Attack(ns: $"ns-{i:000}"))]);
            await test(new Gatekeeper([], _rules, store, _clock));
        }

        Directory.Delete(folder, recursive: true);
    }

    private sealed class Rules : IAccessRules
    {
        private int _asked;

        public int Asked => _asked;
        public bool IsRevoked { get; set; }

        public Task<bool> MayAsync(
            Viewer viewer, ConsoleRight right, string? ns, CancellationToken cancellationToken)
        {
            Interlocked.Increment(ref _asked);
            return Task.FromResult(viewer.Name == "ann" && ns == Mine && !IsRevoked);
        }
    }
}
