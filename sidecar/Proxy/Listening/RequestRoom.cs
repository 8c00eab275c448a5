namespace WafOperator.Proxy.Listening;

/// <summary>
/// Requests under inspection at once: each holds memory from its head to its decision, however slowly its body comes.
/// When room becomes short, the connections whose bodies were waited for longest make some. Thread-safe.
/// </summary>
internal sealed class RequestRoom(int requestsMax, ConnectionTable connections)
{
    private readonly FairBudget _requests = new(requestsMax);

    /// <summary>Requests now.</summary>
    public long Count => _requests.Taken;

    /// <summary>False when there is no room for another request, or none for this client.</summary>
    public bool TryEnter(TrackedConnection connection)
    {
        if (_requests.IsShort) connections.ShedSlowBody();
        return _requests.TryTake(connection.Client, 1);
    }

    public void Leave(TrackedConnection connection) => _requests.Return(connection.Client, 1);
}
