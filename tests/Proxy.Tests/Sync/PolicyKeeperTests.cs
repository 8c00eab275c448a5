using System.Globalization;
using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using WafOperator.Protocols;
using WafOperator.Protocols.Policies;
using WafOperator.Proxy.Behaviour;
using WafOperator.Proxy.Models;
using WafOperator.Proxy.Models.Pool;
using WafOperator.Proxy.Sharing;
using WafOperator.Proxy.Snapshots;
using WafOperator.Proxy.Sync;
using WafOperator.Proxy.Telemetry;
using WafOperator.Proxy.Tests.Harness;

namespace WafOperator.Proxy.Tests.Sync;

public sealed class PolicyKeeperTests
{
    /// <summary>A policy made anew for its models never replaces one that came meanwhile.</summary>
    [Fact]
    public async Task RefreshBesideNewRevisions_TheNewestStays()
    {
        var meters = new SidecarMeters();
        using var pool = new PoolStage(meters, TimeProvider.System);
        var models = new ModelStage([], pool, null, TimeProvider.System, NullLogger<ModelStage>.Instance);
        var active = new ActivePolicy();
        var keeper = new PolicyKeeper(
            active, new SnapshotCompiler(null, models, new BehaviourModels([]), new Replicas(TimeProvider.System),
                TimeProvider.System), null,
            meters, TimeProvider.System,
            NullLogger<PolicyKeeper>.Instance);
        using var stop = new CancellationTokenSource();
        var refreshing = Enumerable.Range(0, 2).Select(_ => Task.Run(() =>
        {
            while (!stop.IsCancellationRequested) keeper.Refresh();
        })).ToList();

        for (var i = 0; i < 500; i++)
        {
            var document = PolicyRevision.Seal(TestSidecar.Policy(InspectionMode.Detect) with
            {
                Generation = i, Name = string.Create(CultureInfo.InvariantCulture, $"p{i}"),
            });
            Assert.True(keeper.Receive(
                JsonSerializer.SerializeToUtf8Bytes(document, ProtocolJson.Default.PolicyDocument), "shop",
                document.Name));
            Assert.Equal(document.Revision, active.Current!.Document.Revision);
        }

        await stop.CancelAsync();
        await Task.WhenAll(refreshing);
        Assert.Equal("p499", active.Current!.Document.Name);
        Assert.Equal(500, keeper.State.Applied);
    }
}
