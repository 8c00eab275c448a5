using System.Diagnostics;
using System.Text.Json;
using WafOperator.Features;
using WafOperator.Http;
using WafOperator.OnnxRuntime;
using WafOperator.Protocols.Models;
using WafOperator.Protocols.Policies;
using WafOperator.Scoring.Packages;
using WafOperator.Scoring.Parts;
using PartKind = WafOperator.Http.PartKind;

namespace WafOperator.Scoring.Evaluation;

/// <summary>
/// Runs a package on its own regression corpus (corpus.jsonl: method, uri, headers, body, label, family), through the
/// same reader and normalisation as traffic, and measures what the gates of a ModelVersion ask for.
/// </summary>
public static class CorpusEvaluation
{
    private const int RequestsMax = 20_000;

    /// <summary>Evaluates an archive. Never throws on bad packages: the reason is in the result.</summary>
    public static ModelEvaluation Run(ReadOnlyMemory<byte> archive, string digest, ValueModelLoader loader)
    {
        var reading = ModelPackageReader.Read(archive, digest, PackageLimits.Default);
        if (reading.Package is not { } package) return Failed(digest, reading.Error!);
        if (!package.Files.TryGetValue("corpus.jsonl", out var corpus)) return Failed(
            digest, "the package has no corpus.jsonl");
        var loading = loader.Load(archive, new ModelBlob { Version = package.Manifest.Version, Digest = digest });
        if (loading.Model is not { } model) return Failed(digest, loading.Error!);
        using (model)
        {
            try
            {
                return Measure(digest, model, corpus);
            }
            catch (Exception failure) when (
                failure is JsonException or KeyNotFoundException or InvalidOperationException)
            {
                return Failed(digest, $"corpus.jsonl cannot be read: {failure.Message}");
            }
            catch (OrtException failure)
            {
                return Failed(digest, $"the model failed on its own corpus: {failure.Message}");
            }
        }
    }

    /// <summary>
    /// The same, and beside the promoted version on the requests of both corpora: what a candidate brings along itself
    /// must not be all that it is measured by.
    /// </summary>
    public static ModelEvaluation Run(
        ReadOnlyMemory<byte> archive, string digest, ReadOnlyMemory<byte> baseline, string baselineDigest,
        ValueModelLoader loader)
    {
        var result = Run(archive, digest, loader);
        if (result.Error is not null) return result;
        var comparisons = new List<ModelComparison>();
        foreach (var (corpus, from, of) in new[] { ("baseline", baseline, baselineDigest), ("candidate", archive, digest) })
        {
            var reading = ModelPackageReader.Read(from, of, PackageLimits.Default);
            if (reading.Package?.Files.TryGetValue("corpus.jsonl", out var requests) is not true) continue;
            comparisons.Add(
                Compare(archive, digest, baseline, baselineDigest, requests, loader) with { Corpus = corpus });
        }

        return result with { Comparisons = comparisons };
    }

    /// <summary>
    /// Runs two packages on the same labelled requests, in the format of a package's corpus.jsonl. Never throws on bad
    /// packages or requests: the reason is in the result.
    /// </summary>
    public static ModelComparison Compare(
        ReadOnlyMemory<byte> candidate, string digest, ReadOnlyMemory<byte> baseline, string baselineDigest,
        ReadOnlyMemory<byte> requests, ValueModelLoader loader)
    {
        var result = new ModelComparison { Digest = digest, BaselineDigest = baselineDigest };
        var (first, firstError) = Flags(baseline, baselineDigest, requests, loader);
        if (first is null) return result with { Error = $"the baseline: {firstError}" };
        var (second, error) = Flags(candidate, digest, requests, loader);
        if (second is null) return result with { Error = error };
        var cells = new int[2, 4];
        for (var i = 0; i < first.Count; i++)
            cells[first[i].IsAttack ? 1 : 0, (first[i].IsFlagged ? 2 : 0) + (second[i].IsFlagged ? 1 : 0)]++;
        return result with
        {
            Benign00 = cells[0, 0], Benign01 = cells[0, 1], Benign10 = cells[0, 2], Benign11 = cells[0, 3],
            Attack00 = cells[1, 0], Attack01 = cells[1, 1], Attack10 = cells[1, 2], Attack11 = cells[1, 3],
        };
    }

