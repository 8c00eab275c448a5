using WafOperator.Policies.Compilation;
using WafOperator.Policies.Files;
using WafOperator.Protocols.Policies;
using WafOperator.Resources.Policies;

namespace WafOperator.Policies.Tests.Apis;

public sealed class ApiSchemaCompilerTests
{
    private const string Document = """
        openapi: 3.0.3
        paths:
          /items/{id}:
            get: {operationId: read}
            put: {}
        """;

    [Fact]
    public void EveryField_ReachesTheDocument()
    {
        var compilation = Compile(Document, Shop with
        {
            BasePath = "/v1", Mode = ApiSchemaMode.Enforce,
            Reasons = [new() { Reason = ApiReason.UnknownPath, Mode = ApiSchemaMode.Observe }],
            Operations =
            [
                new()
                {
                    Operation = "read", Mode = ApiSchemaMode.Observe,
                    Reasons = [new() { Reason = ApiReason.Body, Mode = ApiSchemaMode.Off }],
                },
            ],
        });

        Assert.Empty(compilation.Findings);
        var policy = Assert.Single(compilation.Document!.ApiSchemas!);
        Assert.Equal(("items", "/v1", InspectionMode.Enforce), (policy.Name, policy.BasePath, policy.Mode));
        Assert.Equal("""{"openapi":"3.0.3","paths":{"/items/{id}":{"get":{"operationId":"read"},"put":{}}}}""",
            policy.Document);
        Assert.Equal(new("UnknownPath", InspectionMode.Detect), Assert.Single(policy.Reasons));
        var operation = Assert.Single(policy.Operations);
        Assert.Equal(("read", InspectionMode.Detect), (operation.Operation, operation.Mode));
        Assert.Equal(new("Body", InspectionMode.Off), Assert.Single(operation.Reasons));
        Assert.Equal(["read", "PUT /items/{id}"], Assert.Single(compilation.Apis).Operations);
    }

    [Theory]
    [InlineData("{", "ApiDocumentInvalid", "is not YAML")]
    [InlineData("openapi: 2.0.0\npaths: {}", "ApiDocumentInvalid", "is not 3.0.x")]
    [InlineData("openapi: 3.0.0\npaths: {/a: {get: {parameters: [{}]}}}", "ApiDocumentInvalid",
        "/paths/~1a/get/parameters/0: has no name")]
    [InlineData("a: &a [x,x,x,x,x,x,x,x,x,x]\n"
        + "b: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\n"
        + "d: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d]\nf: [*e,*e,*e,*e,*e,*e,*e,*e,*e]",
        "ApiDocumentInvalid", "values (aliases expanded)")]
    [InlineData(null, "ApiDocumentNotFound", "has no key openapi.yaml")]
    public void DocumentThatCannotBeUsed_LeavesItsSchemaOut_AndThePolicyInForce(
        string? text, string kind, string message)
    {
        var compilation = Compile(text, Shop);

        var finding = Assert.Single(compilation.Findings);
        Assert.Equal((FindingSeverity.Warning, kind, "ApiSchema/items"),
            (finding.Severity, finding.Kind.ToString(), finding.Subject));
        Assert.Contains(message, finding.Message, StringComparison.Ordinal);
        Assert.NotNull(compilation.Document);
        Assert.Null(compilation.Document.ApiSchemas);
        Assert.Empty(compilation.Apis);
    }

    public static TheoryData<string, string> Hostile => new()
    {
        { "operations", "has more than 2000 operations" },
        { "references", "nested deeper than 200 schemas, references followed" },
        { "circle", "refers to itself" },
        { "keys", "has no member openapi" },
        { "text", "characters (aliases expanded)" },
        { "long", "characters, at most 1048576 are read" },
        { "deep", "nested deeper than 64 levels" },
        { "pattern", "larger than is read" },
    };

    [Theory, MemberData(nameof(Hostile))]
    public void HostileDocument_IsRefusedWithPlaceAndReason(string which, string reason)
    {
        var compilation = Compile(HostileDocuments.Of(which), Shop);

        var finding = Assert.Single(compilation.Findings);
        Assert.Equal((FindingKind.ApiDocumentInvalid, "spec.document"), (finding.Kind, finding.Path));
        Assert.Contains(reason, finding.Message, StringComparison.Ordinal);
        Assert.InRange(finding.Message.Length, 1, 1500);
        Assert.Null(compilation.Document!.ApiSchemas);
    }

