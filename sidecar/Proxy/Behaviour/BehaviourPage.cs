using System.Text.Json;
using WafOperator.Behaviour.History;
using WafOperator.Proxy.Telemetry;
using WafOperator.Telemetry;

namespace WafOperator.Proxy.Behaviour;

/// <summary>What is remembered, for the admin page and for metrics.</summary>
internal static class BehaviourPage
{
    /// <summary>Clients that the page lists.</summary>
    private const int HeldShown = 200;

    private static readonly ClientSegment[] Segments = Enum.GetValues<ClientSegment>();

    /// <summary>JSON of the page: how many clients are remembered, and those that are held.</summary>
    public static byte[] Write(BehaviourProgram? program, DateTimeOffset time)
    {
        if (program is null) return "{\"mode\":\"Off\"}"u8.ToArray();
        var (state, now) = (program.State, program.Now);
        return JsonSerializer.SerializeToUtf8Bytes(new
        {
            mode = program.Mode.ToString(),
            remembered = Segments.ToDictionary(segment => segment.ToString(), state.History.CountOf),
            forgotten = state.History.Evicted,
            routes = state.Routes.Count,
            held = state.Holds.Count,
            heldSinceStart = state.Holds.Begun,
            clients = state.Holds.Read(now, HeldShown).Select(hold => new
            {
                client = hold.Client, reason = hold.Reason, since = time.AddMilliseconds(hold.Since - now),
                until = time.AddMilliseconds(hold.Until - now),
            }),
        });
    }

    public static void Observe(SidecarMetrics metrics, Func<BehaviourProgram?> current)
    {
        metrics.BehaviourClients.From(() => current() is { } program
            ? Segments.Select(segment => new Sample(program.State.History.CountOf(segment), segment.ToString()))
            : []);
        metrics.BehaviourHeld.From(() => current() is { } program ? [new Sample(program.State.Holds.Count)] : []);
    }
}
