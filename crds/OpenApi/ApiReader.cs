using System.Text.Json;

namespace WafOperator.OpenApi;

/// <summary>
/// Reads OpenAPI 3.0 and 3.1 documents (JSON) as far as they speak of requests. Strict: what cannot be understood
/// refuses the document, with its place; what is understood and not checked is told. Pure; never throws on bad text.
/// Time and memory grow with the text, which is bounded (<see cref="ApiLimits"/>).
/// </summary>
public static class ApiReader
{
    private static readonly JsonDocumentOptions Strict = new()
    {
        MaxDepth = ApiLimits.DepthMax, AllowDuplicateProperties = false,
    };

    /// <summary>Reads a document.</summary>
    /// <param name="text">JSON.</param>
    public static ApiReading Read(string text)
    {
        if (text.Length > ApiLimits.CharactersMax)
            return Refused("", $"has {text.Length} characters, at most {ApiLimits.CharactersMax} are read");
        try
        {
            using var document = JsonDocument.Parse(text, Strict);
            return new(ReadRoot(new(document.RootElement, new())), null);
        }
        catch (JsonException error)
        {
            var message = error.Message.Length <= 200 ? error.Message : error.Message[..200] + "…";
            return Refused("", "is not JSON that is read: " + message);
        }
        catch (InvalidOperationException)
        {
            return Refused("", "holds text that is not Unicode");
        }
        catch (RefusedDocumentException refusal)
        {
            return Refused(refusal.Place, refusal.Message);
        }
    }

    private static ApiReading Refused(string place, string message) => new(null, new(place, message));

    private static ApiDescription ReadRoot(DocumentCursor root)
    {
        if (root.Find("swagger") is { } old) throw old.Refuse("OpenAPI 3.0 and 3.1 are read: convert it first");
        var version = (root.Find("openapi") ?? throw root.Refuse("has no member openapi: is it an OpenAPI document?"));
        var number = version.Text();
        if (number.Length > 16 || !number.StartsWith("3.0.", StringComparison.Ordinal)
            && !number.StartsWith("3.1.", StringComparison.Ordinal))
            throw version.Refuse("is not 3.0.x or 3.1.x");
        var scope = new DocumentScope(root, number);
        var schemas = new SchemaReader(scope);
        var basePaths = BasePaths(root);
        var operations = new OperationReader(scope, schemas).Read(root);
        schemas.CheckCircles();
        return new()
        {
            Version = number, BasePaths = basePaths, Operations = operations, Unchecked = scope.Remarks,
            UncheckedCount = scope.RemarkCount,
        };
    }

    private static List<string> BasePaths(DocumentCursor root)
    {
        if (root.Find("servers") is not { } servers) return [""];
        var paths = new List<string>();
        foreach (var server in servers.Items())
        {
            if (paths.Count == ApiLimits.ServersMax)
                throw server.Refuse($"more than {ApiLimits.ServersMax} servers are not read");
            var url = server.Find("url") ?? throw server.Refuse("has no url");
            var path = PathOf(url);
            if (!paths.Contains(path)) paths.Add(path);
        }

        return paths.Count > 0 ? paths : [""];
    }

    private static string PathOf(DocumentCursor url)
    {
        var text = url.Text();
        var start = text.IndexOf("://", StringComparison.Ordinal);
        var slash = start < 0 ? 0 : text.IndexOf('/', start + 3);
        var path = slash < 0 ? "" : text[slash..].TrimEnd('/');
        if (path.Contains('{', StringComparison.Ordinal))
            throw url.Refuse("has variables in its path: say spec.basePath");
        if (path.Length > 0 && (path[0] != '/' || path.AsSpan().ContainsAny("?#%")) || path.Length > 200)
            throw url.Refuse("has no path that is understood: say spec.basePath");
        return path;
    }
}
