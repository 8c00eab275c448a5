using WafOperator.Protocols.Events;

namespace WafOperator.Distribution.Events;

/// <summary>Receives security events from sidecars. Must return at once; a full sink drops and counts.</summary>
public interface IEventSink
{
    void Accept(SecurityEvent securityEvent);
}
