using WafOperator.Kubernetes.Objects;

namespace WafOperator.Kubernetes.Watching;

/// <summary>What a watch reports.</summary>
public abstract record WatchEvent<TObject>
    where TObject : class, IKubernetesObject
{
    private WatchEvent()
    {
    }

    /// <summary>The server accepted the watch: always the first.</summary>
    public sealed record Opened : WatchEvent<TObject>;

    /// <summary>An object was added or modified, or existed when the watch began.</summary>
    public sealed record Changed(TObject Value) : WatchEvent<TObject>;

    /// <summary>An object was deleted; this was its last state.</summary>
    public sealed record Deleted(TObject Value) : WatchEvent<TObject>;

    /// <summary>An object is there but does not fit the type; <paramref name="IsDeleted"/> when it went away.</summary>
    public sealed record Unreadable(ObjectMeta Metadata, string Problem, bool IsDeleted) : WatchEvent<TObject>;

    /// <summary>Nothing to see, but the watch may go on from this version.</summary>
    public sealed record Bookmark(string ResourceVersion) : WatchEvent<TObject>;
}
