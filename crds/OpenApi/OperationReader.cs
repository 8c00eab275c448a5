using System.Text.Json;

namespace WafOperator.OpenApi;

/// <summary>Reads paths, operations, parameters and bodies.</summary>
internal sealed class OperationReader(DocumentScope scope, SchemaReader schemas)
{
    private static readonly HashSet<string> Methods =
        new(["get", "put", "post", "delete", "options", "head", "patch", "trace"], StringComparer.Ordinal);

    private static readonly HashSet<string> OfPaths = new(["summary", "description", "parameters", "$ref"],
        StringComparer.Ordinal);

    /// <summary>Headers that OpenAPI says nothing about as parameters.</summary>
    private static readonly HashSet<string> OwnHeaders = new(["accept", "content-type", "authorization"],
        StringComparer.Ordinal);

    private readonly List<ApiOperation> _operations = [];
    private readonly HashSet<string> _ids = new(StringComparer.Ordinal);

    public IReadOnlyList<ApiOperation> Read(DocumentCursor root)
    {
        if (root.Find("security") is { } security) scope.Remark(security, "security is not checked");
        var paths = root.Find("paths") ?? throw root.Refuse("has no paths");
        foreach (var (path, at) in paths.Members())
        {
            if (path.StartsWith("x-", StringComparison.Ordinal)) continue;
            var segments = PathTemplates.Read(path, at);
            var item = scope.Resolve(at);
            var shared = Parameters(item);
            foreach (var (name, value) in item.Members())
            {
                if (Methods.Contains(name)) Add(path, segments, name, (value, shared));
                else if (name == "servers") throw value.Refuse("servers of a path are not read: say spec.basePath");
                else if (!OfPaths.Contains(name) && !name.StartsWith("x-", StringComparison.Ordinal))
                    scope.Remark(value, "is not read");
            }
        }

        return _operations;
    }

    private void Add(
        string path, IReadOnlyList<PathSegment> segments, string method,
        (DocumentCursor At, IReadOnlyList<ReadParameter> Shared) operation)
    {
        var at = operation.At;
        if (_operations.Count == ApiLimits.OperationsMax)
            throw at.Refuse($"the document has more than {ApiLimits.OperationsMax} operations");
        if (at.Find("servers") is { } servers)
            throw servers.Refuse("servers of an operation are not read: say spec.basePath");
        if (at.Find("security") is { } security) scope.Remark(security, "security is not checked");
        var upper = method.ToUpperInvariant();
        var id = at.Find("operationId") is { } named ? named.Name() : $"{upper} {path}";
        if (!_ids.Add(id)) throw at.Refuse($"the operationId {id} stands twice");
        var own = Parameters(at);
        var all = own.Concat(operation.Shared.Where(shared => !own.Any(other => other.IsSame(shared)))).ToList();
        if (all.Count > ApiLimits.ParametersMax)
            throw at.Refuse($"has more than {ApiLimits.ParametersMax} parameters");
        var names = segments.SelectMany(segment => segment.Names).ToHashSet(StringComparer.Ordinal);
        if (all.FirstOrDefault(p => p.Place is ParameterPlace.Path && !names.Contains(p.Name)) is { } stray)
            throw at.Refuse($"the path has no {{{stray.Name}}}");
        _operations.Add(new()
        {
            Id = id, Method = upper, Path = path, Segments = segments,
            Parameters = [.. all.Select(p => p.Parameter).OfType<ApiParameter>()],
            HasUncheckedParameters = all.Any(p => p.Parameter is null && p.Place is ParameterPlace.Query),
            Body = at.Find("requestBody") is { } body ? Body(scope.Resolve(body)) : null,
        });
    }

    /// <summary>A parameter; what is null is not checked.</summary>
    private sealed record ReadParameter(string Name, ParameterPlace Place, ApiParameter? Parameter)
    {
        public bool IsSame(ReadParameter other) => Name == other.Name && Place == other.Place;
    }

    private List<ReadParameter> Parameters(DocumentCursor of)
    {
        var read = new List<ReadParameter>();
        foreach (var item in of.Find("parameters")?.Items() ?? [])
        {
            if (read.Count == ApiLimits.ParametersMax)
                throw item.Refuse($"more than {ApiLimits.ParametersMax} parameters are not read");
            var parameter = Parameter(scope.Resolve(item));
            if (parameter is null) continue;
            if (read.Any(parameter.IsSame)) throw item.Refuse($"the parameter {parameter.Name} stands twice");
            read.Add(parameter);
        }

        return read;
    }

