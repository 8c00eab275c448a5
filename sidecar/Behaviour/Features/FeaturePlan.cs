namespace WafOperator.Behaviour.Features;

/// <summary>The features that a model takes, in its order. Immutable.</summary>
public sealed class FeaturePlan
{
    private readonly FeatureFunction[] _functions;

    private FeaturePlan(FeatureFunction[] functions) => _functions = functions;

    /// <summary>All features of the catalogue.</summary>
    public static FeaturePlan Everything { get; } = new([.. FeatureCatalogue.All.Select(feature => feature.Compute)]);

    /// <summary>Numbers that are computed.</summary>
    public int Count => _functions.Length;

    /// <summary>The plan for names out of the catalogue; null and the first name that is not in it.</summary>
    public static FeaturePlan? Of(IReadOnlyList<string> names, out string? unknown)
    {
        unknown = names.FirstOrDefault(name => FeatureCatalogue.IndexOf(name) < 0);
        if (unknown is not null) return null;
        return new FeaturePlan([.. names.Select(name => FeatureCatalogue.All[FeatureCatalogue.IndexOf(name)].Compute)]);
    }

    /// <summary>Computes the features. What is no finite number becomes 0: models are trained without such.</summary>
    public void Compute(FeatureContext context, Span<float> output)
    {
        for (var i = 0; i < _functions.Length; i++)
        {
            var value = (float)_functions[i](context);
            output[i] = float.IsFinite(value) ? value : 0;
        }
    }
}
