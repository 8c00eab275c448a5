using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using WafOperator.Http;
using WafOperator.Protocols.Models;
using WafOperator.Protocols.Policies;
using WafOperator.Scoring.Evaluation;
using WafOperator.Scoring.Packages;

namespace WafOperator.Scoring.Tests.Packages;

/// <summary>Packages of models that read whole requests: equal to training, or refused.</summary>
public sealed class RequestModelTests
{
    private const double Tolerance = 1e-3;

    private static readonly ValueModelLoader Loader = new(PackageLimits.Default, reason => Assert.Fail(reason));

    /// <summary>Method, path, headers, cookies, bodies of every kind, requests of many rows and of too many.</summary>
    [Fact]
    public void EveryGoldenRequest_IsAnsweredAsInTraining()
    {
        // Loading compares as well, and says the first difference only.
        var loading = Load(SampleTransformer.Archive(
            files: SampleTransformer.Files.Where(f => f.Key != "golden.jsonl").ToDictionary(f => f.Key, f => f.Value)));
        Assert.Null(loading.Error);
        using var model = Assert.IsType<RequestModel>(loading.Model);
        var lines = Golden();
        Assert.True(lines.Count >= 50);
        Assert.True(lines.Select(l => l["family"]!.GetValue<string>()).Distinct().Count() > 1, "families differ");
        Assert.True(lines.Select(l => l["type"]!.GetValue<string>()).Distinct().Count() > 2, "types differ");
        Assert.All(lines, line =>
        {
            var request = new CanonicalRequest();
            RecordedRequest.Read(request, JsonSerializer.SerializeToElement(line));
            var answer = model.AnswerTo(request)!.Value;
            Assert.Equal(line["logit"]!.GetValue<double>(), answer.Logit, Tolerance);
            Assert.Equal(line["uncertainty"]!.GetValue<double>(), answer.Uncertainty, Tolerance);
            Assert.Equal(line["family"]!.GetValue<string>(), model.Manifest.Families[answer.Family]);
            Assert.Equal(line["type"]!.GetValue<string>(), model.Manifest.Types[answer.Type]);
            Assert.Equal(line["uri"]!.GetValue<string>() != "/endless", answer.IsWhole);
        });
    }

    [Theory]
    [InlineData("logit", "and a width of")]
    [InlineData("uncertainty", "and a width of")]
    [InlineData("family", "this build finds the family")]
    [InlineData("type", "this build finds the type")]
    public void AnOutputThatDiffersFromTraining_IsRefused(string output, string reason)
    {
        var lines = Golden();
        lines[7][output] = output is "family" or "type" ? "none" : lines[7][output]!.GetValue<double>() + 0.1;
        var golden = string.Join('\n', lines.Select(line => line.ToJsonString()));

        Refused(Load(With("golden.jsonl", Encoding.UTF8.GetBytes(golden))), "golden vector 8", reason);
    }

    public static TheoryData<string, string> HostileManifests => new()
    {
        { "rows", "rows of 4096 tokens; 32 to 512 are read" },
        { "short rows", "rows of 31 tokens" },
        { "long rows", "the network fails on rows of up to 512 of" },
        { "no families", "0 families; 1 to 128 are read" },
        { "many types", "129 types; 1 to 128 are read" },
        { "one name twice", "two families have one name" },
        { "markup", "a family has no plain name" },
        { "a long name", "a family has no plain name" },
        { "a type of no family", "a type is not named family/type" },
        { "fewer types", "has the output 'types', float32 of shape [-1, 25]" },
        { "an output is not declared", "does not declare the output 'uncertainty'" },
    };

    [Theory, MemberData(nameof(HostileManifests))]
    public void AManifestThatPromisesAnythingElse_IsRefused(string what, string reason) =>
        Refused(Load(SampleTransformer.Archive(Hostile(what))), reason);