    [Fact]
    public void ModeOfAnOperationThatIsNotThere_IsTold_AndTheSchemaIsInForce()
    {
        var compilation = Compile(Document, Shop with { Operations = [new() { Operation = "gone" }] });

        Assert.Equal(FindingKind.ApiOperationNotFound, Assert.Single(compilation.Findings).Kind);
        Assert.Single(compilation.Document!.ApiSchemas!);
    }

    [Fact]
    public void SchemaOfAnotherPolicy_IsNotOurs()
    {
        Assert.Null(Compile(Document, Shop with { Policy = "other" }).Document!.ApiSchemas);
        Assert.Empty(Compile(Document, Shop with { Policy = "other" }).Findings);
    }

    [Fact]
    public void MoreSchemasThanAPolicyTakes_AreToldOff()
    {
        var schemas = Enumerable.Range(0, 20).Select(i => Schema($"s{i:00}", Shop)).ToList();
        var compilation = PolicyCompiler.Compile(Inputs(Document) with { ApiSchemas = schemas });

        Assert.Equal(16, compilation.Document!.ApiSchemas!.Count);
        Assert.Equal(["ApiSchema/s16", "ApiSchema/s17", "ApiSchema/s18", "ApiSchema/s19"],
            compilation.Findings.Select(finding => finding.Subject));
    }

    [Fact]
    public void DocumentsThatAreManyOrLong_LeaveThoseWithLaterNamesOut()
    {
        var quotes = "{\"openapi\":\"3.0.3\",\"x-q\":\"" + new string('ü', 700_000) + "\",\"paths\":{}}";
        var schemas = new[] { "a", "b", "c" }.Select(name => Schema(name, Shop)).ToList();
        var compilation = PolicyCompiler.Compile(Inputs(quotes) with { ApiSchemas = schemas });

        Assert.Equal(["a"], compilation.Document!.ApiSchemas!.Select(schema => schema.Name));
        Assert.Equal(["ApiSchema/b", "ApiSchema/c"], compilation.Findings.Select(finding => finding.Subject));
        Assert.Contains("as they are served", compilation.Findings[0].Message, StringComparison.Ordinal);
        Assert.Contains("2097152 characters", compilation.Findings[1].Message, StringComparison.Ordinal);
    }

    [Fact]
    public void WithoutApis_EachIsToldWhy_AndTheRevisionIsAnother()
    {
        var compilation = Compile(Document, Shop);
        var without = compilation.WithoutApis("no room");

        Assert.Null(without.Document!.ApiSchemas);
        Assert.Equal(PolicyRevision.Compute(without.Document), without.Document.Revision);
        Assert.NotEqual(compilation.Document!.Revision, without.Document.Revision);
        Assert.Equal(("ApiSchema/items", "no room"), Assert.Single(without.Findings) is var finding
            ? (finding.Subject, finding.Message) : default);
        Assert.Empty(without.Apis);
    }

    [Fact]
    public void File_HasSchemasAndTheirDocuments()
    {
        var result = PolicyFile.Load("""
            apiVersion: wafoperator.dev/v1alpha1
            kind: WafPolicy
            metadata: {name: shop}
            spec: {}
            ---
            apiVersion: wafoperator.dev/v1alpha1
            kind: ApiSchema
            metadata: {name: items}
            spec: {policy: shop, document: {configMap: items-api, key: api.json}}
            ---
            apiVersion: v1
            kind: ConfigMap
            metadata: {name: items-api, labels: {wafoperator.dev/rules: "true"}}
            data: {api.json: '{"openapi":"3.1.0","paths":{}}'}
            """, DateTimeOffset.UnixEpoch);

        Assert.Empty(result.Errors);
        Assert.Equal("items", Assert.Single(result.Document!.ApiSchemas!).Name);
    }

    private static ApiSchemaSpec Shop { get; } = new()
    {
        Policy = "shop", Document = new() { ConfigMap = "items-api" },
    };

    private static ApiSchema Schema(string name, ApiSchemaSpec spec) =>
        new() { Metadata = new() { Name = name }, Spec = spec };

    private static PolicyInputs Inputs(string? document) => new()
    {
        Policy = new WafPolicy { Metadata = new() { Name = "shop", Namespace = "shop" } },
        RuleFiles = new Dictionary<string, IReadOnlyDictionary<string, string>>
        {
            ["items-api"] = document is null ? new Dictionary<string, string>()
                : new Dictionary<string, string> { ["openapi.yaml"] = document },
        },
        Now = DateTimeOffset.UnixEpoch,
    };

    private static PolicyCompilation Compile(string? document, ApiSchemaSpec spec) =>
        PolicyCompiler.Compile(Inputs(document) with { ApiSchemas = [Schema("items", spec)] });
}