    private ReadParameter? Parameter(DocumentCursor at)
    {
        var name = (at.Find("name") ?? throw at.Refuse("has no name")).Name();
        var where = at.Find("in") ?? throw at.Refuse("has no in");
        var place = where.Text() switch
        {
            "path" => ParameterPlace.Path,
            "query" => ParameterPlace.Query,
            "header" => ParameterPlace.Header,
            "cookie" => ParameterPlace.Cookie,
            _ => throw where.Refuse("is not path, query, header or cookie"),
        };
        if (place is ParameterPlace.Header)
        {
            name = name.ToLowerInvariant();
            if (OwnHeaders.Contains(name)) return null;
        }

        var (schema, isJson) = SchemaOf(at);
        var style = isJson ? ParameterStyle.Json : StyleOf(at, place, schema);
        if (style is not { } known)
        {
            scope.Remark(at, $"the parameter {name} is not checked: an object, or a style that is not read");
            return new(name, place, null);
        }

        if (known is ParameterStyle.DeepObject && schema.Properties.RequiredCount > 0)
            scope.Remark(at, "which members a deepObject must have is not checked");
        if (known is not (ParameterStyle.Single or ParameterStyle.Json) && schema.IsCombined)
            scope.Remark(at, "allOf, anyOf, oneOf and not of lists and objects are not checked in parameters");
        return new(name, place, new ApiParameter
        {
            Name = name, Place = place, Style = known, Schema = schema,
            IsRequired = at.Find("required") is { } required && required.Flag(),
            AllowsEmpty = at.Find("allowEmptyValue") is { } empty && empty.Flag(),
        });
    }

    private (ValueSchema Schema, bool IsJson) SchemaOf(DocumentCursor at)
    {
        if (at.Find("schema") is { } schema) return (schemas.Read(schema), false);
        if (at.Find("content") is not { } content) return (ValueSchema.Any, false);
        foreach (var (type, media) in content.Members())
        {
            if (IsJson(type.ToLowerInvariant()))
                return (media.Find("schema") is { } inner ? schemas.Read(inner) : ValueSchema.Any, true);
        }

        scope.Remark(content, "parameters of this type are not checked");
        return (ValueSchema.Any, false);
    }

    /// <summary>How the value is written; null where that is not checked.</summary>
    private static ParameterStyle? StyleOf(DocumentCursor at, ParameterPlace place, ValueSchema schema)
    {
        var types = TypesOf(schema, new HashSet<ValueSchema>(ReferenceEqualityComparer.Instance));
        var style = at.Find("style")?.Text()
            ?? (place is ParameterPlace.Query or ParameterPlace.Cookie ? "form" : "simple");
        if (style == "deepObject" && place is ParameterPlace.Query) return ParameterStyle.DeepObject;
        if ((types & ValueTypes.Object) != 0) return null;
        if ((types & ValueTypes.Array) == 0)
            return style is "simple" or "form" or "spaceDelimited" or "pipeDelimited" ? ParameterStyle.Single : null;
        var explode = at.Find("explode") is { } flag ? flag.Flag() : style == "form";
        return (style, place) switch
        {
            ("simple", ParameterPlace.Path or ParameterPlace.Header) => ParameterStyle.Commas,
            ("form", ParameterPlace.Query) when explode => ParameterStyle.Repeated,
            ("form", _) when !explode => ParameterStyle.Commas,
            ("spaceDelimited", ParameterPlace.Query) when !explode => ParameterStyle.Spaces,
            ("pipeDelimited", ParameterPlace.Query) when !explode => ParameterStyle.Bars,
            ("spaceDelimited" or "pipeDelimited", ParameterPlace.Query) => ParameterStyle.Repeated,
            _ => null,
        };
    }

    /// <summary>Types that a value may have by what is combined in its schema too.</summary>
    private static ValueTypes TypesOf(ValueSchema schema, HashSet<ValueSchema> seen)
    {
        if (schema.Types is not ValueTypes.None || !seen.Add(schema)) return schema.Types;
        return schema.AllOf.Concat(schema.AnyOf).Concat(schema.OneOf)
            .Aggregate(ValueTypes.None, (types, inner) => types | TypesOf(inner, seen));
    }

    private ApiBody Body(DocumentCursor at)
    {
        var content = at.Find("content") ?? throw at.Refuse("has no content");
        var media = new List<ApiMedia>();
        foreach (var (type, value) in content.Members())
        {
            if (media.Count == ApiLimits.BranchesMax)
                throw value.Refuse($"more than {ApiLimits.BranchesMax} media types are not read");
            media.Add(Media(type.Split(';')[0].Trim().ToLowerInvariant(), value));
        }

        return new()
        {
            IsRequired = at.Find("required") is { } required && required.Flag(),
            Media = [.. media.OrderBy(item => item.Type.Count(c => c == '*'))],
        };
    }

    private ApiMedia Media(string type, DocumentCursor at)
    {
        if (!type.Contains('/', StringComparison.Ordinal)) throw at.Refuse("is no media type");
        var kind = IsJson(type) ? BodyKind.Json
            : type == "application/x-www-form-urlencoded" ? BodyKind.Form : BodyKind.Unchecked;
        if (at.Find("schema") is not { } schema) return new(type, kind, ValueSchema.Any);
        if (kind is BodyKind.Unchecked)
        {
            scope.Remark(at, "bodies of this type are not checked");
            return new(type, kind, ValueSchema.Any);
        }

        if (kind is BodyKind.Form && at.Find("encoding") is { } encoding)
            scope.Remark(encoding, "encoding is not read: fields are checked as forms write them");
        var read = schemas.Read(schema);
        if (kind is BodyKind.Form && read.IsCombined)
            scope.Remark(at, "allOf, anyOf, oneOf and not are not checked in forms");
        return new(type, kind, read);
    }

    private static bool IsJson(string type) =>
        type == "application/json" || type.EndsWith("+json", StringComparison.Ordinal) || type == "text/json";
}
