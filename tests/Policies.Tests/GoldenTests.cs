using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using WafOperator.Policies.Compilation;
using WafOperator.Protocols;
using WafOperator.Protocols.Policies;
using WafOperator.Resources.Exclusions;
using WafOperator.Resources.Manifests;
using WafOperator.Resources.Models;
using WafOperator.Resources.Policies;
using WafOperator.Resources.Pools;
using WafOperator.Resources.Schema;

namespace WafOperator.Policies.Tests;

/// <summary>
/// <c>Golden/NAME.in.yaml</c> (a policy with the objects around it, at noon of 2026-11-22) →
/// <c>Golden/NAME.out.yaml</c> (document and findings). UPDATE_GOLDEN=1 rewrites the outputs.
/// </summary>
public sealed class GoldenTests
{
    private static readonly string Folder = Path.Combine(SourceFolder(), "Golden");
    private static readonly DateTimeOffset Noon = new(2026, 11, 22, 12, 0, 0, TimeSpan.Zero);

    public static TheoryData<string> Cases =>
        [.. Directory.GetFiles(Folder, "*.in.yaml").Select(file => Path.GetFileName(file)[..^".in.yaml".Length])
            .Order()];

    [Theory, MemberData(nameof(Cases))]
    public void TheDocument_IsTheOneWrittenDown(string name)
    {
        var compilation = PolicyCompiler.Compile(Read(Path.Combine(Folder, name + ".in.yaml")));

        var file = Path.Combine(Folder, name + ".out.yaml");
        var actual = YamlText.Write(Describe(compilation));
        if (Environment.GetEnvironmentVariable("UPDATE_GOLDEN") == "1") File.WriteAllText(file, actual);
        Assert.Equal(File.Exists(file) ? File.ReadAllText(file) : "", actual);
        if (compilation.Document is not { } document) return;
        Assert.Equal(document.Revision, PolicyRevision.Compute(document));
        var json = JsonSerializer.SerializeToUtf8Bytes(document, ProtocolJson.Default.PolicyDocument);
        Assert.Equal(document.Revision, PolicyRevision.Compute(json));
        var again = JsonSerializer.Deserialize(json, ProtocolJson.Default.PolicyDocument)!;
        Assert.Equal(json, JsonSerializer.SerializeToUtf8Bytes(again, ProtocolJson.Default.PolicyDocument));
    }

    [Theory, MemberData(nameof(Cases))]
    public void TheOrderInWhichObjectsAreFetched_DoesNotMatter(string name)
    {
        var inputs = Read(Path.Combine(Folder, name + ".in.yaml"));
        var turned =
            inputs with
            {
                Exclusions = [.. inputs.Exclusions.Reverse()], Models = [.. inputs.Models.Reverse()],
                ApiSchemas = [.. inputs.ApiSchemas.Reverse()],
            };
        Assert.Equal(PolicyCompiler.Compile(inputs).Document?.Revision, PolicyCompiler.Compile(turned)
            .Document?.Revision);
    }

    private static PolicyInputs Read(string file)
    {
        var manifest = ManifestReader.Read(File.ReadAllText(file));
        Assert.Empty(manifest.Errors);
        var objects = manifest.Objects.Select(item => item.Resource).ToList();
        return new()
        {
            Policy = objects.OfType<WafPolicy>().Single(),
            Exclusions = [.. objects.OfType<WafExclusion>()],
            Models = [.. objects.OfType<ModelVersion>()],
            ApiSchemas = [.. objects.OfType<ApiSchema>()],
            Pools = [.. objects.OfType<InferencePool>()],
            RuleFiles = manifest.RuleFiles.ToDictionary(map => map.Name, map => map.Files),
            PublicKeys = new Dictionary<string, string> { ["model-key"] = "-----BEGIN PUBLIC KEY-----" },
            Now = Noon,
        };
    }

    private static JsonObject Describe(PolicyCompilation compilation) => new()
    {
        ["findings"] =
            new JsonArray([.. compilation.Findings.Select(finding =>
                (JsonNode)$"{finding.Severity} {finding.Kind}: {finding}")]),
        ["recompileAt"] = compilation.RecompileAt?.ToString("O", CultureInfo.InvariantCulture),
        ["document"] = compilation.Document is { } document
            ? JsonSerializer.SerializeToNode(document, ProtocolJson.Default.PolicyDocument) : null,
    };

    private static string SourceFolder([System.Runtime.CompilerServices.CallerFilePath] string file = "") =>
        Path.GetDirectoryName(file)!;
}
