using WafOperator.Protocols.Policies;
using WafOperator.Protocols.Status;

namespace WafOperator.Policies.Coverage;

/// <summary>A model that a policy names and that does not score in one pod.</summary>
/// <param name="Model">Family.</param>
/// <param name="State">As the sidecar says it: Loading, Missing or Failed.</param>
/// <param name="Message">Why, in the sidecar's words; null when it did not say.</param>
public sealed record ModelProblem(string Model, string State, string? Message);

/// <summary>Which models of a policy do not score, by what sidecars report (pure).</summary>
public static class ModelProblems
{
    private const string Loaded = "Loaded";

    /// <summary>
    /// The problems of one sidecar. A candidate of a rollout is not among them: its rollout judges it. A sidecar that
    /// says nothing of a model has not looked at it yet.
    /// </summary>
    public static IReadOnlyList<ModelProblem> Of(MlPolicy? policy, InspectionMode mode, SidecarStatus sidecar)
    {
        if (policy is null || mode is InspectionMode.Off || policy.Mode is InspectionMode.Off) return [];
        var problems = new List<ModelProblem>();
        foreach (var model in policy.Models)
        {
            var said = sidecar.Models.FirstOrDefault(m =>
                m.Model == model.Model && m.Digest == (model.Baseline?.Digest ?? ""));
            if (model.Baseline is null && model.Candidate is not null && said is null) continue;
            if (said is null) problems.Add(new(model.Model, "Loading", null));
            else if (said.State != Loaded) problems.Add(new(model.Model, said.State, said.Message));
        }

        return problems;
    }

    /// <summary>
    /// All problems of a policy's pods in words, with the pods of each: <c>gate Failed in shop-1, shop-2: reason</c>.
    /// </summary>
    public static string WordsOf(IEnumerable<CoveredPod> pods, int podsMax = 5) => string.Join("; ", pods
        .SelectMany(pod => pod.Models.Select(problem => (pod.Name, Problem: problem)))
        .GroupBy(item => (item.Problem.Model, item.Problem.State))
        .OrderBy(group => group.Key.Model, StringComparer.Ordinal)
        .ThenBy(group => group.Key.State, StringComparer.Ordinal)
        .Select(group =>
        {
            var names = group.Select(item => item.Name).Order(StringComparer.Ordinal).ToList();
            var more = names.Count > podsMax ? $" and {names.Count - podsMax} more" : "";
            var why = group.Select(item => item.Problem.Message).FirstOrDefault(message => message is not null);
            return $"{group.Key.Model} {group.Key.State} in {string.Join(", ", names.Take(podsMax))}{more}"
                + (why is null ? "" : $": {why}");
        }));
}
