using WafOperator.Behaviour.History;
using WafOperator.Behaviour.Holds;
using WafOperator.Behaviour.Keys;
using WafOperator.Behaviour.Routes;

namespace WafOperator.Proxy.Behaviour;

/// <summary>What is remembered of clients: lives on from one policy to the next. Thread-safe.</summary>
internal sealed class BehaviourState(int clients, KeyHashes hashes)
{
    /// <summary>Clients that are held at the same time.</summary>
    public const int HoldsMax = 4096;

    /// <summary>What keys are made with.</summary>
    public KeyHashes Hashes => hashes;

    public ClientHistory History { get; } = new(clients);
    public RouteTemplates Routes { get; } = new();
    public HoldTable Holds { get; } = new(HoldsMax);
    public SiteRate Site { get; } = new();
}