    [Fact]
    public void AVocabularyOfMoreTokensThanTheNetworkHas_IsRefused()
    {
        var json = JsonNode.Parse(SampleTransformer.Files["tokenizer.json"].Span)!;
        var (merges, words) = (json["model"]!["merges"]!.AsArray(), json["model"]!["vocab"]!.AsObject());
        var added = 0;
        for (var letter = 'a'; letter <= 'z'; letter++)
        {
            var token = $"{letter}~";
            if (words.ContainsKey(token)) continue;
            words[token] = words.Count;
            merges.Add(merges[0] is JsonArray ? new JsonArray($"{letter}", "~") : $"{letter} ~");
            added++;
        }

        Assert.True(added > 0);
        Refused(Load(With("tokenizer.json", Encoding.UTF8.GetBytes(json.ToJsonString()))), "the network fails on rows");
    }

    [Theory]
    [InlineData("tokenizer.json", "the package has no tokenizer.json")]
    [InlineData("model.onnx", "the package has no model.onnx")]
    public void WithoutAFile_ItIsRefused(string file, string reason) =>
        Refused(
            Load(SampleTransformer.Archive(
                files: SampleTransformer.Files.Where(f => f.Key != file).ToDictionary(f => f.Key, f => f.Value))),
            reason);

    /// <summary>Rows are padded to a step, and the longest one may lie between two.</summary>
    [Theory]
    [InlineData(32)]
    [InlineData(33)]
    [InlineData(40)]
    public void RowsOfAnyLength_AreRead(int rowTokens)
    {
        var loading = Load(SampleTransformer.Archive(
            SampleTransformer.Manifest with { RowTokens = rowTokens },
            SampleTransformer.Files.Where(f => f.Key != "golden.jsonl").ToDictionary(f => f.Key, f => f.Value)));

        Assert.Null(loading.Error);
        loading.Model!.Dispose();
    }

    [Fact]
    public void ATokenizerThatIsNone_IsRefused() =>
        Refused(Load(With("tokenizer.json", "{}"u8.ToArray())), "the tokenizer is not in the format that is read");

    [Fact]
    public void Evaluation_ReadsWholeRequests()
    {
        var archive = SampleTransformer.Archive();
        var result = CorpusEvaluation.Run(archive, ModelPackageReader.DigestOf(archive), Loader);

        Assert.Null(result.Error);
        Assert.Equal((20, 20), (result.Attacks, result.Benign));
        Assert.True(result.LatencyMicrosecondsP99 > 0);
    }

    private static ModelManifest Hostile(string what)
    {
        var manifest = SampleTransformer.Manifest;
        return what switch
        {
            "rows" => manifest with { RowTokens = 4_096 },
            "short rows" => manifest with { RowTokens = 31 },
            "long rows" => manifest with { RowTokens = 512 },
            "no families" => manifest with { Families = [] },
            "many types" => manifest with { Types = [.. Enumerable.Range(0, 129).Select(i => $"sqli/t{i}")] },
            "one name twice" => manifest with { Families = [.. manifest.Families.Take(5), "sqli"] },
            "markup" => manifest with { Families = [.. manifest.Families.Take(5), "<b>"] },
            "a long name" => manifest with { Families = [.. manifest.Families.Take(5), new string('a', 33)] },
            "a type of no family" => manifest with { Types = [.. manifest.Types.Skip(1), "other/x"] },
            "fewer types" => manifest with { Types = [.. manifest.Types.Skip(1)] },
            _ => manifest with { Outputs = [.. manifest.Outputs.Where(o => o.Name != "uncertainty")] },
        };
    }

    private static List<JsonNode> Golden() =>
    [
        .. Encoding.UTF8.GetString(SampleTransformer.Files["golden.jsonl"].Span)
            .Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonNode.Parse(line)!),
    ];

    private static byte[] With(string file, byte[] content) => SampleTransformer.Archive(
        files: new Dictionary<string, ReadOnlyMemory<byte>>(SampleTransformer.Files) { [file] = content });

    private static ModelLoading Load(byte[] archive) => Loader.Load(archive, SampleTransformer.BlobOf(archive));

    private static void Refused(ModelLoading loading, params string[] reasons)
    {
        Assert.Null(loading.Model);
        Assert.All(reasons, reason => Assert.Contains(reason, loading.Error, StringComparison.Ordinal));
    }
}
