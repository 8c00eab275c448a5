using System.Text;
using System.Text.Json;
using WafOperator.Behaviour.Features;
using WafOperator.Behaviour.History;
using WafOperator.Fixtures;
using WafOperator.Http;

namespace WafOperator.Behaviour.Tests.Features;

public sealed class FeatureTests
{
    /// <summary>Relative difference between two ways to sum the same numbers.</summary>
    private const double Tolerance = 1e-4;

    private static readonly string Root = FindRoot();

    [Fact]
    public void Catalogue_HasMoreThan200Features_EachNamedOnceAndExplained()
    {
        Assert.InRange(FeatureCatalogue.All.Count, 200, 400);
        Assert.Equal(FeatureCatalogue.All.Count, FeatureCatalogue.All.DistinctBy(feature => feature.Name).Count());
        Assert.All(FeatureCatalogue.All, feature =>
        {
            Assert.Matches("^[a-z0-9_]+$", feature.Name);
            Assert.NotEqual("", feature.Meaning);
            Assert.NotEqual("", feature.Unit);
        });
    }

    [Theory]
    [InlineData("models/training/wafml/behaviour/catalogue.tsv")]
    [InlineData("docs/behaviour-features.md")]
    public void Catalogue_IsWhatTrainingAndThePageHave(string file)
    {
        var expected = file.EndsWith(".md", StringComparison.Ordinal)
            ? FeatureCatalogue.ToMarkdown() : FeatureCatalogue.ToTable();
        var path = Path.Combine(Root, file);
        if (Environment.GetEnvironmentVariable("UPDATE_GOLDEN") is not null) File.WriteAllText(path, expected);

        Assert.Equal(expected, File.ReadAllText(path));
    }

    public static TheoryData<int> Sessions => [.. Enumerable.Range(0, Lines.Value.Length)];

    private static readonly Lazy<string[]> Lines = new(
        () => File.ReadAllLines(Path.Combine(Root, "tests/Behaviour.Tests/Features/golden.jsonl")));

    [Theory, MemberData(nameof(Sessions))]
    public void Golden_FeaturesAreThoseOfTraining(int session)
    {
        using var line = JsonDocument.Parse(Lines.Value[session]);
        var root = line.RootElement;
        var site = root.GetProperty("site");
        var context = new FeatureContext();
        var history = new ClientHistory(10);
        foreach (var request in root.GetProperty("requests").EnumerateArray()) Add(request, context, history);
        Assert.True(history.TryRead(1, out var record));
        context.Take(record, new SiteLoad(site[0].GetDouble(), site[1].GetDouble()));
        var actual = new float[FeaturePlan.Everything.Count];
        FeaturePlan.Everything.Compute(context, actual);

        var expected = root.GetProperty("features");
        Assert.Equal(expected.GetArrayLength(), actual.Length);
        for (var i = 0; i < actual.Length; i++)
        {
            var value = expected[i].GetDouble();
            var difference = Math.Abs(value - actual[i]) / Math.Max(1, Math.Abs(value));
            Assert.True(difference < Tolerance, $"{FeatureCatalogue.All[i].Name}: {actual[i]}, in training {value}");
        }
    }

    [Fact]
    public void Compute_AllFeatures_AllocatesNothing()
    {
        var context = new FeatureContext();
        var history = new ClientHistory(10);
        var request = Request(
            "GET", "/orders/42?q=shoes", "HTTP/1.1", [("Host", "shop"), ("User-Agent", "curl/8")], []);
        var output = new float[FeaturePlan.Everything.Count];
        for (var i = 0; i < 100; i++) Once(i);

        Assert.Equal(0, Allocations.LeastOf(() =>
        {
            for (var i = 100; i < 200; i++) Once(i);
        }));

        void Once(int i)
        {
            context.Shape.Read(request);
            history.Add(1, new Observation { Status = 200, Marks = context.Shape.Marks }, 0, i * 100);
            history.TryRead(1, out var record);
            context.Take(record, default);
            FeaturePlan.Everything.Compute(context, output);
        }
    }

    [Fact]
    public void Plan_TakesFeaturesByName_AndNamesTheUnknown()
    {
        Assert.Equal(2, FeaturePlan.Of(["path_bytes", "rate_1m"], out _)!.Count);
        Assert.Null(FeaturePlan.Of(["path_bytes", "luck"], out var unknown));
        Assert.Equal("luck", unknown);
    }

    private static void Add(JsonElement q, FeatureContext context, ClientHistory history)
    {
        var headers = q.GetProperty("headers").EnumerateArray()
            .Select(pair => (Text(pair[0]), Text(pair[1]))).ToArray();
        var request = Request(
            q.GetProperty("method").GetString()!, Text(q.GetProperty("target")), q.GetProperty("protocol").GetString()!,
            headers, Convert.FromBase64String(q.GetProperty("body").GetString()!));
        context.Shape.Read(request);
        var marks = context.Shape.Marks | (q.GetProperty("refused").GetBoolean() ? RequestMarks.Refused : 0);
        var observation = new Observation
        {
            Verb = context.Shape.Verb, Route = q.GetProperty("route").GetInt32(),
            Status = q.GetProperty("status").GetInt32(), Bytes = q.GetProperty("bytes").GetInt64(),
            Milliseconds = q.GetProperty("ms").GetDouble(), PathBytes = context.Shape.PathBytes,
            RuleScore = q.GetProperty("rules").GetInt32(), ModelScore = q.GetProperty("model").GetDouble(),
            Marks = marks,
        };
        history.Add(1, observation, 0, q.GetProperty("t").GetInt64());
    }

    private static CanonicalRequest Request(
        string method, string target, string protocol, (string Name, string Value)[] headers, byte[] body)
    {
        var request = new CanonicalRequest();
        request.Begin(Bytes(method), Bytes(target), Bytes(protocol));
        foreach (var (name, value) in headers) request.AddHeader(Bytes(name), Bytes(value));
        request.EndHeaders();
        if (body.Length > 0) request.AppendBody(body);
        request.EndBody();
        return request;
    }

    private static byte[] Bytes(string text) => Encoding.Latin1.GetBytes(text);

    private static string Text(JsonElement base64) =>
        Encoding.Latin1.GetString(Convert.FromBase64String(base64.GetString()!));

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (File.Exists(Path.Combine(folder.FullName, "WafOperator.sln"))) return folder.FullName;
        throw new InvalidOperationException("WafOperator.sln is not above the test's folder");
    }
}
