using System.Buffers;
using WafOperator.Http;
using WafOperator.OpenApi;

namespace WafOperator.Schemas;

/// <summary>Compares a request's parameters with those of its operation.</summary>
internal struct ParameterJudge(CanonicalRequest request, OperationProgram operation)
{
    private const int StackBytesMax = 512;

    /// <summary>Findings so far; null: none.</summary>
    public FindingList Findings;

    public void Path(ref ValueJudge judge, ReadOnlySpan<byte> below)
    {
        foreach (var value in operation.Path)
        {
            var segment = Segment(below, value.Segment);
            var text = value.Template.Value(segment, value.Index);
            if (!Value(ref judge, text, value.Parameter)) Add(ref judge, value.Parameter);
        }
    }

    public void Query(ref ValueJudge judge)
    {
        var raw = request[request.RawQuery];
        if (raw.IsEmpty && operation.Query.Length == 0) return;
        byte[]? rented = null;
        Span<byte> scratch = raw.Length <= StackBytesMax ? stackalloc byte[StackBytesMax]
            : rented = ArrayPool<byte>.Shared.Rent(raw.Length);
        Span<int> counts = stackalloc int[operation.Query.Length];
        counts.Clear();
        var fields = new FieldReader(raw, scratch);
        while (fields.Next() && !judge.IsExhausted) Field(ref judge, ref fields, counts);
        for (var i = 0; i < operation.Query.Length; i++) Counted(operation.Query[i], counts[i]);
        if (rented is not null) ArrayPool<byte>.Shared.Return(rented);
    }

    public void Headers(ref ValueJudge judge)
    {
        foreach (var named in operation.Headers)
        {
            var isThere = false;
            foreach (ref readonly var header in request.Headers)
            {
                if (header.NameHash != named.Hash || !request[header.LowerName].SequenceEqual(named.Name)) continue;
                isThere = true;
                if (!Value(ref judge, request[header.Value], named.Parameter)) Add(ref judge, named.Parameter);
            }

            if (!isThere && named.Parameter.IsRequired) Missing(named.Parameter);
        }
    }

    public void Cookies(ref ValueJudge judge)
    {
        foreach (var named in operation.Cookies)
        {
            var isThere = false;
            foreach (ref readonly var cookie in request.Cookies)
            {
                if (!request[cookie.Name].SequenceEqual(named.Name)) continue;
                isThere = true;
                if (!Value(ref judge, request[cookie.Value], named.Parameter)) Add(ref judge, named.Parameter);
            }

            if (!isThere && named.Parameter.IsRequired) Missing(named.Parameter);
        }
    }

    private void Field(ref ValueJudge judge, ref FieldReader fields, Span<int> counts)
    {
        var index = operation.FindQuery(fields.Name, out var member);
        if (index < 0)
        {
            if (!operation.AllowsMore)
                Findings.Add(SchemaReason.UndeclaredParameter, "a query parameter is not described");
            return;
        }

        var parameter = operation.Query[index];
        counts[index]++;
        if (parameter.Style is ParameterStyle.DeepObject)
        {
            if (!Member(ref judge, fields.Value, member, parameter.Schema)) Add(ref judge, parameter);
        }
        else if (parameter.Style is ParameterStyle.Repeated)
        {
            if (!(fields.Value.IsEmpty && parameter.AllowsEmpty)
                && !judge.Text(fields.Value, parameter.Schema.Items ?? ValueSchema.Any)) Add(ref judge, parameter);
        }
        else
        {
            if (!Value(ref judge, fields.Value, parameter)) Add(ref judge, parameter);
            if (counts[index] == 2)
                Findings.Add(SchemaReason.Parameter, $"the query parameter {parameter.Name} stands twice");
        }

        if (fields.IsBroken)
            Findings.Add(SchemaReason.Parameter, $"the query parameter {parameter.Name} has an escape that is none");
    }

    private void Counted(ApiParameter parameter, int count)
    {
        if (count == 0)
        {
            if (parameter.IsRequired) Missing(parameter);
            return;
        }

        if (parameter.Style is ParameterStyle.Repeated
            && (count < parameter.Schema.ItemsMin || count > parameter.Schema.ItemsMax))
            Findings.Add(SchemaReason.Parameter, $"the query parameter {parameter.Name} has too few or too many items");
    }

    private static bool Member(
        ref ValueJudge judge, ReadOnlySpan<byte> value, ReadOnlySpan<byte> member, ValueSchema schema)
    {
        // An item of a list in an object: filter[ids][].
        var name = member.EndsWith("]["u8) ? member[..^2] : member;
        var property = schema.Properties.Find(name);
        if (property is not { IsDeclared: true }) return schema.Additional is not { IsNever: true };
        var inner = property.Schema;
        return judge.Text(value, (inner.Types & ValueTypes.Array) != 0 ? inner.Items ?? ValueSchema.Any : inner);
    }

    private static bool Value(ref ValueJudge judge, ReadOnlySpan<byte> text, ApiParameter parameter)
    {
        if (text.IsEmpty && parameter.AllowsEmpty) return true;
        return parameter.Style switch
        {
            ParameterStyle.Single => judge.Text(text, parameter.Schema),
            ParameterStyle.Json => judge.Document(text, parameter.Schema),
            ParameterStyle.Spaces => Items(ref judge, text, (byte)' ', parameter.Schema),
            ParameterStyle.Bars => Items(ref judge, text, (byte)'|', parameter.Schema),
            _ => Items(ref judge, text, (byte)',', parameter.Schema),
        };
    }

    private static bool Items(ref ValueJudge judge, ReadOnlySpan<byte> text, byte separator, ValueSchema schema)
    {
        var count = 0;
        while (!text.IsEmpty)
        {
            var end = text.IndexOf(separator);
            var item = (end < 0 ? text : text[..end]).Trim((byte)' ');
            text = end < 0 ? default : text[(end + 1)..];
            count++;
            if (!judge.Text(item, schema.Items ?? ValueSchema.Any)) return false;
        }

        return count >= schema.ItemsMin && count <= schema.ItemsMax;
    }

    private static ReadOnlySpan<byte> Segment(ReadOnlySpan<byte> path, int index)
    {
        path = path[1..];
        for (var i = 0; i < index; i++) path = path[(path.IndexOf((byte)'/') + 1)..];
        var end = path.IndexOf((byte)'/');
        return end < 0 ? path : path[..end];
    }

    private void Missing(ApiParameter parameter) =>
        Findings.Add(SchemaReason.Parameter, $"the {PlaceOf(parameter)} {parameter.Name} is missing");

    private void Add(ref ValueJudge judge, ApiParameter parameter)
    {
        var problem = judge.TakeProblem() ?? "has too few or too many items";
        Findings.Add(
            judge.IsExhausted ? SchemaReason.Unchecked : SchemaReason.Parameter,
            $"the {PlaceOf(parameter)} {parameter.Name} {problem}");
    }

    private static string PlaceOf(ApiParameter parameter) => parameter.Place switch
    {
        ParameterPlace.Path => "path parameter",
        ParameterPlace.Query => "query parameter",
        ParameterPlace.Header => "header",
        _ => "cookie",
    };
}

/// <summary>Findings, at most one of each reason. Nothing is allocated before the first.</summary>
internal struct FindingList
{
    private List<SchemaFinding>? _list;

    public readonly IReadOnlyList<SchemaFinding>? Found => _list;

    public void Add(SchemaReason reason, string message)
    {
        _list ??= [];
        foreach (var finding in _list)
        {
            if (finding.Reason == reason) return;
        }

        _list.Add(new(reason, message));
    }
}