    private static (List<(bool IsAttack, bool IsFlagged)>?, string?) Flags(
        ReadOnlyMemory<byte> archive, string digest, ReadOnlyMemory<byte> requests, ValueModelLoader loader)
    {
        var reading = ModelPackageReader.Read(archive, digest, PackageLimits.Default);
        if (reading.Package is not { } package) return (null, reading.Error);
        var loading = loader.Load(archive, new ModelBlob { Version = package.Manifest.Version, Digest = digest });
        if (loading.Model is not { } model) return (null, loading.Error);
        using (model)
        {
            try
            {
                // As in Measure: alone, without the gate before it.
                var threshold = model.AloneThreshold;
                var flags = new List<(bool, bool)>();
                var request = new CanonicalRequest();
                var scratch = new byte[ValueNormalizer.ValueBytesMax];
                foreach (var line in Lines(requests).Take(RequestsMax))
                {
                    using var document = JsonDocument.Parse(line);
                    RecordedRequest.Read(request, document.RootElement);
                    flags.Add((
                        document.RootElement.GetProperty("label").GetInt32() != 0,
                        Score(model, request, scratch) >= threshold));
                }

                return (flags, null);
            }
            catch (Exception failure) when (
                failure is JsonException or KeyNotFoundException or InvalidOperationException)
            {
                return (null, $"the requests cannot be read: {failure.Message}");
            }
            catch (OrtException failure)
            {
                return (null, $"the model failed: {failure.Message}");
            }
        }
    }

    private static ModelEvaluation Measure(string digest, ValueModel model, ReadOnlyMemory<byte> corpus)
    {
        // A second stage is run by itself here, so its threshold behind a gate is not the one to use.
        var threshold = model.AloneThreshold;
        var times = new List<double>();
        var families = new Dictionary<string, (int Hits, int Total)>(StringComparer.Ordinal);
        int attacks = 0, benign = 0, found = 0, wrong = 0;
        var request = new CanonicalRequest();
        var scratch = new byte[ValueNormalizer.ValueBytesMax];
        foreach (var line in Lines(corpus).Take(RequestsMax))
        {
            using var document = JsonDocument.Parse(line);
            var row = document.RootElement;
            RecordedRequest.Read(request, row);
            var started = Stopwatch.GetTimestamp();
            var isFlagged = Score(model, request, scratch) >= threshold;
            times.Add(Stopwatch.GetElapsedTime(started).TotalMicroseconds);
            if (row.GetProperty("label").GetInt32() == 0)
            {
                benign++;
                if (isFlagged) wrong++;
                continue;
            }

            attacks++;
            if (isFlagged) found++;
            var family = row.TryGetProperty("family", out var name) ? name.GetString() ?? "other" : "other";
            var (hits, total) = families.GetValueOrDefault(family);
            families[family] = (hits + (isFlagged ? 1 : 0), total + 1);
        }

        if (attacks == 0 || benign == 0) return Failed(digest, "the corpus needs attacks and benign requests");
        times.Sort();
        return new ModelEvaluation
        {
            Digest = digest,
            Attacks = attacks,
            Benign = benign,
            Recall = (double)found / attacks,
            FalsePositiveRate = (double)wrong / benign,
            LatencyMicrosecondsP99 = (long)times[(int)(times.Count * 0.99)],
            RecallByFamily = families.ToDictionary(
                f => f.Key, f => Math.Round((double)f.Value.Hits / f.Value.Total, 4)),
        };
    }

    private static double Score(ValueModel model, CanonicalRequest request, byte[] scratch)
    {
        if (model is RequestModel whole)
            return whole.AnswerTo(request) is { } answer ? model.Probability(answer.Logit) : 0;
        var best = 0.0;
        foreach (var part in new RequestParts(request))
        {
            var value = request[part.Value];
            if (!PartRules.IsWorthScoring(request, part)) continue;
            best = Math.Max(best, ScoreValue(model, part.Kind, value, scratch));
            if (!PartRules.HasClientName(part.Kind)) continue;
            var name = request[part.Name];
            for (var from = 0; PartRules.TryNextOddName(part.Kind, name, ref from, out var odd);)
                best = Math.Max(best, ScoreValue(model, null, name[odd], scratch));
        }

        return best;
    }

    private static double ScoreValue(ValueModel model, PartKind? kind, ReadOnlySpan<byte> value, byte[] scratch)
    {
        var length = kind is { } known
            ? PartRules.Normalize(known, value, scratch, out var flags)
            : ValueNormalizer.Normalize(value, scratch, out flags);
        var normalized = scratch.AsSpan(0, length);
        return kind is not null && ValueNormalizer.IsPlain(normalized, flags) ? 0 : model.Probability(model.Logit(normalized, flags));
    }

    private static IEnumerable<ReadOnlyMemory<byte>> Lines(ReadOnlyMemory<byte> text)
    {
        while (!text.IsEmpty)
        {
            var end = text.Span.IndexOf((byte)'\n');
            var line = end < 0 ? text : text[..end];
            text = end < 0 ? default : text[(end + 1)..];
            if (!line.IsEmpty) yield return line;
        }
    }

    private static ModelEvaluation Failed(string digest, string error) =>
        new() { Digest = digest, Error = error.Length <= 1_000 ? error : error[..1_000] };
}
