using System.Text.Json.Nodes;
using WafOperator.Injection.Capture;
using WafOperator.Resources;
using WafOperator.Resources.Policies;
using WafOperator.Resources.Schema;

namespace WafOperator.Injection.Tests;

/// <summary>
/// <c>Golden/NAME.in.yaml</c> → <c>Golden/NAME.out.yaml</c>: a pod with its surroundings, and the decision with the
/// whole resulting pod. UPDATE_GOLDEN=1 rewrites the outputs.
/// </summary>
public sealed class GoldenTests
{
    private static readonly string Folder = Path.Combine(SourceFolder(), "Golden");

    public static TheoryData<string> Cases =>
        [.. Directory.GetFiles(Folder, "*.in.yaml").Select(file => Path.GetFileName(file)[..^".in.yaml".Length])
            .Order()];

    internal static string FileOf(string name) => Path.Combine(Folder, name + ".in.yaml");

    [Theory, MemberData(nameof(Cases))]
    public void TheDecision_IsTheOneWrittenDown(string name)
    {
        var input = GoldenInput.Read(FileOf(name));
        var before = input.Pod.ToJsonString();
        var decision = Injector.Decide(input);

        var file = Path.Combine(Folder, name + ".out.yaml");
        var actual = YamlText.Write(Describe(decision));
        if (Environment.GetEnvironmentVariable("UPDATE_GOLDEN") == "1") File.WriteAllText(file, actual);
        Assert.Equal(File.Exists(file) ? File.ReadAllText(file) : "", actual);
        Assert.Equal(before, input.Pod.ToJsonString());
        if (decision is not InjectionDecision.Inject inject) return;
        Assert.Equal(inject.Pod.ToJsonString(), PatchApplier.Apply(input.Pod, inject.Patch).ToJsonString());
        var again = Assert.IsType<InjectionDecision.Skip>(Injector.Decide(input with { Pod = inject.Pod }));
        Assert.Equal(SkipReason.AlreadyInjected, again.Reason);
    }

    [Fact]
    public void NoOutput_IsLeftOverFromACaseThatIsGone() => Assert.DoesNotContain(
        Directory.GetFiles(Folder),
            file => !File.Exists(file.Replace(".out.yaml", ".in.yaml", StringComparison.Ordinal)));

    [Fact]
    public void EveryRowOfThePage_NamesACase()
    {
        // Of the tables of the page, those whose last column names cases.
        var rows = File.ReadAllText(Path.Combine(Folder, "../../../docs/injection.md")).Split("\n\n")
            .Select(block => block.Split('\n', StringSplitOptions.RemoveEmptyEntries))
            .Where(block => block.Length > 2 && block[0].EndsWith("| Case |", StringComparison.Ordinal))
            .SelectMany(block => block.Skip(2)).ToList();
        var cases = rows.Select(row => row.Split('|')[^2].Split(',', StringSplitOptions.TrimEntries)).ToList();

        Assert.True(rows.Count > 20);
        Assert.All(cases.SelectMany(names => names),
            name => Assert.True(File.Exists(Path.Combine(Folder, name.Trim('`') + ".in.yaml")), name));
    }

    private static JsonObject Describe(InjectionDecision decision) => decision switch
    {
        InjectionDecision.Inject inject => new()
        {
            ["decision"] = "Inject",
            ["report"] = inject.Report.ToString(),
            ["operations"] = inject.Patch.Count,
            ["pod"] = inject.Pod.DeepClone(),
        },
        InjectionDecision.Skip skip =>
            new() { ["decision"] = "Skip", ["reason"] = skip.Reason.ToString(), ["message"] = skip.Message },
        InjectionDecision.Deny deny =>
            new() { ["decision"] = "Deny", ["reason"] = deny.Reason.ToString(), ["message"] = deny.Message },
        _ => throw new InvalidOperationException("an unknown decision"),
    };

    private static string SourceFolder([System.Runtime.CompilerServices.CallerFilePath] string file = "") =>
        Path.GetDirectoryName(file)!;
}

/// <summary>
/// Reads a case: <c>pod</c>, and optionally <c>namespace</c>, <c>services</c>, <c>policy</c>, <c>native</c>.
/// </summary>
internal static class GoldenInput
{
    public static PodInjectionInput Read(string file)
    {
        var root = YamlText.Read(File.ReadAllText(file))!.AsObject();
        foreach (var (name, _) in root)
            if (name is not ("pod" or "namespace" or "services" or "policy" or "native"))
                throw new InvalidDataException($"{file}: unknown field {name}");
        var @namespace = root["namespace"] as JsonObject;
        var labels =
            (@namespace?["labels"] as JsonObject)?.ToDictionary(pair => pair.Key,
                pair => pair.Value!.GetValue<string>());
        return new()
        {
            Pod = (JsonObject)root["pod"]!.DeepClone(),
            Namespace = @namespace?["name"]?.GetValue<string>() ?? "shop",
            NamespaceLabels = labels ?? [],
            Services =
                [.. (root["services"] as JsonArray ?? []).Select(service => ServiceView.From((JsonObject)service!))],
            Policy = PolicyOf(root["policy"]),
            Settings = Settings(root["native"]?.GetValue<bool>() ?? false),
        };
    }

    public static InjectionSettings Settings(bool native) => new()
    {
        SidecarImage = "registry.example/waf/sidecar:1",
        InitImage = "registry.example/waf/init:1",
        OperatorUrl = "https://waf-operator.waf-system.svc:9444",
        NativeSidecars = native,
    };

    private static PolicyChoice PolicyOf(JsonNode? node)
    {
        if (node is JsonValue missing) return new PolicyChoice.Missing(missing.GetValue<string>());
        var spec = node?["spec"] is JsonObject raw
            ? System.Text.Json.JsonSerializer.Deserialize(raw, ResourceJson.Default.Of<WafPolicySpec>())!
            : new WafPolicySpec();
        return new PolicyChoice.Found(node?["name"]?.GetValue<string>() ?? "shop", spec);
    }
}

/// <summary>Applies RFC 6902 patches (add, replace, remove), written apart from the code under test.</summary>
internal static class PatchApplier
{
    public static JsonNode Apply(JsonNode document, JsonArray patch)
    {
        var root = document.DeepClone();
        foreach (var operation in patch)
        {
            var segments = operation!["path"]!.GetValue<string>().Split('/')[1..].Select(Unescape).ToArray();
            var parent = segments[..^1]
                .Aggregate(root, (node, segment) => node is JsonArray list ? list[int.Parse(segment)]!
                    : node[segment]!);
            var (op, last, value) =
                (operation["op"]!.GetValue<string>(), segments[^1], operation["value"]?.DeepClone());
            switch (parent, op)
            {
                case (JsonArray list, "add") when last == "-": list.Add(value); break;
                case (JsonArray list, "add"): list.Insert(int.Parse(last), value); break;
                case (JsonObject members, "add"): members[last] = value; break;
                case (JsonObject members, "replace") when members.ContainsKey(last): members[last] = value; break;
                default: throw new InvalidOperationException($"cannot {op} {last}");
            }
        }
        return root;
    }

    private static string Unescape(string segment) =>
        segment.Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal);
}
