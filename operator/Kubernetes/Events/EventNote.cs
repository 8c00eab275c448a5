namespace WafOperator.Kubernetes.Events;

/// <summary>Something worth telling people about an object.</summary>
/// <param name="Subject">The object.</param>
/// <param name="Type">Normal or warning.</param>
/// <param name="Reason">A stable word, in the style of <c>PolicyRejected</c>.</param>
/// <param name="Message">A sentence; cut at 1024 bytes, the API's limit.</param>
public sealed record EventNote(EventSubject Subject, EventType Type, string Reason, string Message);
