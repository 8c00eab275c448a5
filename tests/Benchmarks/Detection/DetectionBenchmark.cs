using System.Globalization;
using WafOperator.Http;

namespace WafOperator.Benchmarks.Detection;

/// <summary>
/// Every request of labelled data sets through the sidecar's own reader, rule engine (Core Rule Set, paranoia 1) and
/// models: what rules find alone, what models find alone, what both find together, source by source, with models that
/// saw neither the source nor the benign sources that they are judged on. Those models are exported by training
/// (<c>models/training/train … --folds FOLDER</c>) and are nobody's release.
/// </summary>
internal static class DetectionBenchmark
{
    public static Task<int> RunAsync(string[] arguments)
    {
        if (RuleRunner.MissingReason is { } reason)
        {
            Console.WriteLine($"detection: skipped, {reason}");
            return Task.FromResult(0);
        }

        switch (arguments)
        {
            case ["rules", var output, .. { Length: > 0 } data]:
                WriteRules(output, data);
                return Task.FromResult(0);
            case ["together", var folds, .. { Length: > 0 } data]:
                Together(folds, data);
                return Task.FromResult(0);
            case ["scores", var folds, var output, .. { Length: > 0 } data]:
                WriteScores(folds, output, data);
                return Task.FromResult(0);
            default:
                Console.WriteLine("detection: rules OUTPUT DATA... writes what the rules say of each request; "
                    + "together FOLDS DATA... judges rules and left-out models; "
                    + "scores FOLDS OUTPUT DATA... writes both scores of each request; skipped without data");
                return Task.FromResult(0);
        }
    }

    /// <summary>
    /// One line a request, for training: file, line, label, source, family, blocked, anomaly score, rules, evidence
    /// (sidecar/Scoring/README.md).
    /// </summary>
    private static void WriteRules(string path, IEnumerable<string> data)
    {
        var rules = new RuleRunner();
        var request = new CanonicalRequest();
        using var output = new StreamWriter(path);
        foreach (var file in data)
        {
            var line = 0;
            foreach (var row in LabelledRequests.Read(file))
            {
                var evidence = "";
                var answer = rules.Run(row, request, hits => evidence = EvidenceText.Of(request, hits));
                output.WriteLine(string.Create(CultureInfo.InvariantCulture,
                    $"{Path.GetFileName(file)}\t{line++}\t{(row.IsAttack ? 1 : 0)}\t{row.Source}\t{row.Family}\t"
                    + $"{(answer.Blocks ? 1 : 0)}\t{answer.Anomaly}\t{string.Join(',', answer.Rules)}\t{evidence}"));
            }
        }
    }

    private static void Together(string folder, IEnumerable<string> data)
    {
        var rules = new RuleRunner();
        var models = LeftOutModels.Load(folder);
        var request = new CanonicalRequest();
        var results = new DetectionResults();
        foreach (var file in data)
        {
            foreach (var row in LabelledRequests.Read(file))
            {
                // Sources that no fold leaves out (composed requests) are training data for all models.
                if (models.FoldOf(row.Source) is not { } fold) continue;
                (double Alone, double Joint) scores = default;
                var answer = rules.Run(row, request, hits => scores = fold.Score(request, hits));
                results.Add(row, fold.Name, answer, scores.Alone, scores.Joint);
            }
        }

        results.Print(Console.Out);
    }

    /// <summary>
    /// One line a request: file, line, label, source, family, blocked by rules, anomaly score, score of the models,
    /// score of both, evidence (as above).
    /// </summary>
    private static void WriteScores(string folder, string path, IEnumerable<string> data)
    {
        var rules = new RuleRunner();
        var models = LeftOutModels.Load(folder);
        var request = new CanonicalRequest();
        using var output = new StreamWriter(path);
        foreach (var file in data)
        {
            var line = -1;
            foreach (var row in LabelledRequests.Read(file))
            {
                line++;
                if (models.FoldOf(row.Source) is not { } fold) continue;
                (double Alone, double Joint) scores = default;
                var evidence = "";
                var answer = rules.Run(row, request, hits =>
                    (scores, evidence) = (fold.Score(request, hits), EvidenceText.Of(request, hits)));
                output.WriteLine(string.Create(CultureInfo.InvariantCulture,
                    $"{Path.GetFileName(file)}\t{line}\t{(row.IsAttack ? 1 : 0)}\t{row.Source}\t{row.Family}\t"
                    + $"{(answer.Blocks ? 1 : 0)}\t{answer.Anomaly}\t{scores.Alone:0.00000}\t{scores.Joint:0.00000}\t"
                    + $"{evidence}"));
            }
        }
    }
}
