using System.Text.Json.Nodes;
using WafOperator.Models.Server.Repository;

namespace WafOperator.Models.Server.Tests.Repository;

/// <summary>Packages of models that read whole requests: as their examples say, or refused.</summary>
[Collection("server")]
public sealed class WholePackageTests(ServerFixture fixture)
{
    [Fact]
    public void APackageWithoutExamplesForPools_Runs_AndNothingIsSaidOfItsDifference()
    {
        var lines = WholeSample.Golden();
        foreach (var line in lines) line.AsObject().Remove("compact");

        var loading = Load(("golden.jsonl", Joined(lines)));

        Assert.Null(loading.Error);
        Assert.Null(loading.Model!.GoldenDifferenceMax);
        loading.Model.Release();
    }

    [Theory]
    [InlineData("logit", "golden vectors differ by up to 0.1")]
    [InlineData("uncertainty", "golden vectors differ by up to 0.1")]
    [InlineData("family", "golden vector 8: this build finds the family")]
    [InlineData("type", "golden vector 8: this build finds the type")]
    public void AnOutputThatDiffersFromTraining_IsRefused(string output, string reason)
    {
        var lines = WholeSample.Golden();
        lines[7][output] = output is "family" or "type" ? "none" : lines[7][output]!.GetValue<double>() + 0.1;

        Refused(reason, ("golden.jsonl", Joined(lines)));
    }

    [Fact]
    public void AnExampleThatIsNone_IsRefused()
    {
        var lines = WholeSample.Golden();
        lines[2]["compact"] = "AAAA";

        Refused("golden vector 3: the body does not start with", ("golden.jsonl", Joined(lines)));
    }

    [Fact]
    public void WithoutAVocabulary_ItIsRefused() =>
        Refused("the package has no tokenizer.json", ("tokenizer.json", null));

    [Fact]
    public void AVocabularyThatIsNone_IsRefused() =>
        Refused("the tokenizer is not in the format that is read", ("tokenizer.json", "{}"));

    /// <summary>Tokens that the network has no weights for would fail on requests that a client chooses.</summary>
    [Fact]
    public void AVocabularyOfMoreTokensThanTheNetworkHas_IsRefused()
    {
        var json = JsonNode.Parse(WholeSample.Text("tokenizer.json"))!;
        var (merges, words) = (json["model"]!["merges"]!.AsArray(), json["model"]!["vocab"]!.AsObject());
        for (var letter = 'a'; letter <= 'z'; letter++)
        {
            if (words.ContainsKey($"{letter}~")) continue;
            words[$"{letter}~"] = words.Count;
            merges.Add(merges[0] is JsonArray ? new JsonArray($"{letter}", "~") : $"{letter} ~");
        }

        Refused("the model fails on a plain input", ("tokenizer.json", json.ToJsonString()));
    }

    private static string Joined(IEnumerable<JsonNode> lines) => string.Join('\n', lines.Select(l => l.ToJsonString()));

    private PackageLoading Load(params (string, string?)[] changes) =>
        new PackageLoader(fixture.Runtime, new LoaderOptions()).Load(WholeSample.Archive(changes), new PackageClaim());

    private void Refused(string reason, params (string, string?)[] changes)
    {
        var loading = Load(changes);
        Assert.Null(loading.Model);
        Assert.Contains(reason, loading.Error, StringComparison.Ordinal);
    }
}
