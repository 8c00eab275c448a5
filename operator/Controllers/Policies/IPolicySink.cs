using WafOperator.Kubernetes.Objects;
using WafOperator.Protocols.Policies;

namespace WafOperator.Controllers.Policies;

/// <summary>Where compiled documents go: the distribution, which serves them to sidecars.</summary>
public interface IPolicySink
{
    /// <summary>Puts a document in force. False when this revision is in force already.</summary>
    bool Publish(NamespacedName key, PolicyDocument document);

    /// <summary>The policy was deleted.</summary>
    void Remove(NamespacedName key);
}
