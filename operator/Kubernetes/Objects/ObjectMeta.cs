using System.Collections.ObjectModel;
using System.Text.Json.Serialization;

namespace WafOperator.Kubernetes.Objects;

/// <summary>
/// The part of an object's metadata that programs decide on. <c>managedFields</c> is left out: nothing here reads it,
/// and it is often larger than the object itself. Source: Kubernetes API conventions, "Metadata".
/// </summary>
public sealed record ObjectMeta
{
    private static readonly ReadOnlyDictionary<string, string> None = ReadOnlyDictionary<string, string>.Empty;

    public string Name { get; init; } = "";

    public string? GenerateName { get; init; }

    public string? Namespace { get; init; }

    public string Uid { get; init; } = "";

    /// <summary>Opaque version of the object in the store; compare for equality only.</summary>
    public string ResourceVersion { get; init; } = "";

    /// <summary>Counts changes of the desired state; 0 for kinds that do not keep it.</summary>
    public long Generation { get; init; }

    public DateTimeOffset? CreationTimestamp { get; init; }

    /// <summary>Set once deletion was requested; the object then waits for its finalizers.</summary>
    public DateTimeOffset? DeletionTimestamp { get; init; }

    public IReadOnlyDictionary<string, string> Labels { get => field ?? None; init; } = None;

    public IReadOnlyDictionary<string, string> Annotations { get => field ?? None; init; } = None;

    public IReadOnlyList<OwnerReference> OwnerReferences { get => field ?? []; init; } = [];

    public IReadOnlyList<string> Finalizers { get => field ?? []; init; } = [];

    [JsonIgnore]
    public NamespacedName Key => new(Namespace ?? "", Name);

    [JsonIgnore]
    public bool IsBeingDeleted => DeletionTimestamp is not null;

    /// <summary>The owner that manages this object (its controller), if it has one.</summary>
    [JsonIgnore]
    public OwnerReference? Controller => OwnerReferences.FirstOrDefault(owner => owner.Controller == true);
}
