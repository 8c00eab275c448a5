using System.Text;
using WafOperator.OpenApi;

namespace WafOperator.Schemas;

/// <summary>
/// Paths of a document by their segments. What is written out goes before what has parameters, as OpenAPI says. Every
/// node is asked at most once for a path, since a node's depth is a segment's number. Immutable.
/// </summary>
internal sealed class PathTrie
{
    private readonly Node _root = new();

    public PathTrie(IReadOnlyList<ApiOperation> operations)
    {
        for (var i = 0; i < operations.Count; i++)
        {
            var node = _root;
            foreach (var segment in operations[i].Segments) node = node.Next(segment);
            node.Operations.Add((Encoding.ASCII.GetBytes(operations[i].Method), i));
        }

        _root.Seal();
    }

    /// <summary>The operations of a path, or null. Segments are compared as bytes.</summary>
    /// <param name="path">Path below the base path, with a slash before it.</param>
    /// <param name="ignoresCase">Compare ASCII letters without their case.</param>
    public PathEnd? Find(ReadOnlySpan<byte> path, bool ignoresCase = false) =>
        path.Length > 0 && path[0] == '/' ? Find(_root, path[1..], ignoresCase) : null;

    private static PathEnd? Find(Node node, ReadOnlySpan<byte> rest, bool ignoresCase)
    {
        var slash = rest.IndexOf((byte)'/');
        var segment = slash < 0 ? rest : rest[..slash];
        if (node.Literal(segment, ignoresCase) is { } literal && Go(literal, rest, slash, ignoresCase) is { } exact)
            return exact;
        foreach (var (template, next) in node.Templates)
        {
            if (template.Matches(segment, ignoresCase) && Go(next, rest, slash, ignoresCase) is { } found)
                return found;
        }

        return null;
    }

    private static PathEnd? Go(Node next, ReadOnlySpan<byte> rest, int slash, bool ignoresCase) =>
        slash < 0 ? next.Operations.Count > 0 ? next : null : Find(next, rest[(slash + 1)..], ignoresCase);

    /// <summary>Where a path ends that has operations.</summary>
    internal abstract class PathEnd
    {
        public List<(byte[] Method, int Operation)> Operations { get; } = [];

        /// <summary>The methods, as the header of that name lists them.</summary>
        public string Allow => string.Join(", ", Operations.Select(entry => Encoding.ASCII.GetString(entry.Method)));

        /// <summary>The operation of a method; of GET for HEAD, which is the same without the body; -1: none.</summary>
        public int Operation(ReadOnlySpan<byte> method)
        {
            foreach (var (name, operation) in Operations)
            {
                if (method.SequenceEqual(name)) return operation;
            }

            return method.SequenceEqual("HEAD"u8) ? Operation("GET"u8) : -1;
        }
    }

    private sealed class Node : PathEnd
    {
        private readonly Dictionary<byte[], Node> _literals = new(Utf8Names.Comparer);
        private Dictionary<byte[], Node>.AlternateLookup<ReadOnlySpan<byte>> _lookup;

        public List<(SegmentTemplate Template, Node Next)> Templates { get; private set; } = [];

        public Node? Literal(ReadOnlySpan<byte> segment, bool ignoresCase)
        {
            if (_literals.Count == 0) return null;
            if (_lookup.TryGetValue(segment, out var found)) return found;
            if (!ignoresCase) return null;
            foreach (var (name, node) in _literals)
            {
                if (Ascii.EqualsIgnoreCase(name, segment)) return node;
            }

            return null;
        }

        public Node Next(PathSegment segment)
        {
            if (segment.IsLiteral)
            {
                var name = Encoding.UTF8.GetBytes(segment.Texts[0]);
                if (_literals.TryGetValue(name, out var known)) return known;
                return _literals[name] = new Node();
            }

            var template = new SegmentTemplate(segment);
            foreach (var (other, node) in Templates)
            {
                if (other.IsSame(template)) return node;
            }

            var next = new Node();
            Templates.Add((template, next));
            return next;
        }

        /// <summary>Templates with more text go first.</summary>
        public void Seal()
        {
            _lookup = _literals.GetAlternateLookup<ReadOnlySpan<byte>>();
            Templates = [.. Templates.OrderByDescending(entry => entry.Template.TextBytes)];
            foreach (var node in _literals.Values.Concat(Templates.Select(entry => entry.Next))) node.Seal();
        }
    }
}
