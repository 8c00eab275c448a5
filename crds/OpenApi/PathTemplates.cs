namespace WafOperator.OpenApi;

/// <summary>Reads templates of paths: <c>/shops/{shop}/report.{type}</c>. Pure.</summary>
internal static class PathTemplates
{
    /// <summary>The segments of a template.</summary>
    public static IReadOnlyList<PathSegment> Read(string path, DocumentCursor at)
    {
        if (path.Length == 0 || path[0] != '/' || path.Length > 1024)
            throw at.Refuse("a path begins with / and has at most 1024 characters");
        if (path.AsSpan().ContainsAny("?#%\\") || path.Any(char.IsControl))
            throw at.Refuse("a path has no query, no escapes and no backslashes");
        var parts = path[1..].Split('/');
        if (parts.Length > ApiLimits.SegmentsMax) throw at.Refuse($"has more than {ApiLimits.SegmentsMax} segments");
        var segments = parts.Select(part => Segment(part, at)).ToList();
        var names = segments.SelectMany(segment => segment.Names).ToList();
        return names.Distinct(StringComparer.Ordinal).Count() == names.Count ? segments
            : throw at.Refuse("names one parameter twice");
    }

    private static PathSegment Segment(string part, DocumentCursor at)
    {
        var texts = new List<string>();
        var names = new List<string>();
        var from = 0;
        for (var open = part.IndexOf('{'); open >= 0; open = part.IndexOf('{', from))
        {
            var close = part.IndexOf('}', open);
            if (close <= open + 1) throw at.Refuse("has a { that does not end, or that is empty");
            if (names.Count > 0 && open == from) throw at.Refuse("has two parameters with nothing between");
            texts.Add(part[from..open]);
            names.Add(part[(open + 1)..close]);
            from = close + 1;
        }

        texts.Add(part[from..]);
        if (texts.Any(text => text.Contains('}', StringComparison.Ordinal)) || names.Any(name => name.Contains('{')))
            throw at.Refuse("has braces that do not fit");
        return new(texts, names);
    }
}
