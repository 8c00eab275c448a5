using WafOperator.Protocols.Events;

namespace WafOperator.Distribution.Events;

/// <summary>Receives security events from sidecars. Must return at once; a full sink drops and counts.</summary>
public interface IEventSink
{
    void Accept(SecurityEvent securityEvent);

    /// <summary>A line of a namespace's sidecars was left out.</summary>
    /// <param name="ns">Namespace of the caller.</param>
    /// <param name="reason">A word of a closed list: <c>json</c>, <c>format</c>, <c>too-long</c>.</param>
    void Drop(string ns, string reason);
}
