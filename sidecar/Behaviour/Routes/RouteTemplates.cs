using System.Text;
using WafOperator.Behaviour.Keys;

namespace WafOperator.Behaviour.Routes;

/// <summary>
/// Templates of an application's routes, learned from answered requests in memory of a fixed size: a tree of path
/// segments in one hash table. Identifiers become placeholders by their form; where a node has too many children,
/// further ones become <c>{any}</c>. Only paths that the application answered with success are learned, so that a
/// scanner does not fill the tree; a path that leads nowhere in it is route 0. Numbers of routes stay the same for as
/// long as the object lives. Thread-safe; look-ups take no lock.
/// </summary>
public sealed class RouteTemplates
{
    /// <summary>Nodes, and so routes, at most.</summary>
    public const int NodesMax = 4095;

    /// <summary>Numbers from here on stand for paths that were not learned.</summary>
    public const int UnknownFrom = 4096;

    /// <summary>Children of a node that have names of their own.</summary>
    public const int ChildrenMax = 100;

    /// <summary>Segments of a path that are told apart; what follows is one.</summary>
    public const int DepthMax = 8;

    /// <summary>Bytes of a segment that count.</summary>
    private const int SegmentBytesMax = 128;

    private const int Places = 8192;
    private const int Root = 0;

    private readonly SipHash _hash = ClientKeys.Fresh();
    private readonly Lock _learning = new();
    private readonly ulong[] _keys = new ulong[Places];
    private readonly ushort[] _nodes = new ushort[Places];
    private readonly ushort[] _parents = new ushort[NodesMax + 1];
    private readonly ushort[] _children = new ushort[NodesMax + 1];
    private readonly byte[]?[] _names = new byte[]?[NodesMax + 1];
    private int _count;

    /// <summary>Routes that were learned.</summary>
    public int Count => Volatile.Read(ref _count);

    /// <summary>The number of a path's route; 0 when there is none.</summary>
    /// <param name="path">Normal path, beginning with a slash.</param>
    public int Find(ReadOnlySpan<byte> path) => Walk(path, isLearning: false);

    /// <summary>
    /// The number of a path's route, or one from <see cref="UnknownFrom"/> on that stands for the path itself: so that
    /// many paths that are not there differ from one that is asked for many times. Such numbers may coincide.
    /// </summary>
    public int NumberOf(ReadOnlySpan<byte> path)
    {
        var route = Find(path);
        return route != 0 ? route : UnknownFrom + (int)((ulong)_hash.Of(path) & UnknownFrom - 1);
    }

    /// <summary>The same for a path that the application answered with success: what is not there is added.</summary>
    public int Learn(ReadOnlySpan<byte> path)
    {
        var found = Find(path);
        if (found != 0) return found;
        lock (_learning) return Walk(path, isLearning: true);
    }

    /// <summary>A route's template, for people.</summary>
    public string TemplateOf(int route)
    {
        if (route <= 0 || route > Count) return "";
        var parts = new Stack<string>();
        for (int node = route; node != Root; node = _parents[node])
            parts.Push(Encoding.UTF8.GetString(_names[node] ?? []));
        return "/" + string.Join('/', parts);
    }

    private int Walk(ReadOnlySpan<byte> path, bool isLearning)
    {
        var node = Root;
        var depth = 0;
        var rest = path.TrimStart((byte)'/');
        do
        {
            var end = depth == DepthMax - 1 ? -1 : rest.IndexOf((byte)'/');
            var segment = end < 0 ? rest : rest[..end];
            rest = end < 0 ? default : rest[(end + 1)..];
            node = Child(node, segment, isLast: end < 0 && depth == DepthMax - 1, isLearning);
            if (node == 0) return 0;
            depth++;
        }
        while (!rest.IsEmpty);

        return node;
    }

    private int Child(int parent, ReadOnlySpan<byte> segment, bool isLast, bool isLearning)
    {
        var kind = isLast && segment.Contains((byte)'/') ? SegmentKind.Token : PathSegments.KindOf(segment);
        var name = kind is SegmentKind.Word ? segment : PathSegments.PlaceholderOf(kind);
        if (name.Length > SegmentBytesMax) name = name[..SegmentBytesMax];
        var child = Look(KeyOf(parent, name));
        if (child != 0) return child;
        // Without a child of that name there may be the one for all further names.
        var any = Look(KeyOf(parent, Any));
        if (any != 0 || !isLearning) return any;
        return Add(parent, _children[parent] >= ChildrenMax ? Any : name);
    }

    private static ReadOnlySpan<byte> Any => "{any}"u8;

    private int Add(int parent, ReadOnlySpan<byte> name)
    {
        if (_count == NodesMax) return 0;
        var node = _count + 1;
        _parents[node] = (ushort)parent;
        _names[node] = name.ToArray();
        _children[parent]++;
        var key = KeyOf(parent, name);
        var at = (int)key & Places - 1;
        while (_keys[at] != 0) at = at + 1 & Places - 1;
        _nodes[at] = (ushort)node;
        Volatile.Write(ref _count, node);
        // Last: a reader that sees the key sees the rest.
        Volatile.Write(ref _keys[at], key);
        return node;
    }

    private int Look(ulong key)
    {
        for (var at = (int)key & Places - 1; ; at = at + 1 & Places - 1)
        {
            var found = Volatile.Read(ref _keys[at]);
            if (found == key) return _nodes[at];
            if (found == 0) return 0;
        }
    }

    private ulong KeyOf(int parent, ReadOnlySpan<byte> name)
    {
        Span<byte> bytes = stackalloc byte[SegmentBytesMax + 2];
        bytes[0] = (byte)parent;
        bytes[1] = (byte)(parent >> 8);
        name.CopyTo(bytes[2..]);
        return (ulong)_hash.Of(bytes[..(name.Length + 2)]) | 1UL << 63;
    }
}
