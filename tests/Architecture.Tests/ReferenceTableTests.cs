using System.Xml.Linq;

namespace WafOperator.Architecture.Tests;

/// <summary>
/// Who may reference whom. The table is the design's; a project file that says more is an error here.
/// </summary>
public sealed class ReferenceTableTests
{
    private static readonly Dictionary<string, string[]> Table = new(StringComparer.Ordinal)
    {
        ["crds/Json"] = [],
        ["crds/Resources"] = ["crds/Json"],
        ["crds/SecLang"] = [],
        ["crds/OpenApi"] = [],
        ["crds/Protocols"] = ["crds/Json"],
        ["crds/Telemetry"] = [],
        ["operator/Metrics"] = ["crds/Telemetry"],
        ["operator/Kubernetes"] = ["crds/Telemetry"],
        ["operator/Outside"] = [],
        ["operator/Policies"] = ["crds/Resources", "crds/SecLang", "crds/OpenApi", "crds/Protocols"],
        ["operator/Rollouts"] = ["crds/Resources", "crds/Protocols"],
        ["operator/Pools"] = ["operator/Kubernetes", "crds/Resources", "crds/Protocols"],
        ["operator/Injection"] = ["crds/Resources"],
        ["operator/Controllers"] =
        [
            "operator/Kubernetes", "operator/Policies", "operator/Rollouts", "operator/Pools", "operator/Injection",
                "crds/Resources", "crds/Protocols", "operator/Metrics", "crds/Telemetry", "operator/Outside",
        ],
        ["operator/Webhooks"] =
        [
            "operator/Injection", "operator/Policies", "crds/Resources", "crds/SecLang", "operator/Kubernetes",
                "operator/Metrics", "crds/Telemetry",
        ],
        ["operator/Distribution"] = ["crds/Protocols"],
        ["operator/Recordings"] = ["operator/Kubernetes"],
        // It judges requests that it is given by the sidecar's own code; no traffic passes through it.
        ["operator/Console"] =
        [
            "crds/Resources", "crds/Protocols", "operator/Kubernetes", "operator/Policies", "operator/Recordings",
                "sidecar/Proxy", "crds/Telemetry", "operator/Outside",
        ],
        ["sidecar/Http"] = [],
        ["sidecar/Listening"] = [],
        ["sidecar/Matching"] = ["crds/SecLang"],
        ["sidecar/Engine"] = ["crds/SecLang", "sidecar/Http", "sidecar/Matching"],
        ["sidecar/Scoring"] = ["sidecar/Http", "models/Features", "models/OnnxRuntime", "crds/Protocols"],
        ["sidecar/Behaviour"] = ["sidecar/Http"],
        ["sidecar/Schemas"] = ["sidecar/Http", "crds/OpenApi"],
        ["sidecar/Proxy"] =
        [
            "sidecar/Http", "sidecar/Engine", "sidecar/Scoring", "sidecar/Behaviour", "sidecar/Schemas", "crds/OpenApi",
                "crds/Protocols", "crds/SecLang", "crds/Telemetry", "sidecar/Listening",
        ],
        ["models/OnnxRuntime"] = [],
        ["models/Features"] = [],
        ["models/Server"] =
            ["models/OnnxRuntime", "models/Features", "crds/Protocols", "crds/Telemetry", "sidecar/Listening"],
    };

    /// <summary>
    /// Programs compose, but operator and sidecar stay apart; the sidecar takes the policy compiler for its file mode.
    /// </summary>
    private static readonly Dictionary<string, string[]> Hosts = new(StringComparer.Ordinal)
    {
        ["operator/Host"] = ["operator/", "crds/"],
        ["sidecar/Host"] = ["sidecar/", "crds/", "models/Features", "models/OnnxRuntime", "operator/Policies"],
        // For people: it asks the API server as they may, and replays requests through the sidecar itself.
        ["cli"] = ["crds/", "operator/Kubernetes", "operator/Policies", "operator/Recordings", "sidecar/Proxy"],
        ["e2e/Shop"] = [],
    };

    public static TheoryData<string> ProductProjects =>
        [.. Repository.Projects.Select(FolderOf).Where(folder => !IsTest(folder))];

    [Theory, MemberData(nameof(ProductProjects))]
    public void AProject_ReferencesOnlyWhatTheTableAllows(string project)
    {
        var references = ReferencesOf(project);
        var allowed = Table.TryGetValue(project, out var exact)
            ? references.Where(exact.Contains)
            : Hosts.TryGetValue(project, out var prefixes)
                ? references.Where(reference =>
                    prefixes.Any(prefix => reference.StartsWith(prefix, StringComparison.Ordinal)))
                : throw new InvalidOperationException(
                    $"{project} is in no table: decide what it may reference and add it");
        Expect.None(references.Except(allowed));
    }

    [Fact]
    public void EveryProjectOfTheTable_Exists() => Expect.None(
        Table.Keys.Concat(Hosts.Keys).Except(Repository.Projects.Select(FolderOf)));

    [Fact]
    public void EveryProject_IsInTheSolution()
    {
        var solution = Repository.Read("WafOperator.sln").Replace('\\', '/');
        Assert.DoesNotContain(Repository.Projects, project => !solution.Contains(project, StringComparison.Ordinal));
    }

    [Fact]
    public void TransitiveReferences_AreOff() =>
        Assert.Contains("<DisableTransitiveProjectReferences>true", Repository.Read("Directory.Build.props"),
            StringComparison.Ordinal);

    private static bool IsTest(string folder) => folder.StartsWith("tests/", StringComparison.Ordinal)
        || folder == "e2e/Scenarios";

    private static List<string> ReferencesOf(string project)
    {
        var file = Repository.Projects.Single(candidate => FolderOf(candidate) == project);
        return [.. XDocument.Parse(Repository.Read(file)).Descendants("ProjectReference")
            .Select(reference => Resolve(project, reference.Attribute("Include")!.Value))];
    }

    private static string Resolve(string project, string include)
    {
        var full = Path.GetFullPath(Path.Combine(Repository.Root, project, include.Replace('\\', '/')));
        return FolderOf(Path.GetRelativePath(Repository.Root, full).Replace('\\', '/'));
    }

    private static string FolderOf(string file) => Path.GetDirectoryName(file)!.Replace('\\', '/');
}
